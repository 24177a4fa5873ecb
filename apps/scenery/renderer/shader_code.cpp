#include "renderer/shader_code.h"

namespace scenery::shader_code
{
namespace
{
// clang-format off
constexpr uint32_t kMeshVertex[] = {
#include "shaders/mesh.vert.inc"
};
constexpr uint32_t kMeshFragment[] = {
#include "shaders/mesh.frag.inc"
};
constexpr uint32_t kBackgroundVertex[] = {
#include "shaders/background.vert.inc"
};
constexpr uint32_t kBackgroundFragment[] = {
#include "shaders/background.frag.inc"
};
constexpr uint32_t kCullInstances[] = {
#include "shaders/cull_instances.comp.inc"
};
constexpr uint32_t kWriteDraws[] = {
#include "shaders/write_draws.comp.inc"
};
// clang-format on
} // namespace

std::span<const uint32_t> MeshVertex() { return kMeshVertex; }
std::span<const uint32_t> MeshFragment() { return kMeshFragment; }
std::span<const uint32_t> BackgroundVertex() { return kBackgroundVertex; }
std::span<const uint32_t> BackgroundFragment() { return kBackgroundFragment; }
std::span<const uint32_t> CullInstances() { return kCullInstances; }
std::span<const uint32_t> WriteDraws() { return kWriteDraws; }
} // namespace scenery::shader_code
