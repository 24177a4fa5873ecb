#include "flightgear_flight.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <unordered_map>

#include <glm/geometric.hpp>
#include <glm/vec2.hpp>

#include "btg_file.h"
#include "byte_source.h"

namespace scenery
{
namespace
{

constexpr std::size_t kMaxTilesRead = 24;
constexpr double kCellMeters = 1000.0;
constexpr double kClearanceMeters = 300.0;
constexpr double kPeakDistanceMeters = 25000.0; // closer summits are the same mountain

// Highest ground of each square kilometre, above the world frame's z = 0.
class HeightCells
{
  public:
    void Add(const glm::dvec3& point)
    {
        double& height = m_cells.try_emplace(Key(Cell(point.x), Cell(point.y)), point.z).first->second;
        height = std::max(height, point.z);
    }

    // Highest of the cell and its eight neighbours; far outside everything, sea level.
    double Around(double x, double y) const
    {
        double highest = 0.0;
        for (std::int64_t dy = -1; dy <= 1; ++dy)
        {
            for (std::int64_t dx = -1; dx <= 1; ++dx)
            {
                const auto found = m_cells.find(Key(Cell(x) + dx, Cell(y) + dy));
                highest = found == m_cells.end() ? highest : std::max(highest, found->second);
            }
        }
        return highest;
    }

    // The highest point that is at least `distance` away from `avoid`. The curve of the Earth is taken out first.
    glm::dvec3 Highest(const glm::dvec3* avoid, double distance) const
    {
        constexpr double kEarthDiameter = 2.0 * 6.371e6;
        glm::dvec3 best(0.0);
        double bestHeight = -1.0e9;
        for (const auto& [key, height] : m_cells)
        {
            const glm::dvec3 place(CenterOf(key >> 32), CenterOf(static_cast<std::int32_t>(key)), height);
            const double above = height + (place.x * place.x + place.y * place.y) / kEarthDiameter;
            const bool allowed = avoid == nullptr || glm::distance(glm::dvec2(place), glm::dvec2(*avoid)) >= distance;
            if (allowed && (above > bestHeight || (above == bestHeight && place.x < best.x)))
            {
                bestHeight = above;
                best = place;
            }
        }
        return best;
    }

    bool Empty() const { return m_cells.empty(); }

  private:
    static std::int64_t Cell(double meters) { return static_cast<std::int64_t>(std::floor(meters / kCellMeters)); }
    static double CenterOf(std::int64_t cell) { return (static_cast<double>(cell) + 0.5) * kCellMeters; }
    static std::int64_t Key(std::int64_t x, std::int64_t y) { return x * (std::int64_t{1} << 32) | (y & 0xFFFFFFFFLL); }

    std::unordered_map<std::int64_t, double> m_cells;
};

void AddTile(const FlightGearScan& scan, const TileInfo& tile, HeightCells& cells)
{
    const auto file = ReadGzipFile(tile.file).and_then(
        [&](const std::vector<std::byte>& bytes) { return ParseBtg(bytes, tile.file); });
    if (!file)
    {
        return; // LoadTile will say so
    }
    const glm::dmat3 rotation = scan.frame.EcefToLocal();
    for (const glm::vec3& position : file->positions)
    {
        cells.Add(tile.origin + rotation * glm::dvec3(position));
    }
}

} // namespace

CameraPath PlanFlight(const FlightGearScan& scan)
{
    if (scan.tiles.empty())
    {
        const glm::dvec3 center = scan.placements.empty() ? glm::dvec3(0.0) : scan.placements.front().position;
        return CameraPath::Orbit(center, 500.0);
    }
    std::vector<std::size_t> order(scan.tiles.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return scan.tileFileBytes[a] > scan.tileFileBytes[b]; });

    // Detail is where land is: the weight of a tile in the first view is the size of its file.
    HeightCells cells;
    glm::dvec3 focus(0.0);
    double weightSum = 0.0;
    for (std::size_t i = 0; i < order.size(); ++i)
    {
        const TileInfo& tile = scan.tiles[order[i]];
        if (i < kMaxTilesRead)
        {
            AddTile(scan, tile, cells);
        }
        const double weight = static_cast<double>(scan.tileFileBytes[order[i]]) + 1.0;
        focus += tile.origin * weight;
        weightSum += weight;
    }
    focus /= weightSum;
    double spread = 0.0;
    for (const std::size_t i : order)
    {
        const double distance = glm::distance(glm::dvec2(scan.tiles[i].origin), glm::dvec2(focus));
        spread += distance * distance * (static_cast<double>(scan.tileFileBytes[i]) + 1.0) / weightSum;
    }
    const double reach = std::max(std::sqrt(spread) * 1.2, scan.tiles[order.front()].radius * 1.5);

    const glm::dvec3 first = cells.Empty() ? focus : cells.Highest(nullptr, 0.0);
    glm::dvec3 second = cells.Empty() ? focus : cells.Highest(&first, kPeakDistanceMeters);
    const glm::dvec2 offset = glm::dvec2(second) - glm::dvec2(first);
    const glm::dvec2 along = glm::length(offset) > 1.0 ? glm::normalize(offset) : glm::dvec2(0.0, 1.0);
    const glm::dvec2 side(along.y, -along.x);
    const auto at = [](const glm::dvec2& place, double z) { return glm::dvec3(place, z); };
    const glm::dvec2 a(first);
    const glm::dvec2 b(second);

    const CameraPose keys[] = {
        {focus + glm::dvec3(0.0, -1.05 * reach, 0.85 * reach), focus},
        {focus + glm::dvec3(-0.25 * reach, -0.8 * reach, 0.4 * reach), glm::mix(focus, first, 0.6)},
        {at(a - along * 6000.0 + side * 9000.0, first.z * 0.75 + 700.0), first},
        {at(a + along * 4000.0 + side * 5000.0, first.z * 0.8 + 500.0), at(a + along * 5000.0, first.z * 0.75)},
        {at(a + along * 12000.0 + side * 1500.0, first.z * 0.4 + 600.0), at(b, second.z * 0.7)},
        {at(b - along * 9000.0 + side * 2500.0, second.z * 0.5 + 400.0), at(b, second.z * 0.8)},
        {at(b - along * 2500.0 + side * 6000.0, second.z * 0.7 + 300.0), at(b, second.z * 0.7)},
    };
    return CameraPath(keys, [&](double x, double y) { return cells.Around(x, y) + kClearanceMeters; });
}

} // namespace scenery
