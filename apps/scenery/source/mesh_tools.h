// What every source does to a mesh before it hands it out.
#pragma once

#include <cstdint>
#include <vector>

#include "scene_types.h"

namespace scenery
{

// Fills center and radius from the vertices: centre of the box, largest distance from it.
void ComputeBounds(Mesh& mesh);

// Adds the area-weighted normals of its triangles to every vertex whose flag is set, and makes them unit length. A
// vertex without any area gets +z.
void ComputeNormals(Mesh& mesh, const std::vector<bool>& missing);

// The index of the material with that name, appended if it is new.
std::uint32_t FindOrAddMaterial(Mesh& mesh, const Material& material);

// Sets indices and submeshes from one index list for each material; empty lists give no submesh.
void SetIndices(Mesh& mesh, const std::vector<std::vector<std::uint32_t>>& indicesOfMaterial);

} // namespace scenery
