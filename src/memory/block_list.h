// BlockList: blocks of memory, each cut into ranges, found in O(1) by how much room they have.
//
// Blocks with something in them are preferred, the fullest first that may fit, so that others become empty and can be given
// back. A bounded number of blocks is tried: a request may get a new block although a nearly full one had a hole for it.
// Not thread-safe.
#pragma once

#include "memory/buffer_memory.h"
#include "memory/range_allocator.h"

#include <array>
#include <memory>

namespace sedx
{
struct MemoryBlock
{
    BufferMemory memory; // a VkBuffer, or a range of a larger block
    RangeAllocator ranges;
    uint64_t freeBytes = 0;
    uint64_t emptySinceNs = 0; // while it is empty
    uint32_t group = 0;        // set by the owner: which list it is in
    uint32_t shard = kNoShard; // set by the owner: whose list it is
    uint32_t bin = 0;          // where the list keeps it
    MemoryBlock* previous = nullptr;
    MemoryBlock* next = nullptr;

    static constexpr uint32_t kNoShard = ~0u;
    bool IsEmpty() const noexcept { return freeBytes == memory.bytes; }
};

class BlockList
{
  public:
    BlockList() noexcept = default;
    ~BlockList(); // blocks that are left go without their memory
    BlockList(const BlockList&) = delete;
    BlockList& operator=(const BlockList&) = delete;

    // Null: no host memory. The block is empty.
    static std::unique_ptr<MemoryBlock> MakeBlock(const BufferMemory& memory) noexcept;

    void Add(std::unique_ptr<MemoryBlock> block) noexcept;
    std::unique_ptr<MemoryBlock> Remove(MemoryBlock& block) noexcept;

    // False: no block (that was tried) has room.
    bool Allocate(uint64_t bytes, uint64_t alignment, BufferMemory& memory) noexcept;
    // `nowNs` is remembered if the block becomes empty.
    void Free(const BufferMemory& memory, uint64_t nowNs) noexcept;

    // The block that has been empty for longest; null: none is empty.
    MemoryBlock* OldestEmpty() const noexcept { return m_emptyTail; }
    // Of all blocks.
    uint64_t TotalBytes() const noexcept { return m_totalBytes; }
    uint64_t FreeBytes() const noexcept { return m_freeBytes; }
    uint64_t Count() const noexcept { return m_count; }
    // Any block, for tearing down; null: none is left.
    MemoryBlock* Any() const noexcept;

  private:
    static constexpr uint32_t kBins = 64;        // bin b: 2^b <= free bytes < 2^(b+1)
    static constexpr uint32_t kEmpty = kBins;    // a list of their own
    static constexpr uint32_t kFull = kBins + 1; // in no list
    static constexpr uint32_t kTriesInBin = 4;
    static uint32_t BinOf(const MemoryBlock& block) noexcept;
    void Link(MemoryBlock& block) noexcept;
    void Unlink(MemoryBlock& block) noexcept;
    bool AllocateIn(MemoryBlock& block, uint64_t bytes, uint64_t alignment, BufferMemory& memory) noexcept;

    std::array<MemoryBlock*, kBins> m_bins{};
    uint64_t m_binMask = 0;             // bins that are not empty
    MemoryBlock* m_emptyHead = nullptr; // emptied last
    MemoryBlock* m_emptyTail = nullptr;
    MemoryBlock* m_full = nullptr;
    uint64_t m_totalBytes = 0;
    uint64_t m_freeBytes = 0;
    uint64_t m_count = 0;
};
} // namespace sedx
