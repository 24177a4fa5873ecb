#include "island_source.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "island_models.h"
#include "island_terrain.h"
#include "noise.h"

namespace scenery
{
namespace
{

constexpr std::uint32_t kPlacements = 3000;
constexpr std::uint32_t kCommonTree = 1000; // one model is placed this often, as in real scenery
constexpr double kHalfIsland = kIslandTilesPerSide * kIslandTileMeters / 2.0;

// Where a kind of thing may stand.
bool Suits(IslandModelKind kind, double height, double up)
{
    switch (kind)
    {
    case IslandModelKind::Tree: return height > 8.0 && height < 850.0 && up > 0.7;
    case IslandModelKind::Rock: return height > 1.0 && up > 0.5;
    case IslandModelKind::House: return height > 6.0 && height < 220.0 && up > 0.95;
    case IslandModelKind::Tower: return height > 10.0 && up > 0.85;
    case IslandModelKind::Hall: return height > 6.0 && height < 120.0 && up > 0.96;
    }
    return false;
}

} // namespace

Result<std::unique_ptr<SceneSource>> IslandSource::Open() { return std::unique_ptr<SceneSource>(new IslandSource()); }

IslandSource::IslandSource()
{
    for (std::uint32_t i = 0; i < kIslandTiles; ++i)
    {
        m_tiles.push_back(IslandTileInfo(i));
    }
    for (std::uint32_t i = 0; i < kIslandModels; ++i)
    {
        m_models.push_back({MakeIslandModel(i).name, "", 0});
    }
    PlaceObjects();
    PlanFlight();
}

void IslandSource::PlaceObjects()
{
    Random random(2024);
    while (m_placements.size() < kPlacements)
    {
        // The first model is the common tree; the others follow a steep popularity curve, trees and houses before
        // halls.
        const double popularity = random.Unit();
        const std::uint32_t model = m_placements.size() < kCommonTree
                                        ? 0
                                        : 1 + static_cast<std::uint32_t>(popularity * popularity * (kIslandModels - 1));
        const double x = random.Between(-kHalfIsland, kHalfIsland);
        const double y = random.Between(-kHalfIsland, kHalfIsland);
        const double heading = random.Between(0.0, 2.0 * std::numbers::pi);
        if (!Suits(IslandModelKindOf(model), IslandHeight(x, y), IslandNormal(x, y).z))
        {
            continue;
        }
        Placement placement;
        placement.model = model;
        placement.position = {x, y, IslandHeight(x, y)};
        const auto c = static_cast<float>(std::cos(heading));
        const auto s = static_cast<float>(std::sin(heading));
        placement.rotation = glm::mat3(c, s, 0.0F, -s, c, 0.0F, 0.0F, 0.0F, 1.0F);
        m_placements.push_back(placement);
        ++m_models[model].placementCount;
    }
}

void IslandSource::PlanFlight()
{
    const CameraPose keys[] = {
        {{-2000.0, -12500.0, 6200.0}, {0.0, 0.0, 200.0}},      {{-5200.0, -7500.0, 2400.0}, {-600.0, -300.0, 300.0}},
        {{-4200.0, -2800.0, 500.0}, {-1500.0, -600.0, 350.0}}, {{-1200.0, -2300.0, 300.0}, {900.0, 700.0, 500.0}},
        {{1900.0, -1500.0, 420.0}, {900.0, 900.0, 650.0}},     {{3100.0, 1400.0, 800.0}, {600.0, 700.0, 700.0}},
        {{900.0, 3600.0, 900.0}, {-400.0, -600.0, 400.0}},
    };
    m_flight = scenery::CameraPath(keys, [](double x, double y) { return std::max(IslandHeight(x, y), 0.0) + 70.0; });
}

Result<Mesh> IslandSource::LoadTile(std::uint32_t index) const
{
    if (index >= m_tiles.size())
    {
        return tl::make_unexpected(SceneError{fmt::format("The island has no tile {} of {}.", index, m_tiles.size())});
    }
    return MakeIslandTile(index);
}

Result<Mesh> IslandSource::LoadModel(std::uint32_t index) const
{
    if (index >= m_models.size())
    {
        return tl::make_unexpected(
            SceneError{fmt::format("The island has no model {} of {}.", index, m_models.size())});
    }
    return MakeIslandModel(index);
}

SceneBounds IslandSource::Bounds() const
{
    // The island itself; the open sea around it has no end that one should see.
    return {{-kHalfIsland, -kHalfIsland, -150.0}, {kHalfIsland, kHalfIsland, 1700.0}};
}

} // namespace scenery
