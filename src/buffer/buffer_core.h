// BufferCore: what all buffers of a system share: device, timelines, frames, memory, the registry of live buffers and the
// list of backings that wait for the GPU. Shutdown() leaves an empty shell, which the last handle destroys.
//
// What every creation and destruction touches is split into shards (memory/shard_locks.h): threads do not meet there.
#pragma once

#include "base/lane_locks.h"
#include "base/slab.h"
#include "buffer/buffer_resource.h"
#include "frame/frame_tracker.h"
#include "memory/buffer_allocator.h"
#include "sync/hazard_recorder.h"

#include <deque>
#include <map>
#include <shared_mutex>

namespace sedx
{
class BlockPool;

struct BackingRequest
{
    MemoryRequest memory;
    MemoryRole role = MemoryRole::Gpu;
    bool mayRelieve = false; // see BufferAllocator::Allocate
};

struct CoreDesc
{
    FrameRules frames;
    bool checked = false;
    BudgetDesc budget;
    BufferAllocator::Desc memory;
};

class BufferCore : public std::enable_shared_from_this<BufferCore>
{
  public:
    static Result<std::shared_ptr<BufferCore>> Create(std::shared_ptr<DeviceState> device, CoreDesc desc);
    ~BufferCore();

    DeviceState& Device() const noexcept { return *m_device; }
    Timelines& GetTimelines() const noexcept { return *m_timelines; }
    FrameTracker& Frames() const noexcept { return *m_frames; }
    MemoryAllocator& Memory() const noexcept { return *m_memory; }
    BufferAllocator& Allocator() const noexcept { return *m_allocator; }
    bool IsChecked() const noexcept { return m_checked; }
    HazardRecorder* Hazards() const noexcept { return m_hazards.get(); } // null: the system is not checked
    bool IsAlive() const noexcept { return m_alive.load(); }

    // ---- backings
    Result<Ref<Backing>> CreateBacking(const BackingRequest& request);
    void OnUnreferenced(Backing* backing) noexcept;

    // ---- pools whose host writes must be visible before a submission
    void Register(BlockPool* pool);
    void Unregister(BlockPool* pool) noexcept;
    VkResult FlushHostWrites() noexcept;

    // ---- what is trimmed by time; called by Trim, one thread at a time, without other locks of the library. Trimmers must not
    // add or remove trimmers.
    uint64_t NowNs() const { return m_allocator->Now(); }
    uint64_t AddTrimmer(std::function<void(uint64_t nowNs)> trimmer); // the token is never 0
    void RemoveTrimmer(uint64_t token) noexcept; // not called again, and no thread is inside when this returns
    void Trim() noexcept;

    // ---- buffers
    // From `pool`, or from ordinary memory if there is none or it has no room (then `*fellBack` becomes true).
    // `isInternal`: no listener hears that it was created.
    Result<Buffer> CreateBuffer(const BufferDesc& desc, const std::source_location& where, MemoryPool* pool = nullptr,
                                bool* fellBack = nullptr, bool isInternal = false);
    // A buffer around memory that is a part's own (BackingPart::OwnsMemory), after CheckAllButSize.
    Buffer CreateAround(const BufferDesc& desc, const BufferMemory& memory, std::unique_ptr<BackingPart> part,
                        const std::source_location& where);
    // Whether it could be created at all; what CreateBuffer asks first.
    Result<void> Check(const BufferDesc& desc) const;
    Result<void> CheckAllButSize(const BufferDesc& desc) const;
    Result<Buffer> Find(BufferId id);
    void OnUnreferenced(BufferResource* resource) noexcept;
    ResolvedBuffer Resolve(BufferResource& resource, uint64_t frame, uint32_t slot) noexcept;
    // What Resolve answered, or would answer; null once the system is gone.
    Ref<Backing> BackingOf(BufferResource& resource, uint64_t frame, uint32_t slot) noexcept;
    bool IsInFlight(BufferResource& resource) noexcept;
    bool IsBackingInFlight(const Backing& backing) const noexcept;
    // For a backing that nobody else knows yet: what goes with Ownership::Exclusive, if the buffer is that.
    void MarkExclusive(const BufferResource& resource, Backing& backing) const;
    // Gives the buffer a new backing; the old one stays for frames and copies that still need it. Mutex is held.
    // Waits for threads that use the old one under a lane lock.
    void SwapBacking(BufferResource& resource, Ref<Backing> fresh) noexcept;
    // Frames that ended no longer keep older backings.
    void ForgetFrame(uint64_t frame) noexcept;

    // ---- who wants to hear of backings
    // The number of the listener; kMaxListeners: there are as many as can be.
    uint32_t Listen(BackingListener& listener, bool wantsCreated);
    void StopListening(uint32_t number) noexcept; // not called again, and no thread is inside when this returns

    // Destroys what frames under way may still use: called when every frame that was begun so far has passed, at once if
    // none is under way; with Shutdown at the latest. Without locks of the library.
    void WhenPassed(std::function<void()> destroy);

    // The system of these buffers, for types that hold nothing but a buffer; null once it is being destroyed.
    std::atomic<BufferSystem*> system{nullptr};

    // Asks the driver how far the queues are, and moves Frames().Completed() on. Never waits.
    void PollFrames() noexcept;

    // Set by the transfer engine: every batch up to this number has passed.
    std::atomic<uint64_t> completedBatch{0};

    // Gives back the memory of backings that the GPU has passed. Returns their bytes.
    uint64_t Reclaim() noexcept;

    // A lock for each thread. Who holds one that names a buffer may use the backing that `current` showed afterwards.
    LaneLocks& Lanes() noexcept { return m_lanes; }

    // ---- numbers
    size_t PendingDestroyed() const noexcept;
    uint64_t LiveBuffers() const noexcept;
    uint64_t CreatedBuffers() const noexcept;
    // Of a role, or of everything in device-local heaps. Peaks are looked at when a buffer gets a VkBuffer of its own, at
    // BeginFrame and here: what small buffers do in between is missed.
    MemoryReport UseOf(MemoryRole role) const noexcept;
    MemoryReport DeviceLocalUse() const noexcept;
    void SamplePeaks() const noexcept;

    // Ends everything: nothing may be in flight any more. Reports and empties the buffers that are still alive.
    void Shutdown() noexcept;

  private:
    static constexpr size_t kDeviceLocal = static_cast<size_t>(MemoryRole::Count);
    static constexpr size_t kUses = kDeviceLocal + 1;
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
    struct Use // written under the lock of the shard, read by anybody
    {
        std::atomic<uint64_t> buffers{0};
        std::atomic<uint64_t> bytes{0};
    };
    struct alignas(64) Shard // under m_locks[its index]
    {
        std::vector<Slot> slots;
        std::vector<uint32_t> freeSlots;
        uint64_t live = 0;
        Slab<BufferResource> resources;
        Slab<Backing> backings;
        uint64_t backingCount = 0;
        std::deque<Dropped> dropped; // by frame, ascending
        bool closed = false;         // the system is gone
        std::atomic<uint64_t> created{0};
        std::array<Use, kUses> uses;
        std::atomic<uint32_t> freeing{0}; // threads that give memory back after the lock
    };
    BufferCore() = default;
    HazardProgress Progress() noexcept;
    static uint32_t ShardOf(BufferId id) noexcept { return id.index % kShards; }
    MemoryRequest RequestOf(const BufferDesc& desc, BufferUsage usage) const noexcept;
    Result<void> CheckSize(uint64_t bytes, const char* name) const;
    void InvalidateNew(const BufferMemory& memory) noexcept; // without locks: it may log
    uint64_t CapacityOf(uint64_t bytes) const noexcept;
    // All with the lock of the shard.
    Backing* MakeBacking(uint32_t shard, const BufferMemory& memory, BufferUsage usage, MemoryRole role) noexcept;
    void Enter(uint32_t shard, BufferResource& resource);
    void Uncount(const Backing& backing) noexcept;
    bool MustWait(const Backing& backing) const noexcept;
    // Deletes the backing and frees its memory, which unlocks for a while where that is slow.
    void Destroy(std::unique_lock<std::mutex>& lock, uint32_t shard, Backing& backing) noexcept;
    // Nobody refers to it any more: destroys it, or puts it aside until the GPU has passed.
    void Drop(std::unique_lock<std::mutex>& lock, uint32_t shard, Backing& backing) noexcept;
    void FreeMemory(BufferMemory& memory, Ref<MemoryPool>& pool) noexcept;
    // The mutex of the resource is held. Returns the backing before.
    Ref<Backing> SetBacking(BufferResource& resource, Ref<Backing> backing) noexcept;
    void LeaveShell(uint64_t count) noexcept;
    void TellChanged(BufferResource& resource, Backing& fresh) noexcept;
    void TellDropped(BufferResource& resource) noexcept;
    void TellCreated(BufferResource& resource) noexcept;
    void RunPassed(uint64_t completed) noexcept;
    MemoryReport Sum(size_t use) const noexcept;

    std::shared_ptr<DeviceState> m_device;
    std::unique_ptr<Timelines> m_timelines;
    std::unique_ptr<FrameTracker> m_frames;
    std::unique_ptr<HazardRecorder> m_hazards;
    std::unique_ptr<MemoryAllocator> m_memory;
    mutable ShardLocks m_locks;
    LaneLocks m_lanes;
    std::unique_ptr<BufferAllocator> m_allocator;
    bool m_checked = false;
    std::atomic<bool> m_alive{true};
    std::array<Shard, kShards> m_shards;
    mutable std::array<std::atomic<uint64_t>, kUses> m_peaks{};

    std::mutex m_keptMutex;
    std::vector<Kept> m_kept;

    std::mutex m_trimMutex;
    std::map<uint64_t, std::function<void(uint64_t)>> m_trimmers;
    uint64_t m_lastTrimmer = 0;

    std::mutex m_poolsMutex;
    std::vector<BlockPool*> m_pools;

    std::shared_mutex m_listenersMutex;
    std::array<BackingListener*, kMaxListeners> m_listeners{};
    std::atomic<uint32_t> m_wantCreated{0}; // a bit for each

    struct Destruction
    {
        uint64_t frame = 0;
        std::function<void()> destroy;
    };
    std::mutex m_destructionsMutex;
    std::deque<Destruction> m_destructions; // by frame, ascending

    // After Shutdown: handles and mappings that are left, and what keeps the shell alive for them.
    std::atomic<uint64_t> m_orphans{0};
    std::shared_ptr<BufferCore> m_self;
};

// What the library adds to a usage: transfers for uploads, read-back and moves; addresses for what shaders reach.
BufferUsage CompleteUsage(BufferUsage usage) noexcept;
} // namespace sedx
