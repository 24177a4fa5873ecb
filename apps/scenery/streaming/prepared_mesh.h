// The CPU side of a mesh on its way to the GPU: exactly the bytes that its buffers will hold.
#pragma once

#include "shaders/scene_shared.h"
#include "source/scene_source.h"
#include "streaming/stream_items.h"

#include <vulkan/vulkan_core.h>

#include <functional>
#include <vector>

namespace scenery
{
struct PreparedGroup // one indirect draw call
{
    glm::dvec3 origin{0.0}; // what positions (of a tile) or instances (of a model) are relative to
    glm::dvec3 center{0.0}; // of a sphere around all that it draws
    double radius = 0.0;
    std::vector<VkDrawIndexedIndirectCommand> commands; // one for each material
    std::vector<gpu::InstanceRecord> instances;         // of a model
};

struct PreparedMesh
{
    Mesh mesh;
    std::vector<gpu::MaterialRecord> materials; // one for each draw
    std::vector<PreparedGroup> groups;

    bool IsEmpty() const { return mesh.indices.empty() || groups.empty(); }
    uint64_t BufferBytes() const; // of all buffers that UploadMesh makes
};

// Finds the slot of a texture file.
using TextureLookup = std::function<uint32_t(const std::string& path)>;

PreparedMesh PrepareTile(Mesh mesh, const TileInfo& tile, const TextureLookup& lookup);
PreparedMesh PrepareModel(Mesh mesh, const StreamItem& item, std::span<const Placement> placements,
                          const TextureLookup& lookup);
} // namespace scenery
