// A model as FlightGear names it: an AC3D file, or an XML wrapper around one or several.
#pragma once

#include <string>

#include "scene_types.h"

namespace scenery
{

// `sceneryFolder` holds Models/: a wrapper may name its parts from there. A wrapper that describes only particles
// gives a small pale sheet in their place, so that the object is still there to be seen and counted.
Result<Mesh> LoadFlightGearModel(const std::string& file, const std::string& sceneryFolder);

} // namespace scenery
