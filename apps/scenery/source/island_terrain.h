// The ground of the built-in island: a height for every place, and meshes of its tiles.
#pragma once

#include <cstdint>

#include "scene_types.h"

namespace scenery
{

inline constexpr std::uint32_t kIslandTilesPerSide = 8;
inline constexpr double kIslandTileMeters = 1500.0;
inline constexpr std::uint32_t kIslandLandTiles = kIslandTilesPerSide * kIslandTilesPerSide;
inline constexpr std::uint32_t kIslandTiles = kIslandLandTiles + 8; // and open sea around them

// Metres above the sea; negative is sea bed.
double IslandHeight(double x, double y);

// Upward unit normal of the ground.
glm::dvec3 IslandNormal(double x, double y);

TileInfo IslandTileInfo(std::uint32_t index);
Mesh MakeIslandTile(std::uint32_t index);

} // namespace scenery
