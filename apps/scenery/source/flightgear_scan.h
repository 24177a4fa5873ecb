// What lies in a FlightGear scenery folder: names, places and sizes, without reading terrain or models in full.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "geodesy.h"
#include "scene_types.h"

namespace scenery
{

struct FlightGearScan
{
    std::string folder; // the one that holds Terrain/
    LocalFrame frame;   // the world frame, at sea level in the middle of the region
    std::vector<TileInfo> tiles;
    std::vector<std::uintmax_t> tileFileBytes; // one for each tile
    std::vector<ModelInfo> models;
    std::vector<Placement> placements;
    std::vector<SceneError> faults;
};

// `path` is Terrain/ itself, the folder that holds it, or a parent up to the data root.
Result<FlightGearScan> ScanFlightGear(const std::string& path);

// The frame a model stands in at a place: z up, x south at heading 0, turned counter-clockwise; as SimGear does it.
glm::dmat3 PlacementAxes(const Geodetic& place, double headingDegrees, double pitchDegrees, double rollDegrees);

} // namespace scenery
