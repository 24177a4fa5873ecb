// BlockPool: mapped memory cut from a few large blocks. A block is filled from the front; it is used again, from the
// front, when every slice cut from it has been released. So live memory is never handed out twice, whatever the sizes.
//
// What is larger than an ordinary block gets a block of its own, which is found again by best fit.
//
// Idle blocks stay warm, because fresh pages cost more than what is copied into them (decision 0014):
//   ordinary ones, up to warmBytes   for ever
//   all others                       warmNs
//   beyond limitBytes                not at all
#pragma once

#include "buffer/buffer_core.h"

namespace sedx
{
struct Block
{
    Ref<Backing> backing;
    uint64_t capacity = 0;
    uint64_t head = 0;   // first free byte
    uint64_t slices = 0; // cut and not released
    static constexpr uint64_t kNotSeen = ~uint64_t{0};
    uint64_t idleSinceNs = kNotSeen; // while idle: when trimming found it so first
};

struct Slice
{
    Block* block = nullptr;
    uint64_t offset = 0;
    uint64_t bytes = 0;
    std::byte* Data() const noexcept { return block->backing->memory.mapped + offset; }
};

inline constexpr uint64_t kStagingAlignment = 4;  // of slices for short writes: they pack tightly
inline constexpr uint64_t kStagingCacheLine = 64; // of those for long ones

struct BlockPoolDesc
{
    BufferUsage usage = BufferUsage::TransferSrc;
    MemoryType memory = MemoryType::CPU;
    MemoryRole role = MemoryRole::Staging;
    uint64_t blockBytes = 4ull << 20;
    uint64_t limitBytes = 64ull << 20; // of all blocks together
    uint64_t warmBytes = 16ull << 20;  // of ordinary idle blocks that are kept for ever
    uint64_t warmNs = 2'000'000'000;   // how long other idle blocks are kept; 0: not at all
    std::string name;
    // Lets go of slices that the GPU has passed, before idle blocks are looked at. Called without locks of the library,
    // except for that of the trimmers.
    std::function<void()> releasePassed{};
};

class BlockPool
{
  public:
    BlockPool(BufferCore& core, BlockPoolDesc desc);
    ~BlockPool();
    BlockPool(const BlockPool&) = delete;
    BlockPool& operator=(const BlockPool&) = delete;

    const BlockPoolDesc& Desc() const noexcept { return m_desc; }

    // Cuts `minBytes` to `bytes`, as much as the block at hand has. `alignment`: a power of two. More than a block in one
    // piece (`minBytes`) starts at the front of a block of its own.
    // Errors: OutOfStaging (the limit, unless `beyondLimit`), OutOfDeviceMemory.
    Result<Slice> Allocate(uint64_t minBytes, uint64_t bytes, uint64_t alignment, bool beyondLimit);
    // A whole block with at least `minBytes`, for an owner that deals it out itself and calls SetHead; Release(block, 1)
    // gives it back. Errors as above.
    Result<Slice> AllocateBlock(uint64_t minBytes);
    // Makes ordinary blocks for `bytes` together idle and warm, with their pages touched. Errors as above.
    Result<void> Prewarm(uint64_t bytes);
    // Up to where a whole block may have been written: what FlushHostWrites flushes. Never goes down.
    void SetHead(Block& block, uint64_t head) noexcept;
    // The same from the block at hand only, or nothing (no block).
    Slice TryAllocate(uint64_t minBytes, uint64_t bytes, uint64_t alignment) noexcept;
    // Gives a slice that was cut last from its block `minBytes` to `bytes` more at its end. Returns how many; 0: not possible.
    uint64_t Extend(const Slice& slice, uint64_t minBytes, uint64_t bytes) noexcept;
    // The owner of a slice needs its first `bytes` only: the rest is free again if nothing was cut behind it.
    void Shrink(const Slice& slice, uint64_t bytes) noexcept;
    // After Allocate answered OutOfDeviceMemory, with no lock of the library held: makes room, and calls `allocate`, which
    // calls it again, until it has another answer or nothing more can be freed.
    Result<Slice> Relieve(uint64_t bytes, const std::function<Result<Slice>()>& allocate) const;
    // Gives all idle blocks back, warm or not. Returns bytes.
    uint64_t ReleaseIdle() noexcept;
    // Gives idle blocks back that have been warm for long enough.
    void Trim(uint64_t nowNs) noexcept;
    void Release(Block* block, uint64_t slices) noexcept;
    // Whether Allocate would do without another block.
    bool FitsCurrent(uint64_t minBytes, uint64_t alignment) const noexcept;
    uint64_t CapacityBytes() const noexcept;

    // Makes host writes visible where memory is not coherent. Called before every submission. Flushes whatever is cut:
    // nobody knows when the owner of a slice has written it.
    VkResult FlushHostWrites() noexcept;
    // Drops everything; the pool cannot be used any more.
    void Abandon() noexcept;

  private:
    // What is to be destroyed once the lock is given up: the driver takes its time.
    using Gone = std::vector<std::unique_ptr<Block>>;
    // The following with the lock.
    bool IsOrdinary(const Block& block) const noexcept { return block.capacity == m_desc.blockBytes; }
    Result<Block*> NextBlock(uint64_t minBytes, bool beyondLimit);
    Block* TakeIdle(uint64_t minBytes) noexcept;
    Result<Block*> MakeBlock(uint64_t capacity);
    bool MakeRoom(uint64_t capacity) noexcept;
    void ReplaceSmaller(uint64_t capacity) noexcept;
    void MakeIdle(Block* block, Gone& gone) noexcept;
    void TrimByTime(uint64_t nowNs, Gone& gone) noexcept;
    void TrimByLimit(Gone& gone) noexcept;
    void Take(Block* block, Gone& gone) noexcept;
    bool TakeOldest(Gone& gone) noexcept;

    BufferCore& m_core;
    BlockPoolDesc m_desc;
    mutable std::mutex m_mutex;
    std::vector<std::unique_ptr<Block>> m_blocks;
    std::vector<Block*> m_idle;   // the one that became idle last at the end; without m_current
    Block* m_current = nullptr;   // an ordinary one, idle or not
    uint64_t m_totalBytes = 0;
    bool m_abandoned = false;
    uint64_t m_trimmer = 0;
    uint64_t m_trimmedNs = 0; // by the trimmer only
};
} // namespace sedx
