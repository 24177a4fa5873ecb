#include "flightgear_flight.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <unordered_map>

#include <glm/common.hpp>
#include <glm/geometric.hpp>
#include <glm/trigonometric.hpp>
#include <glm/vec2.hpp>

#include "btg_file.h"
#include "byte_source.h"

namespace scenery
{
namespace
{

constexpr std::size_t kMaxTilesRead = 24;
constexpr double kCellMeters = 1000.0;
constexpr double kClearanceMeters = 180.0;
constexpr double kPeakDistanceMeters = 25000.0; // closer summits are the same mountain
constexpr double kLandShare = 0.03;             // of the largest file; tiles of less are nearly all water
constexpr double kViewTangent = 0.8;            // of half the width of a picture, as seen from the camera
constexpr double kWideViewDegrees = 31.0;       // by which the first view looks down
constexpr double kTownMeters = 1200.0;          // objects so near to each other belong together
constexpr std::size_t kMaxTownObjects = 5000;   // looked at to find the busiest place

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

// Where detail is there is land: the weight of a tile is the size of its file.
double Weight(const FlightGearScan& scan, std::size_t tile)
{
    return static_cast<double>(scan.tileFileBytes[tile]) + 1.0;
}

// All land at once, its longest extent from left to right, seen from the southern side.
CameraPose WideView(const FlightGearScan& scan, double heaviest)
{
    std::vector<const TileInfo*> land;
    glm::dvec2 mean(0.0);
    for (std::size_t i = 0; i < scan.tiles.size(); ++i)
    {
        if (Weight(scan, i) >= kLandShare * heaviest)
        {
            land.push_back(&scan.tiles[i]);
            mean += glm::dvec2(scan.tiles[i].origin);
        }
    }
    mean /= static_cast<double>(land.size());
    double xx = 0.0;
    double xy = 0.0;
    double yy = 0.0;
    for (const TileInfo* tile : land)
    {
        const glm::dvec2 d = glm::dvec2(tile->origin) - mean;
        xx += d.x * d.x;
        xy += d.x * d.y;
        yy += d.y * d.y;
    }
    const double angle = 0.5 * std::atan2(2.0 * xy, xx - yy); // of the longest extent, between -90 and 90 degrees
    const glm::dvec2 right(std::cos(angle), std::sin(angle));
    const glm::dvec2 away(-right.y, right.x);

    glm::dvec2 low(1.0e12);
    glm::dvec2 high(-1.0e12);
    for (const TileInfo* tile : land)
    {
        const glm::dvec2 place(glm::dot(glm::dvec2(tile->origin), right), glm::dot(glm::dvec2(tile->origin), away));
        low = glm::min(low, place - 0.6 * tile->radius);
        high = glm::max(high, place + 0.6 * tile->radius);
    }
    const glm::dvec2 middle = (low + high) * 0.5;
    const double distance = (high.x - low.x) * 0.5 / kViewTangent + (high.y - low.y) * 0.25;
    const double down = glm::radians(kWideViewDegrees);
    const glm::dvec2 place = right * middle.x + away * middle.y;
    const glm::dvec2 camera = place - away * (distance * std::cos(down));
    return {glm::dvec3(camera, distance * std::sin(down)), glm::dvec3(place, 0.0)};
}

// Where most objects stand close together: usually an airport.
const glm::dvec3* BusiestPlace(const FlightGearScan& scan)
{
    const glm::dvec3* busiest = nullptr;
    std::size_t most = 0;
    const std::size_t count = std::min(scan.placements.size(), kMaxTownObjects);
    for (std::size_t i = 0; i < count; ++i)
    {
        const glm::dvec3& place = scan.placements[i].position;
        std::size_t near = 0;
        for (std::size_t k = 0; k < count; ++k)
        {
            near += glm::distance(place, scan.placements[k].position) < kTownMeters ? 1 : 0;
        }
        if (near > most)
        {
            most = near;
            busiest = &place;
        }
    }
    return busiest;
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
        const double weight = Weight(scan, order[i]);
        focus += tile.origin * weight;
        weightSum += weight;
    }
    focus /= weightSum;
    double spread = 0.0;
    for (const std::size_t i : order)
    {
        const double distance = glm::distance(glm::dvec2(scan.tiles[i].origin), glm::dvec2(focus));
        spread += distance * distance * Weight(scan, i) / weightSum;
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

    std::vector<CameraPose> keys = {
        WideView(scan, Weight(scan, order.front())),
        {focus + glm::dvec3(-0.25 * reach, -0.8 * reach, 0.4 * reach), glm::mix(focus, first, 0.6)},
        {at(a - along * 6000.0 + side * 9000.0, first.z * 0.75 + 700.0), first},
        {at(a + along * 4000.0 + side * 5000.0, first.z * 0.8 + 500.0), at(a + along * 5000.0, first.z * 0.75)},
    };
    if (const glm::dvec3* town = BusiestPlace(scan))
    {
        const glm::dvec2 place(*town);
        const glm::dvec2 way = place - a;
        const glm::dvec2 ahead = glm::length(way) > 1.0 ? glm::normalize(way) : along;
        const glm::dvec2 beside(ahead.y, -ahead.x);
        keys.push_back({at(place - ahead * 4000.0 + beside * 900.0, town->z + 600.0), *town});
        keys.push_back({at(place - ahead * 900.0 + beside * 400.0, town->z + 150.0), *town});
        keys.push_back({at(place - ahead * 300.0 + beside * 700.0, town->z + 150.0), *town});
    }
    else
    {
        keys.push_back({at(a + along * 12000.0 + side * 1500.0, first.z * 0.4 + 600.0), at(b, second.z * 0.7)});
    }
    keys.push_back({at(b - along * 9000.0 + side * 2500.0, second.z * 0.5 + 400.0), at(b, second.z * 0.8)});
    keys.push_back({at(b - along * 2500.0 + side * 6000.0, second.z * 0.7 + 300.0), at(b, second.z * 0.7)});
    return CameraPath(keys, [&](double x, double y) { return cells.Around(x, y) + kClearanceMeters; });
}

} // namespace scenery
