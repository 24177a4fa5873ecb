// What a frame has to draw, as the culling passes read it: batches, their instances in chunks, and what each chunk may draw. No
// Vulkan.
#pragma once

#include "streaming/gpu_mesh.h"

#include <glm/vec3.hpp>

namespace scenery
{
struct DrawLists
{
    std::vector<gpu::Batch> batches;
    std::vector<gpu::Chunk> chunks;
    std::vector<gpu::Candidate> candidates; // chunk by chunk, and in it submesh by submesh

    // Everything of these meshes, in their order, relative to `camera`. Keeps the memory of what it held before.
    void Fill(std::span<const GpuMesh* const> meshes, const glm::dvec3& camera);

  private:
    void AddChunks(const GpuMesh& mesh, const InstanceGroup& group);
};
} // namespace scenery
