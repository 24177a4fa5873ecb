// A mesh in storage buffers of the library, which shaders find by resource ID.
#pragma once

#include "streaming/prepared_mesh.h"

#include <sedx/bindless_buffer_system.h>

#include <vector>

namespace scenery
{
struct VerifiedBuffer // what a buffer must hold
{
    sedx::Buffer buffer;
    uint64_t contentHash = 0;
};

struct GpuMesh
{
    gpu::Batch batch{}; // resource IDs and the sphere, without the offset
    std::vector<Submesh> submeshes;
    std::vector<InstanceGroup> groups;
    std::vector<VerifiedBuffer> sources; // all buffers: vertices, indices, submeshes, instances
};

// Creates, fills and registers the buffers; throws Failure. Waits only if staging is exhausted: for loader threads.
GpuMesh UploadMesh(sedx::BufferSystem& system, sedx::BindlessBufferSystem& bindless, const PreparedMesh& prepared);

// 64 bits that differ if the bytes differ (not meant against an adversary).
uint64_t ContentHash(std::span<const std::byte> bytes);
} // namespace scenery
