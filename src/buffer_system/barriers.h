// Barriers by use, resolved for a frame: what barriers.cpp, split_barrier.cpp and ownership_transfer.cpp share.
#pragma once

#include "buffer_system/system_impl.h"

#include <sedx/barriers.h>

namespace sedx
{
struct ResolvedBarriers
{
    std::vector<VkMemoryBarrier2> memory;
    std::vector<VkBufferMemoryBarrier2> buffers;

    bool IsEmpty() const noexcept { return memory.empty() && buffers.empty(); }
    VkDependencyInfo Info() const noexcept; // refers to this object
};

// Whether commands can be recorded for this frame; `call` names the function in errors.
Result<void> CheckRecording(const char* call, const Frame& frame, VkCommandBuffer cmd);
// The view, or why it cannot be resolved in this frame, which is open.
Result<ResolvedBuffer> ResolveChecked(const char* call, const Frame& frame, const BufferView<>& view);
// The frame is open.
Result<ResolvedBarriers> Resolve(const char* call, const Frame& frame, std::span<const Barriers::Entry> entries);
} // namespace sedx
