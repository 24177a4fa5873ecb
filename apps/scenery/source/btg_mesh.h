// From a parsed BTG file to a mesh along the axes of the world frame.
#pragma once

#include <glm/mat3x3.hpp>

#include "btg_file.h"

namespace scenery
{

// Corners with the same indices become one vertex. Vertices stay relative to the sphere's centre.
Mesh MeshFromBtg(const BtgFile& file, const std::string& name, const glm::dmat3& ecefToWorld);

} // namespace scenery
