// What land looks like where there is no picture of it.
#pragma once

#include <string>
#include <string_view>

#include "scene_types.h"

namespace scenery
{

// A material for a FlightGear land-cover or airport-surface name. A name that is not in the table gets an earth tone
// that depends on nothing but the name.
Material LandCoverMaterial(std::string_view name);

} // namespace scenery
