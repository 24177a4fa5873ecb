// Backing: the Vulkan side of a buffer, shared by everything that still needs it. When nobody does any more, the core
// gives its memory back as soon as the GPU has passed.
#pragma once

#include "buffer/exclusive_use.h"
#include "memory/memory_pool.h"

#include <memory>

namespace sedx
{
class BufferCore;

// Whose bytes these are, for the report.
enum class MemoryRole : uint32_t
{
    Gpu,
    Cpu,
    Readback,
    Staging,
    Count,
};

// What belongs to a backing and goes with it, when the GPU has passed: the view of a texel buffer, the pages of a sparse one.
struct BackingPart
{
    BackingPart() = default;
    BackingPart(const BackingPart&) = delete;
    BackingPart& operator=(const BackingPart&) = delete;
    virtual ~BackingPart() = default;
    // The VkBuffer and its memory are the part's, and go with it.
    virtual bool OwnsMemory() const noexcept { return false; }
};

struct alignas(64) Backing
{
    Backing(BufferCore& owner, const BufferMemory& where, MemoryRole purpose, uint32_t home) noexcept
        : memory(where), role(purpose), shard(home), core(&owner)
    {
    }
    // The first line of the cache: all that registering a buffer with a bindless system looks at.
    // The newest frame that resolved it; 0: none. What a frame resolved is for that frame, except where the buffer is pinned.
    static constexpr uint64_t kEveryFrame = ~uint64_t{0};
    std::atomic<uint64_t> lastFrame{0};
    // A frame resolved it, or its address was given out, or shaders reach it by a slot or a view. Only pools of buffers clear it, when the GPU has passed: elsewhere a
    // backing that was used once counts as in flight whenever any frame is. Copies are told by lastBatch.
    std::atomic<bool> used{false};
    std::atomic<bool> held{false};   // its address was given out: in flight for ever
    std::atomic<bool> queued{false}; // background writes to it wait to be sent
    VkDeviceAddress address = 0;     // 0: the usage has none, although the VkBuffer may
    BufferMemory memory;

    MemoryRole role;
    uint32_t shard; // of the core, whose slab it lies in
    std::atomic<uint32_t> references{0};
    BufferCore* core;                   // outlives every backing
    Ref<MemoryPool> pool;               // where the memory came from; empty: the library's ordinary memory
    std::unique_ptr<BackingPart> part;  // null as a rule. Set once, under the resource's mutex
    std::atomic<uint64_t> lastBatch{0}; // the transfer batch that touches it last
    std::atomic<uint64_t> writer{0};    // which lane of short writes (transfer/write_lanes.cpp)
    // Null: any queue may use it at any time. Set before others know the backing.
    std::unique_ptr<ExclusiveUse> exclusive;
    // Where the transfer engine collects writes to it, and for which epoch; under the mutex of the engine.
    uint64_t listEpoch = 0;
    size_t listIndex = 0;

    // It may be used by any frame from now on, whatever these resolve.
    void UseInEveryFrame() noexcept
    {
        if (!used.load(std::memory_order_relaxed)) // a store of what is there would wait for earlier ones
            used.store(true);
        if (lastFrame.load(std::memory_order_relaxed) != kEveryFrame)
            lastFrame.store(kEveryFrame, std::memory_order_release);
    }
    void AddRef() noexcept { references.fetch_add(1, std::memory_order_relaxed); }
    void Release() noexcept; // the last one hands it to the core
};
} // namespace sedx
