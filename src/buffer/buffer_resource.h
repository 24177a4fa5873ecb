// BufferResource: what a Buffer handle points to. Identity is constant; the backing behind it may change.
#pragma once

#include "base/ref.h"
#include "buffer/backing.h"
#include "buffer/backing_listener.h"

#include <sedx/frame.h>

#include <source_location>

namespace sedx
{
struct alignas(64) BufferResource
{
    BufferResource(BufferCore& owner, const BufferDesc& desc, BufferUsage completed,
                   const std::source_location& creation)
        : core(&owner), bytes(desc.bytes), usage(completed), memory(desc.memory), alignment(desc.alignment),
          priority(desc.priority), pinned(desc.pinned), ownership(desc.ownership), ownerQueue(desc.ownerQueue),
          name(desc.name), where(creation)
    {
    }

    // The first line of the cache: all that registering a buffer with a bindless system looks at.
    BufferCore* core; // outlives it
    BufferId id;      // set by the registry
    uint64_t bytes;
    // The same as `backing` (below), for threads that name this buffer in a lane lock instead (BufferCore::Lanes), and for
    // listeners. Only BufferCore stores both.
    std::atomic<Backing*> current{nullptr};
    // For each listener of the core a number of its own, under its own lock; 0 at first.
    std::array<uint32_t, kMaxListeners> marks{};
    // Which of them want to hear of this buffer, a bit for each. A listener sets its bit and looks at `current` then.
    std::atomic<uint32_t> watched{0};
    BufferUsage usage; // completed
    std::atomic<uint32_t> references{0};

    // Constants.
    MemoryType memory;
    uint64_t alignment;
    BufferPriority priority;
    bool pinned;
    Ownership ownership;
    uint32_t ownerQueue;
    bool isForeign = false; // exclusive to a family that queue 0 is not of; set at creation
    std::string name;
    std::source_location where;

    // Changing state, under `mutex`. The order of locks: transfer engine, then this, then the core's.
    std::mutex mutex;
    Ref<Backing> backing; // empty once the system is gone
    struct FrameUse       // what an open frame resolved, by the slot of the frame
    {
        uint64_t frame = 0;
        Ref<Backing> older; // set if the backing was swapped after that frame had resolved it
    };
    std::array<FrameUse, kMaxOpenFrames> uses;
    Ref<Backing> rawMapped; // MapBuffer without UnmapBuffer
    MapMode rawMode = MapMode::Write;
    struct WrittenRange // checked mode: CPU writes of frames that may be in flight
    {
        uint64_t frame = 0;
        uint64_t begin = 0;
        uint64_t end = 0;
    };
    std::vector<WrittenRange> written;
};

// A new handle, unless the last one is being dropped right now (then empty): a count of zero is final.
Buffer Revive(BufferResource& resource) noexcept;
} // namespace sedx
