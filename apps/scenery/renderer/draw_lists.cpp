#include "renderer/draw_lists.h"

#include <algorithm>

namespace scenery
{
void DrawLists::Fill(std::span<const GpuMesh* const> meshes, const glm::dvec3& camera)
{
    batches.clear();
    chunks.clear();
    candidates.clear();
    for (const GpuMesh* mesh : meshes)
    {
        for (const InstanceGroup& group : mesh->groups)
        {
            AddChunks(*mesh, group);
            batches.push_back(mesh->batch);
            batches.back().offset = glm::vec4(glm::vec3(group.origin - camera), 0.0F);
        }
    }
}

void DrawLists::AddChunks(const GpuMesh& mesh, const InstanceGroup& group)
{
    for (uint32_t done = 0; done < group.instanceCount; done += gpu::kChunkInstances)
    {
        const auto chunk = static_cast<uint32_t>(chunks.size());
        chunks.push_back({.batch = static_cast<uint32_t>(batches.size()),
                          .firstInstance = group.firstInstance + done,
                          .instanceCount = std::min(group.instanceCount - done, gpu::kChunkInstances),
                          .unused = 0});
        for (uint32_t i = 0; i < mesh.submeshes.size(); ++i)
            candidates.push_back({.chunk = chunk,
                                  .submesh = i,
                                  .firstIndex = mesh.submeshes[i].firstIndex,
                                  .indexCount = mesh.submeshes[i].indexCount});
    }
}
} // namespace scenery
