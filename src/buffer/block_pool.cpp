#include "buffer/block_pool.h"

#include "buffer/range.h"

#include <algorithm>

namespace sedx
{
BlockPool::BlockPool(BufferCore& core, BlockPoolDesc desc) : m_core(core), m_desc(std::move(desc))
{
    m_core.Register(this);
}

BlockPool::~BlockPool()
{
    if (m_abandoned)
        return;
    FlushHostWrites(); // what was cut for a submission that is still to come
    m_core.Unregister(this);
}

Result<Slice> BlockPool::Allocate(uint64_t minBytes, uint64_t bytes, uint64_t alignment, bool beyondLimit)
{
    const std::lock_guard lock(m_mutex);
    if (m_abandoned)
        return Fail(ErrorCode::WrongState, "the system of '{}' is gone", m_desc.name);
    uint64_t offset = m_current != nullptr ? AlignUp(m_current->head, alignment) : 0;
    Block* previous = nullptr;
    if (m_current == nullptr || !FitsInto(offset, minBytes, m_current->capacity))
    {
        auto next = NextBlock(minBytes, beyondLimit);
        if (!next)
            return Forward(next);
        previous = std::exchange(m_current, *next);
        offset = 0;
    }
    Block& block = *m_current;
    const uint64_t cut = std::min(bytes, block.capacity - offset);
    block.head = offset + cut;
    ++block.slices;
    // The block that was current stays alive through its slices; without any it is idle.
    if (previous != nullptr && previous->slices == 0)
        MakeIdle(previous);
    return Slice{&block, offset, cut};
}

Result<Slice> BlockPool::AllocateBlock(uint64_t minBytes)
{
    const std::lock_guard lock(m_mutex);
    if (m_abandoned)
        return Fail(ErrorCode::WrongState, "the system of '{}' is gone", m_desc.name);
    auto block = NextBlock(minBytes, false);
    if (!block)
        return Forward(block);
    ++(*block)->slices;
    return Slice{*block, 0, (*block)->capacity};
}

void BlockPool::SetHead(Block& block, uint64_t head) noexcept
{
    if ((block.backing->memory.flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0)
        return; // never flushed
    const std::lock_guard lock(m_mutex);
    block.head = std::max(block.head, head);
}

Slice BlockPool::TryAllocate(uint64_t bytes, uint64_t alignment) noexcept
{
    const std::lock_guard lock(m_mutex);
    if (m_current == nullptr)
        return {};
    Block& block = *m_current;
    const uint64_t offset = AlignUp(block.head, alignment);
    if (!FitsInto(offset, bytes, block.capacity))
        return {};
    block.head = offset + bytes;
    ++block.slices;
    return {&block, offset, bytes};
}

Result<Block*> BlockPool::NextBlock(uint64_t minBytes, bool beyondLimit)
{
    const auto fits = std::find_if(m_idle.begin(), m_idle.end(),
                                   [minBytes](const Block* block) { return block->capacity >= minBytes; });
    if (fits != m_idle.end())
    {
        Block* block = *fits;
        m_idle.erase(fits);
        return block;
    }
    const uint64_t capacity = std::max(minBytes, m_desc.blockBytes);
    if (!beyondLimit && !FitsInto(m_totalBytes, capacity, std::max(m_desc.limitBytes, m_desc.blockBytes)))
        return Fail(ErrorCode::OutOfStaging, "'{}' holds {} bytes, {} more would exceed its limit of {} bytes",
                    m_desc.name, m_totalBytes, capacity, m_desc.limitBytes);
    // A VkBuffer of its own: slices are the sharing here.
    BackingRequest request;
    request.memory.bytes = capacity;
    request.memory.usage = m_desc.usage;
    request.memory.memory = m_desc.memory;
    request.memory.own = true;
    request.memory.name = m_desc.name.c_str();
    request.role = m_desc.role;
    auto backing = m_core.CreateBacking(request);
    if (!backing)
        return Forward(backing);
    if ((*backing)->memory.mapped == nullptr)
        return Fail(ErrorCode::NotMappable, "the memory of '{}' cannot be mapped", m_desc.name);
    auto block = std::make_unique<Block>();
    block->backing = std::move(*backing);
    block->capacity = capacity;
    m_totalBytes += capacity;
    m_blocks.push_back(std::move(block));
    return m_blocks.back().get();
}

void BlockPool::Release(Block* block, uint64_t slices) noexcept
{
    const std::lock_guard lock(m_mutex);
    if (m_abandoned)
        return;
    block->slices -= slices;
    if (block->slices == 0)
        MakeIdle(block);
}

Result<Slice> BlockPool::Relieve(uint64_t bytes, const std::function<Result<Slice>()>& allocate) const
{
    MemoryRequest request;
    request.bytes = std::max(bytes, m_desc.blockBytes);
    request.memory = m_desc.memory;
    request.name = m_desc.name.c_str();
    Result<Slice> slice;
    auto relieved = m_core.Allocator().Relieve(request, [&] {
        slice = allocate();
        return slice || slice.error().code != ErrorCode::OutOfDeviceMemory;
    });
    return relieved ? slice : Forward(relieved);
}

uint64_t BlockPool::ReleaseIdle() noexcept
{
    const std::lock_guard lock(m_mutex);
    return TrimIdle(0);
}

void BlockPool::MakeIdle(Block* block) noexcept
{
    block->head = 0;
    if (block != m_current)
        m_idle.push_back(block);
    TrimIdle(m_desc.warmBytes);
}

// Keeps warm blocks of the ordinary size; unusual sizes and what was cut beyond the limit go back at once.
uint64_t BlockPool::TrimIdle(uint64_t warmBytes) noexcept
{
    const uint64_t before = m_totalBytes;
    uint64_t idleBytes = m_current != nullptr && m_current->slices == 0 ? m_current->capacity : 0;
    for (const Block* idle : m_idle)
        idleBytes += idle->capacity;
    for (size_t i = m_idle.size(); i-- > 0;)
    {
        Block* const idle = m_idle[i];
        if (idle->capacity == m_desc.blockBytes && m_totalBytes <= m_desc.limitBytes && idleBytes <= warmBytes)
            continue;
        idleBytes -= idle->capacity;
        m_idle.erase(m_idle.begin() + static_cast<std::ptrdiff_t>(i));
        Destroy(idle);
    }
    if (m_current != nullptr && m_current->slices == 0 && (idleBytes > warmBytes || m_totalBytes > m_desc.limitBytes))
        Destroy(std::exchange(m_current, nullptr));
    return before - m_totalBytes;
}

void BlockPool::Destroy(Block* block) noexcept
{
    m_totalBytes -= block->capacity;
    std::erase_if(m_blocks, [block](const auto& owned) { return owned.get() == block; });
}

bool BlockPool::FitsCurrent(uint64_t minBytes, uint64_t alignment) const noexcept
{
    const std::lock_guard lock(m_mutex);
    return m_current != nullptr && FitsInto(AlignUp(m_current->head, alignment), minBytes, m_current->capacity);
}

uint64_t BlockPool::CapacityBytes() const noexcept
{
    const std::lock_guard lock(m_mutex);
    return m_totalBytes;
}

VkResult BlockPool::FlushHostWrites() noexcept
{
    const std::lock_guard lock(m_mutex);
    for (const auto& block : m_blocks)
    {
        if (block->slices == 0)
            continue;
        const VkResult result = m_core.Memory().Flush(block->backing->memory, 0, block->head);
        if (result != VK_SUCCESS)
            return result;
    }
    return VK_SUCCESS;
}

void BlockPool::Abandon() noexcept
{
    std::vector<std::unique_ptr<Block>> blocks;
    {
        const std::lock_guard lock(m_mutex);
        m_abandoned = true;
        m_current = nullptr;
        m_idle.clear();
        blocks.swap(m_blocks);
        m_totalBytes = 0;
    }
}
} // namespace sedx
