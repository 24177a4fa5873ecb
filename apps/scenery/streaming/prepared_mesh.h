// The CPU side of a mesh on its way to the GPU: exactly the bytes that its buffers will hold.
#pragma once

#include "shaders/scene_shared.h"
#include "source/scene_source.h"
#include "streaming/stream_items.h"

#include <functional>
#include <vector>

namespace scenery
{
// Instances that are near each other: floats are precise enough for them.
struct InstanceGroup
{
    glm::dvec3 origin{0.0}; // what they are relative to
    uint32_t firstInstance = 0;
    uint32_t instanceCount = 0;
};

struct PreparedMesh
{
    Mesh mesh;
    std::vector<gpu::SubmeshRecord> submeshes; // one for each of the mesh
    std::vector<gpu::InstanceRecord> instances;
    std::vector<InstanceGroup> groups; // of all instances; a tile has one, with one

    bool IsEmpty() const { return mesh.indices.empty() || instances.empty(); }
    uint64_t BufferBytes() const; // of all buffers that UploadMesh makes
};

// Finds the slot of a texture file.
using TextureLookup = std::function<uint32_t(const std::string& path)>;

PreparedMesh PrepareTile(Mesh mesh, const TileInfo& tile, const TextureLookup& lookup);
PreparedMesh PrepareModel(Mesh mesh, const StreamItem& item, std::span<const Placement> placements,
                          const TextureLookup& lookup);
} // namespace scenery
