// SPIR-V of the shaders in shaders/, compiled into the program.
#pragma once

#include <cstdint>
#include <span>

namespace scenery::shader_code
{
std::span<const uint32_t> TerrainVertex();
std::span<const uint32_t> TerrainFragment();
std::span<const uint32_t> ObjectVertex();
std::span<const uint32_t> ObjectFragment();
std::span<const uint32_t> BackgroundVertex();
std::span<const uint32_t> BackgroundFragment();
} // namespace scenery::shader_code
