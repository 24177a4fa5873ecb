// BlockAllocator: ranges of large VkBuffers ("blocks"), shared by buffers of one memory type, usage class and priority.
//
// A new block is an eighth of what its group holds already, between 1 MiB and what the strategy prefers for the heap, so
// that a group never holds much more than it needs. Empty blocks stay warm: taking 64 MiB from a driver costs a
// millisecond. Time (Trim) and pressure (ReleaseEmpty) give them back. Thread-safe.
#pragma once

#include "memory/block_list.h"
#include "memory/memory_allocator.h"
#include "memory/usage_rules.h"

#include <mutex>

namespace sedx
{
// Which blocks a range may come from, for one memory type.
struct BlockGroupKey
{
    UsageClass usageClass = UsageClass::General;
    BufferPriority priority = BufferPriority::Normal;
    uint32_t Index() const noexcept
    {
        return static_cast<uint32_t>(usageClass) * static_cast<uint32_t>(BufferPriority::Count) +
               static_cast<uint32_t>(priority);
    }
    static constexpr uint32_t kCount =
        static_cast<uint32_t>(UsageClass::Count) * static_cast<uint32_t>(BufferPriority::Count);
};

struct BlockStats
{
    uint64_t blocks = 0;
    uint64_t bytes = 0;     // of all blocks
    uint64_t freeBytes = 0; // not cut
};

class BlockAllocator
{
  public:
    // `warmNs`: how long a block stays after it became empty.
    BlockAllocator(MemoryAllocator& memory, uint64_t warmNs);
    ~BlockAllocator(); // all ranges must have been freed

    // Ranges up to this size are cut from blocks of the memory type; larger ones deserve a VkBuffer of their own.
    uint64_t LargestRange(uint32_t memoryType) const noexcept { return m_types[memoryType].preferredBytes / 8; }

    // Cuts from a block that is there. False: none has room.
    bool AllocateFromExisting(uint32_t memoryType, BlockGroupKey key, uint64_t bytes, uint64_t alignment,
                              BufferMemory& memory) noexcept;
    // Makes a block if none has room, as large as heap and budget allow. VK_ERROR_FEATURE_NOT_PRESENT: the memory type
    // cannot hold such buffers.
    VkResult Allocate(uint32_t memoryType, BlockGroupKey key, uint64_t bytes, uint64_t alignment,
                      BufferMemory& memory) noexcept;
    void Free(const BufferMemory& memory, uint64_t nowNs) noexcept;

    // Gives back blocks that have been empty for long enough; all empty ones. Return bytes.
    uint64_t Trim(uint64_t nowNs) noexcept { return GiveBack(nowNs, m_warmNs); }
    uint64_t ReleaseEmpty() noexcept { return GiveBack(UINT64_MAX, 0); }
    BlockStats Stats() const noexcept;

  private:
    struct Group
    {
        mutable std::mutex mutex;
        BlockList blocks;
        std::mutex creation; // one block at a time, without holding up those who find room
    };
    struct Type
    {
        uint64_t preferredBytes = 0;
        std::unique_ptr<std::array<Group, BlockGroupKey::kCount>> groups; // null: no placement uses the type
    };
    VkResult MakeBlock(uint32_t memoryType, BlockGroupKey key, uint64_t leastBytes, uint64_t groupBytes,
                       std::unique_ptr<MemoryBlock>& block) noexcept;
    uint64_t GiveBack(uint64_t nowNs, uint64_t olderThanNs) noexcept;

    MemoryAllocator& m_memory;
    uint64_t m_warmNs;
    std::array<Type, VK_MAX_MEMORY_TYPES> m_types;
};
} // namespace sedx
