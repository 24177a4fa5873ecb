// What the scene is cut into for streaming: terrain tiles, and models together with all their places. No Vulkan.
#pragma once

#include "source/scene_source.h"

#include <vector>

namespace scenery
{
// Places of one model that are near each other: culled and drawn together.
struct PlacementGroup
{
    glm::dvec3 origin{0.0}; // of the floats that say where its instances stand
    glm::dvec3 center{0.0}; // of a sphere around the places, without the extent of the model
    double radius = 0.0;
    std::vector<uint32_t> placements; // indices into SceneSource::Placements()
};

struct StreamItem
{
    bool isTile = false;
    uint32_t index = 0;     // into SceneSource::Tiles() or Models()
    glm::dvec3 center{0.0}; // of a tile
    double radius = 0.0;
    std::vector<PlacementGroup> groups; // of a model
};

// Tiles first, then models that are placed somewhere. Placements are grouped by the tile nearest to them.
std::vector<StreamItem> MakeStreamItems(const SceneSource& source);

// Metres from the camera to the nearest part of an item.
double Distance(const StreamItem& item, const glm::dvec3& camera);
} // namespace scenery
