// BufferCore: what all buffers of a system share: device, timelines, frames, memory, the registry of live buffers and the
// list of backings that wait for the GPU. Kept alive by the last handle; Shutdown() leaves an empty shell.
#pragma once

#include "buffer/buffer_resource.h"
#include "frame/frame_tracker.h"

#include <deque>
#include <shared_mutex>
#include <unordered_set>

namespace sedx
{
struct CoreCounters
{
    std::atomic<uint64_t> createdBuffers{0};
    struct Role
    {
        std::atomic<uint64_t> buffers{0};
        std::atomic<uint64_t> bytes{0};
        std::atomic<uint64_t> peakBytes{0};
        void Add(uint64_t amount) noexcept;
        void Remove(uint64_t amount) noexcept;
    };
    std::array<Role, static_cast<size_t>(MemoryRole::Count)> roles;
    Role deviceLocal;
};

class BlockPool;

class BufferCore : public std::enable_shared_from_this<BufferCore>
{
  public:
    static Result<std::shared_ptr<BufferCore>> Create(std::shared_ptr<DeviceState> device, FrameRules rules,
                                                      bool checked);
    ~BufferCore();

    DeviceState& Device() const noexcept { return *m_device; }
    Timelines& GetTimelines() const noexcept { return *m_timelines; }
    FrameTracker& Frames() const noexcept { return *m_frames; }
    MemoryAllocator& Memory() const noexcept { return *m_memory; }
    bool IsChecked() const noexcept { return m_checked; }
    bool IsAlive() const noexcept { return m_alive.load(); }

    // ---- backings
    Result<Ref<Backing>> CreateBacking(uint64_t bytes, BufferUsage completedUsage, MemoryType memory, MemoryRole role,
                                       const char* name);
    void OnUnreferenced(Backing* backing) noexcept;

    // ---- pools whose host writes must be visible before a submission
    void Register(BlockPool* pool);
    void Unregister(BlockPool* pool) noexcept;
    VkResult FlushHostWrites() noexcept;

    // ---- buffers
    Result<Buffer> CreateBuffer(const BufferDesc& desc, const std::source_location& where);
    Result<Buffer> Find(BufferId id);
    void OnUnreferenced(BufferResource* resource) noexcept;
    ResolvedBuffer Resolve(BufferResource& resource, uint64_t frame, uint32_t slot) noexcept;
    bool IsInFlight(BufferResource& resource) noexcept;
    bool IsBackingInFlight(const Backing& backing) const noexcept;
    // Gives the buffer a new backing; the old one stays for frames and copies that still need it. Mutex is held.
    void SwapBacking(BufferResource& resource, Ref<Backing> fresh) noexcept;
    // Frames that ended no longer keep older backings.
    void ForgetFrame(uint64_t frame) noexcept;

    // Set by the transfer engine: every batch up to this number has passed.
    std::atomic<uint64_t> completedBatch{0};

    // Destroys backings that the GPU has passed.
    void Reclaim() noexcept;
    size_t PendingDestroyed() const noexcept;
    uint64_t LiveBuffers() const noexcept;
    const CoreCounters& Counters() const noexcept { return m_counters; }

    // Ends everything: nothing may be in flight any more. Reports and empties the buffers that are still alive.
    void Shutdown() noexcept;

  private:
    struct Slot
    {
        BufferResource* resource = nullptr;
        uint32_t generation = 0;
    };
    struct Dropped
    {
        uint64_t frame = 0;
        Backing* backing = nullptr;
    };
    struct Kept // a resource whose entry for a frame holds an older backing
    {
        uint64_t frame = 0;
        BufferId id;
    };
    BufferCore() = default;
    void DestroyNow(Backing* backing) noexcept;
    void FreeMemory(Backing& backing) noexcept;

    std::shared_ptr<DeviceState> m_device;
    std::unique_ptr<Timelines> m_timelines;
    std::unique_ptr<FrameTracker> m_frames;
    std::unique_ptr<MemoryAllocator> m_memory;
    bool m_checked = false;
    std::atomic<bool> m_alive{true};

    mutable std::mutex m_registryMutex;
    std::vector<Slot> m_slots;
    std::vector<uint32_t> m_freeSlots;
    uint64_t m_live = 0;

    // Handles and mappings may be dropped while the system is destroyed: dropping holds this shared, Shutdown alone.
    std::shared_mutex m_lifeMutex;
    std::mutex m_backingsMutex;
    std::unordered_set<Backing*> m_backings; // all that exist

    mutable std::mutex m_droppedMutex;
    std::deque<Dropped> m_dropped; // by frame, ascending
    std::vector<Kept> m_kept;

    std::mutex m_poolsMutex;
    std::vector<BlockPool*> m_pools;

    CoreCounters m_counters;
};

// What the library adds to a usage: transfers for uploads, read-back and moves; addresses for what shaders reach.
BufferUsage CompleteUsage(BufferUsage usage) noexcept;
} // namespace sedx
