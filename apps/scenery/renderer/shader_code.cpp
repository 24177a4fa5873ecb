#include "renderer/shader_code.h"

namespace scenery::shader_code
{
namespace
{
// clang-format off
constexpr uint32_t kTerrainVertex[] = {
#include "shaders/terrain.vert.inc"
};
constexpr uint32_t kTerrainFragment[] = {
#include "shaders/terrain.frag.inc"
};
constexpr uint32_t kObjectVertex[] = {
#include "shaders/object.vert.inc"
};
constexpr uint32_t kObjectFragment[] = {
#include "shaders/object.frag.inc"
};
constexpr uint32_t kBackgroundVertex[] = {
#include "shaders/background.vert.inc"
};
constexpr uint32_t kBackgroundFragment[] = {
#include "shaders/background.frag.inc"
};
// clang-format on
} // namespace

std::span<const uint32_t> TerrainVertex() { return kTerrainVertex; }
std::span<const uint32_t> TerrainFragment() { return kTerrainFragment; }
std::span<const uint32_t> ObjectVertex() { return kObjectVertex; }
std::span<const uint32_t> ObjectFragment() { return kObjectFragment; }
std::span<const uint32_t> BackgroundVertex() { return kBackgroundVertex; }
std::span<const uint32_t> BackgroundFragment() { return kBackgroundFragment; }
} // namespace scenery::shader_code
