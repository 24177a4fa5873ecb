#include "memory/block_allocator.h"

#include "base/align.h"

#include <algorithm>
#include <bit>

namespace sedx
{
namespace
{
constexpr uint64_t kSmallestBlock = 1ull << 20;
constexpr uint64_t kBlockGranularity = 64ull << 10; // what drivers round memory to at the most
} // namespace

BlockAllocator::BlockAllocator(MemoryAllocator& memory, uint64_t warmNs) : m_memory(memory), m_warmNs(warmNs)
{
    const MemoryStrategy& strategy = m_memory.Strategy();
    for (const Placement& placement : strategy.placements)
        for (const uint32_t type : placement.types)
        {
            m_types[type].preferredBytes = strategy.heaps[m_memory.HeapOf(type)].blockBytes;
            if (!m_types[type].groups)
                m_types[type].groups = std::make_unique<std::array<Group, BlockGroupKey::kCount>>();
        }
}

BlockAllocator::~BlockAllocator()
{
    for (Type& type : m_types)
    {
        if (!type.groups)
            continue;
        for (Group& group : *type.groups)
            while (MemoryBlock* block = group.blocks.Any())
                m_memory.Destroy(group.blocks.Remove(*block)->memory);
    }
}

bool BlockAllocator::AllocateFromExisting(uint32_t memoryType, BlockGroupKey key, uint64_t bytes, uint64_t alignment,
                                          BufferMemory& memory) noexcept
{
    Group& group = (*m_types[memoryType].groups)[key.Index()];
    const std::lock_guard lock(group.mutex);
    return group.blocks.Allocate(bytes, alignment, memory);
}

VkResult BlockAllocator::Allocate(uint32_t memoryType, BlockGroupKey key, uint64_t bytes, uint64_t alignment,
                                  BufferMemory& memory) noexcept
{
    if (AllocateFromExisting(memoryType, key, bytes, alignment, memory))
        return VK_SUCCESS;
    Group& group = (*m_types[memoryType].groups)[key.Index()];
    const std::lock_guard creation(group.creation);
    uint64_t groupBytes = 0;
    {
        const std::lock_guard lock(group.mutex);
        if (group.blocks.Allocate(bytes, alignment, memory)) // another thread has just made one
            return VK_SUCCESS;
        groupBytes = group.blocks.TotalBytes();
    }
    std::unique_ptr<MemoryBlock> block;
    if (const VkResult made = MakeBlock(memoryType, key, bytes, groupBytes, block); made != VK_SUCCESS)
        return made;
    block->group = key.Index();
    const std::lock_guard lock(group.mutex);
    group.blocks.Add(std::move(block));
    return group.blocks.Allocate(bytes, alignment, memory) ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;
}

VkResult BlockAllocator::MakeBlock(uint32_t memoryType, BlockGroupKey key, uint64_t leastBytes, uint64_t groupBytes,
                                   std::unique_ptr<MemoryBlock>& block) noexcept
{
    const uint64_t preferred = m_types[memoryType].preferredBytes;
    const uint64_t least = AlignUp(leastBytes, kBlockGranularity);
    const uint64_t share = std::bit_floor(std::max<uint64_t>(groupBytes / 8, 1));
    uint64_t size = std::max(std::min(std::max(share, kSmallestBlock), preferred), least);
    const DeviceState& device = m_memory.Device();
    VkBufferRequest request;
    request.usage = UsageOfBlock(key.usageClass, device.hasAccelerationStructures, device.hasRayTracingPipelines);
    request.memoryType = memoryType;
    request.dedicated = true;
    request.priority = key.priority;
    request.name = "sedx block";
    // A heap that is nearly full, or its budget, may have room for a smaller block. What the budget has no room for is not
    // asked for: it would count as refused, which the application is told.
    const uint32_t heap = m_memory.HeapOf(memoryType);
    while (size > least && m_memory.Budget().Admit(heap, size) == BudgetVerdict::OverHard)
        size = std::max(size / 2, least);
    for (VkResult result = VK_ERROR_OUT_OF_DEVICE_MEMORY;; size = std::max(size / 2, least))
    {
        request.bytes = size;
        BufferMemory memory;
        result = m_memory.CreateBuffer(request, memory);
        if (result == VK_SUCCESS)
        {
            block = BlockList::MakeBlock(memory);
            if (!block)
                m_memory.Destroy(memory);
            return block ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;
        }
        if (size == least || (result != VK_ERROR_OUT_OF_DEVICE_MEMORY && result != VK_ERROR_OUT_OF_HOST_MEMORY))
            return result;
    }
}

void BlockAllocator::Free(const BufferMemory& memory, uint64_t nowNs) noexcept
{
    Group& group = (*m_types[memory.memoryType].groups)[memory.block->group];
    const std::lock_guard lock(group.mutex);
    group.blocks.Free(memory, nowNs);
}

uint64_t BlockAllocator::GiveBack(uint64_t nowNs, uint64_t olderThanNs) noexcept
{
    uint64_t bytes = 0;
    for (Type& type : m_types)
    {
        if (!type.groups)
            continue;
        for (Group& group : *type.groups)
            for (;;)
            {
                std::unique_ptr<MemoryBlock> block;
                {
                    const std::lock_guard lock(group.mutex);
                    MemoryBlock* oldest = group.blocks.OldestEmpty();
                    if (oldest == nullptr || nowNs - std::min(nowNs, oldest->emptySinceNs) < olderThanNs)
                        break;
                    block = group.blocks.Remove(*oldest);
                }
                bytes += block->memory.bytes;
                m_memory.Destroy(block->memory); // the driver takes its time: without the lock
            }
    }
    return bytes;
}

BlockStats BlockAllocator::Stats() const noexcept
{
    BlockStats stats;
    for (const Type& type : m_types)
    {
        if (!type.groups)
            continue;
        for (const Group& group : *type.groups)
        {
            const std::lock_guard lock(group.mutex);
            stats.blocks += group.blocks.Count();
            stats.bytes += group.blocks.TotalBytes();
            stats.freeBytes += group.blocks.FreeBytes();
        }
    }
    return stats;
}
} // namespace sedx
