// One model file as one mesh, through assimp: the node hierarchy is flattened, faces become triangles, lines and points
// are dropped.
#pragma once

#include <string>

#include "scene_types.h"

namespace scenery
{

// Files with y up (AC3D, glTF and most others) are turned to z up: x stays, y = -z of the file, z = y of the file.
// Textures are looked up beside the file; embedded ones and missing ones leave the colour alone.
Result<Mesh> LoadModelFile(const std::string& path);

} // namespace scenery
