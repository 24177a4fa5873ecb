// Where to fly over scenery that nobody has described: finds the relief, then lays a path past it.
#pragma once

#include "camera_path.h"
#include "flightgear_scan.h"

namespace scenery
{

// Reads the positions of the largest tiles (at most 24) for the heights. Tiles that cannot be read count as flat.
CameraPath PlanFlight(const FlightGearScan& scan);

} // namespace scenery
