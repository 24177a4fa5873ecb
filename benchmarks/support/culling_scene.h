// A random scene as the application's culling passes read it, and what they must make of it. Pure logic.
#pragma once

#include "shaders/scene_shared.h"

#include <span>
#include <vector>

namespace bench
{
namespace gpu = scenery::gpu;

struct CullingScene
{
    glm::vec4 sides[4]; // of what is seen
    std::vector<gpu::InstanceRecord> instances;
    std::vector<gpu::Batch> batches; // resource IDs are not filled in
    std::vector<gpu::Chunk> chunks;
    std::vector<gpu::Candidate> candidates;
};
// Batches of 1,000 instances, turned and placed at random around the camera, of meshes with one to four submeshes.
CullingScene MakeCullingScene(uint32_t instanceCount);

struct CullingResult // as read back
{
    std::span<const uint32_t> visibleCounts;
    std::span<const uint32_t> visible;
    std::span<const gpu::Draw> draws;
    gpu::CullCounters counters;
};
// Every instance whose sphere is clearly seen is there, none that is clearly not, and the draws are those of the chunks that have some,
// in order. Throws a Failure.
void VerifyCulling(const CullingScene& scene, const CullingResult& result);
} // namespace bench
