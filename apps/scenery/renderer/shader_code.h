// SPIR-V of the shaders in shaders/, compiled into the program.
#pragma once

#include <cstdint>
#include <span>

namespace scenery::shader_code
{
std::span<const uint32_t> MeshVertex();
std::span<const uint32_t> MeshFragment();
std::span<const uint32_t> BackgroundVertex();
std::span<const uint32_t> BackgroundFragment();
std::span<const uint32_t> CullInstances();
std::span<const uint32_t> WriteDraws();
} // namespace scenery::shader_code
