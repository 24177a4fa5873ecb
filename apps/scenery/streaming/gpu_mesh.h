// A mesh in buffers of the library, ready to be drawn.
#pragma once

#include "streaming/prepared_mesh.h"

#include <sedx/buffer_system.h>

#include <vector>

namespace scenery
{
struct DrawGroup // one indirect draw call; see PreparedGroup
{
    glm::dvec3 origin{0.0};
    glm::dvec3 center{0.0};
    double radius = 0.0;
    sedx::Buffer commands;  // VkDrawIndexedIndirectCommand
    sedx::Buffer count;     // how many of them
    sedx::Buffer instances; // gpu::InstanceRecord; empty for a tile
};

struct VerifiedBuffer // what a buffer must hold
{
    sedx::Buffer buffer;
    uint64_t contentHash = 0;
};

struct GpuMesh
{
    sedx::Buffer vertices;  // Vertex
    sedx::Buffer indices;   // uint32_t
    sedx::Buffer materials; // gpu::MaterialRecord, one for each draw
    uint32_t drawCount = 0; // of each group
    std::vector<DrawGroup> groups;
    std::vector<VerifiedBuffer> sources; // all of the above
    uint64_t bytes = 0;
};

// Creates and fills the buffers; throws Failure. Waits only if staging is exhausted: for loader threads.
GpuMesh UploadMesh(sedx::BufferSystem& system, const PreparedMesh& prepared);

// 64 bits that differ if the bytes differ (not meant against an adversary).
uint64_t ContentHash(std::span<const std::byte> bytes);
} // namespace scenery
