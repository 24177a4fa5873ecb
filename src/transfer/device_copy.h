// Device copies: bytes from one buffer of the device to another, by whoever moves any. A long one is faster by a
// compute shader that copies 16 bytes at a time than by the copy command (docs/performance.md), if the driver runs on a
// GPU.
#pragma once

#include "memory/buffer_memory.h"
#include "vulkan/kernels.h"

#include <sedx/transfer_path.h>
#include <sedx/transfer_profile.h>

#include <span>

namespace sedx
{
// Which way copies take on one queue.
struct DeviceCopyRules
{
    const Kernels* kernels = nullptr;  // null: copy commands only
    uint64_t minBytes = 0;             // shorter ones are copied by command
    uint64_t minBytesAtOddOffsets = 0; // the same where the ends are no whole words of the destination
    uint32_t maxGroups = 65'535;       // of a dispatch
};

// Rules for a device; a queue without compute gets copy commands.
DeviceCopyRules DeviceCopyRulesOf(const DeviceState& device, uint32_t queue, TransferPath path,
                                  const TransferProfile& profile) noexcept;

// Offsets in bytes from the begin of both memories. `bytes` is not 0.
struct DeviceCopyRegion
{
    uint64_t source = 0;
    uint64_t destination = 0;
    uint64_t bytes = 0;
};

struct DeviceCopyStats
{
    uint64_t regions = 0;     // of copy commands, those for odd ends included
    uint64_t shaderBytes = 0; // copied by the shader
    uint64_t copiesByCommand = 0;
    uint64_t copiesByShader = 0;
};

// Records copies and no barriers, in any order: no byte of a destination may belong to another region of the call, or
// to another call before the next barrier. Stages COPY and, if there are kernels, COMPUTE_SHADER with storage accesses.
// Leaves the compute pipeline and push constants changed.
void RecordDeviceCopies(const DeviceDispatch& vk, VkCommandBuffer cmd, const DeviceCopyRules& rules,
                        const BufferMemory& source, const BufferMemory& destination,
                        std::span<const DeviceCopyRegion> regions, DeviceCopyStats& stats);
} // namespace sedx
