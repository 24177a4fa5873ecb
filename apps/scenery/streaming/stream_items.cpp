#include "streaming/stream_items.h"

#include <glm/geometric.hpp>

#include <algorithm>
#include <limits>
#include <map>

namespace scenery
{
namespace
{
size_t NearestTile(std::span<const TileInfo> tiles, const glm::dvec3& place)
{
    size_t nearest = 0;
    double best = std::numeric_limits<double>::max();
    for (size_t i = 0; i < tiles.size(); ++i)
    {
        const glm::dvec3 d = tiles[i].origin - place;
        const double square = glm::dot(d, d);
        if (square < best)
        {
            best = square;
            nearest = i;
        }
    }
    return nearest;
}

void BoundGroup(PlacementGroup& group, std::span<const Placement> placements)
{
    glm::dvec3 low(std::numeric_limits<double>::max());
    glm::dvec3 high(-std::numeric_limits<double>::max());
    for (const uint32_t index : group.placements)
    {
        low = glm::min(low, placements[index].position);
        high = glm::max(high, placements[index].position);
    }
    group.center = (low + high) * 0.5;
    group.origin = group.center;
    for (const uint32_t index : group.placements)
        group.radius = std::max(group.radius, glm::distance(group.center, placements[index].position));
}
} // namespace

std::vector<StreamItem> MakeStreamItems(const SceneSource& source)
{
    const std::span<const TileInfo> tiles = source.Tiles();
    const std::span<const Placement> placements = source.Placements();
    std::vector<StreamItem> items;
    for (size_t i = 0; i < tiles.size(); ++i)
        items.push_back({.isTile = true,
                         .index = static_cast<uint32_t>(i),
                         .center = tiles[i].origin,
                         .radius = tiles[i].radius,
                         .groups = {}});

    // By model, then by tile; maps keep the order the same in every run.
    std::map<uint32_t, std::map<size_t, PlacementGroup>> groups;
    for (size_t i = 0; i < placements.size(); ++i)
        groups[placements[i].model][NearestTile(tiles, placements[i].position)].placements.push_back(
            static_cast<uint32_t>(i));
    for (auto& [model, byTile] : groups)
    {
        StreamItem item{.index = model, .groups = {}};
        for (auto& [tile, group] : byTile)
        {
            BoundGroup(group, placements);
            item.groups.push_back(std::move(group));
        }
        items.push_back(std::move(item));
    }
    return items;
}

double Distance(const StreamItem& item, const glm::dvec3& camera)
{
    const auto toSphere = [&camera](const glm::dvec3& center, double radius) {
        return std::max(0.0, glm::distance(center, camera) - radius);
    };
    if (item.isTile)
        return toSphere(item.center, item.radius);
    double nearest = std::numeric_limits<double>::max();
    for (const PlacementGroup& group : item.groups)
        nearest = std::min(nearest, toSphere(group.center, group.radius));
    return nearest;
}
} // namespace scenery
