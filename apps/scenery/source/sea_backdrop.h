// Sea for the places where scenery has no tile: FlightGear leaves out tiles of nothing but water.
#pragma once

#include "geodesy.h"
#include "scene_types.h"

namespace scenery
{

// A disc around the frame's origin that follows the ellipsoid, a little below sea level so that it never shows through
// coastal land. In world coordinates.
Mesh MakeSeaBackdrop(const LocalFrame& frame, double radiusMeters);

} // namespace scenery
