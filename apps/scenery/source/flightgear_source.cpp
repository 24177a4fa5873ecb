#include "flightgear_source.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <glm/geometric.hpp>

#include "btg_mesh.h"
#include "byte_source.h"
#include "flightgear_flight.h"
#include "flightgear_model.h"
#include "no_throw.h"
#include "sea_backdrop.h"

namespace scenery
{
namespace
{

SceneBounds BoundsOf(const FlightGearScan& scan)
{
    SceneBounds bounds{glm::dvec3(std::numeric_limits<double>::max()),
                       glm::dvec3(std::numeric_limits<double>::lowest())};
    const auto grow = [&](const glm::dvec3& center, double radius) {
        bounds.minimum = glm::min(bounds.minimum, center - radius);
        bounds.maximum = glm::max(bounds.maximum, center + radius);
    };
    for (const TileInfo& tile : scan.tiles)
    {
        grow(tile.origin, tile.radius);
    }
    for (const Placement& placement : scan.placements)
    {
        grow(placement.position, 0.0);
    }
    return bounds;
}

} // namespace

Result<std::unique_ptr<SceneSource>> FlightGearSource::Open(const std::string& path)
{
    auto scan = ScanFlightGear(path);
    if (!scan)
    {
        return tl::make_unexpected(scan.error());
    }
    return std::unique_ptr<SceneSource>(new FlightGearSource(std::move(*scan)));
}

FlightGearSource::FlightGearSource(FlightGearScan scan)
    : m_scan(std::move(scan)), m_bounds(BoundsOf(m_scan)), m_flight(PlanFlight(m_scan))
{
}

Result<Mesh> FlightGearSource::LoadTile(std::uint32_t index) const
{
    if (index >= m_scan.tiles.size())
    {
        return tl::make_unexpected(
            SceneError{fmt::format("{} has no tile {} of {}.", m_scan.folder, index, m_scan.tiles.size())});
    }
    const TileInfo& tile = m_scan.tiles[index];
    return NoThrow("The terrain tile " + tile.file, [&] {
        const auto file = ReadGzipFile(tile.file).and_then(
            [&](const std::vector<std::byte>& bytes) { return ParseBtg(bytes, tile.file); });
        if (!file)
        {
            return Result<Mesh>(tl::make_unexpected(file.error()));
        }
        if (std::all_of(file->groups.begin(), file->groups.end(), [](const BtgGroup& g) { return g.corners.empty(); }))
        {
            return Result<Mesh>(
                tl::make_unexpected(SceneError{fmt::format("The terrain tile {} has no triangles.", tile.file)}));
        }
        return Result<Mesh>(MeshFromBtg(*file, tile.name, m_scan.frame.EcefToLocal()));
    });
}

Result<Mesh> FlightGearSource::LoadModel(std::uint32_t index) const
{
    if (index >= m_scan.models.size())
    {
        return tl::make_unexpected(
            SceneError{fmt::format("{} has no model {} of {}.", m_scan.folder, index, m_scan.models.size())});
    }
    const std::string& file = m_scan.models[index].file;
    return NoThrow("The model " + file, [&] { return LoadFlightGearModel(file, m_scan.folder); });
}

Mesh FlightGearSource::MakeBackdrop() const
{
    constexpr double kReach = 3.0; // in sizes of the region: past the haze
    return MakeSeaBackdrop(m_scan.frame, kReach * glm::length(m_bounds.maximum - m_bounds.minimum) / 2.0);
}

} // namespace scenery
