// FlightGear's list of what stands in a tile (.stg): one entry a line. Signs, comments and entries of other kinds are
// skipped, as FlightGear does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "geodesy.h"
#include "scene_types.h"

namespace scenery
{

struct StgObject
{
    std::string model;
    bool shared = false; // looked up in the data root, else beside the file
    Geodetic place;
    double headingDegrees = 0.0; // counter-clockwise seen from above, 0 turns the model's x axis to the south
    double pitchDegrees = 0.0;
    double rollDegrees = 0.0;
};

struct StgFile
{
    std::vector<std::string> tiles; // OBJECT_BASE and OBJECT, as written
    std::vector<StgObject> objects;
    std::vector<SceneError> faults; // lines that should have been an entry
};

StgFile ParseStg(std::string_view text, const std::string& name);

} // namespace scenery
