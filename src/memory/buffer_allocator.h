// BufferAllocator: memory for buffers. Decides between a VkBuffer of its own and a range of a shared one, walks the
// placements of the strategy, and goes down the ladder when memory is short.
//
//   request ─▶ small (≤ 16 KiB): chunk of this thread's shard ─▶ 256 KiB of a block ─▶ VkBuffer + VkDeviceMemory
//              medium: range of a block
//              large, or not to be shared: VkBuffer of its own
//
// Shards: threads are spread over them, and each has its own lock, so that threads that create and destroy small buffers do
// not meet. The owner of the locks (BufferCore) uses the same one for its bookkeeping: one lock for one creation.
#pragma once

#include "memory/block_allocator.h"
#include "memory/pressure_ladder.h"
#include "memory/shard_locks.h"

#include <functional>

namespace sedx
{
struct MemoryRequest
{
    uint64_t bytes = 0;                    // whole words (see BufferCore)
    BufferUsage usage = BufferUsage::None; // completed
    MemoryType memory = MemoryType::GPU;
    uint64_t alignment = 0; // more than the usage demands; 0: no wish
    BufferPriority priority = BufferPriority::Normal;
    bool own = false;       // a VkBuffer to itself
    bool exclusive = false; // of one queue family at a time; own, too
    const char* name = "";
};

class BufferAllocator
{
  public:
    struct Desc
    {
        bool shareBuffers = true; // false: every buffer gets a VkBuffer of its own, so that layers see each one
        uint64_t warmNs = 2'000'000'000;
        std::function<uint64_t()> clock;                       // nanoseconds, from any start
        std::function<uint64_t(uint64_t bytes)> onOutOfMemory; // the application's last word; returns bytes freed
    };
    BufferAllocator(MemoryAllocator& memory, ShardLocks& locks, Desc desc);
    ~BufferAllocator();

    MemoryAllocator& Memory() const noexcept { return m_memory; }
    PressureLadder& Ladder() noexcept { return m_ladder; }
    uint64_t Now() const { return m_desc.clock(); }

    // ---- the fast path: the mutex of the shard is held
    // False: not a small buffer, or the shard has no room. Then Allocate does it.
    bool AllocateSmall(uint32_t shard, const MemoryRequest& request, BufferMemory& memory) noexcept;
    // False: it lies in another shard or needs a slower way. Then Free does it.
    bool FreeSmall(uint32_t shard, const BufferMemory& memory) noexcept;

    // ---- the whole way: no mutex of a shard is held
    // `mayRelieve`: goes down the ladder when memory is short. It calls back into pools and the application, so no lock of
    // the library may be held. Without it the caller may do so later: Relieve.
    Result<BufferMemory> Allocate(const MemoryRequest& request, bool mayRelieve);
    void Free(BufferMemory& memory) noexcept;
    // What Allocate does when memory is short, for those who called it without `mayRelieve`, and failed: goes down the
    // ladder, without other placements. `tryAgain` does it once more and says false while memory is still short.
    Result<void> Relieve(const MemoryRequest& request, const std::function<bool()>& tryAgain);

    // Gives back warm memory that has been empty for long enough. Looks at most four times in that span.
    void Trim() noexcept;
    uint64_t ReleaseWarm() noexcept;
    BlockStats Blocks() const noexcept { return m_blocks.Stats(); }

  private:
    struct Plan // what follows from a request
    {
        const Placement* placement = nullptr;
        BlockGroupKey key;
        uint64_t bytes = 0;
        uint64_t alignment = 1;
        bool shared = false;
    };
    using ChunkGroups = std::array<BlockList, BlockGroupKey::kCount>;
    struct alignas(64) Shard
    {
        std::array<std::unique_ptr<ChunkGroups>, VK_MAX_MEMORY_TYPES> chunks; // for types that a placement uses
    };
    Plan Prepare(const MemoryRequest& request) const noexcept;
    PressureRequest PressureOf(const MemoryRequest& request) const;
    bool IsSmall(const Plan& plan) const noexcept;
    VkResult TryTypes(const Plan& plan, const MemoryRequest& request, size_t begin, size_t end,
                      BufferMemory& memory) noexcept;
    VkResult AllocateIn(uint32_t memoryType, const Plan& plan, const MemoryRequest& request,
                        BufferMemory& memory) noexcept;
    VkResult AllocateFromNewChunk(uint32_t memoryType, const Plan& plan, BufferMemory& memory) noexcept;
    bool IsDeferred(const Plan& plan, size_t index) const noexcept;
    size_t FallbackBegin(const Placement& placement) const noexcept;
    uint64_t ReleaseChunks(uint64_t nowNs, uint64_t olderThanNs) noexcept;

    MemoryAllocator& m_memory;
    ShardLocks& m_locks;
    Desc m_desc;
    BlockAllocator m_blocks;
    PressureLadder m_ladder;
    std::array<Shard, kShards> m_shards;
    struct OfPlacement
    {
        size_t fallbackBegin = 0; // in its types
        uint64_t atomBytes = 4;   // the coarsest of its types
    };
    std::array<OfPlacement, static_cast<size_t>(PlacementKind::Count)> m_placements;
    std::atomic<uint64_t> m_nextTrimNs{0};
};
} // namespace sedx
