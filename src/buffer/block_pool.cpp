#include "buffer/block_pool.h"

#include "buffer/range.h"

#include <algorithm>
#include <cstring>

namespace sedx
{
namespace
{
uint64_t Since(uint64_t then, uint64_t now) noexcept { return now - std::min(then, now); }

// Time is looked at so often within warmNs.
constexpr uint64_t kLooks = 4;
} // namespace

BlockPool::BlockPool(BufferCore& core, BlockPoolDesc desc) : m_core(core), m_desc(std::move(desc))
{
    m_core.Register(this);
    m_trimmer = m_core.AddTrimmer([this](uint64_t nowNs) { Trim(nowNs); });
}

BlockPool::~BlockPool()
{
    if (m_abandoned)
        return;
    m_core.RemoveTrimmer(m_trimmer);
    FlushHostWrites(); // what was cut for a submission that is still to come
    m_core.Unregister(this);
}

Result<Slice> BlockPool::Allocate(uint64_t minBytes, uint64_t bytes, uint64_t alignment, bool beyondLimit)
{
    Gone gone;
    const std::lock_guard lock(m_mutex);
    if (m_abandoned)
        return Fail(ErrorCode::WrongState, "the system of '{}' is gone", m_desc.name);
    if (minBytes > m_desc.blockBytes)
    {
        auto own = NextBlock(minBytes, beyondLimit);
        if (!own)
            return Forward(own);
        Block& block = **own;
        block.head = std::min(bytes, block.capacity);
        block.slices = 1;
        return Slice{&block, 0, block.head};
    }
    uint64_t offset = m_current != nullptr ? AlignUp(m_current->head, alignment) : 0;
    if (m_current == nullptr || !FitsInto(offset, minBytes, m_current->capacity))
    {
        auto next = NextBlock(minBytes, beyondLimit);
        if (!next)
            return Forward(next);
        // The block that was current stays alive through its slices; without any it is idle.
        Block* const previous = std::exchange(m_current, *next);
        if (previous != nullptr && previous->slices == 0)
            MakeIdle(previous, gone);
        offset = 0;
    }
    Block& block = *m_current;
    const uint64_t cut = std::min(bytes, block.capacity - offset);
    block.head = offset + cut;
    ++block.slices;
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

Result<void> BlockPool::Prewarm(uint64_t bytes)
{
    std::vector<Slice> blocks; // all at once: none is looked at twice
    Result<void> made;
    for (uint64_t warm = 0; warm < bytes && made; warm += m_desc.blockBytes)
    {
        if (auto block = AllocateBlock(m_desc.blockBytes))
            blocks.push_back(*block);
        else
            made = Forward(block);
    }
    for (const Slice& block : blocks)
    {
        std::memset(block.Data(), 0, block.bytes);
        Release(block.block, 1);
    }
    return made;
}

void BlockPool::SetHead(Block& block, uint64_t head) noexcept
{
    if ((block.backing->memory.flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0 || m_desc.memory == MemoryType::GPU)
        return; // never flushed
    const std::lock_guard lock(m_mutex);
    block.head = std::max(block.head, head);
}

Slice BlockPool::TryAllocate(uint64_t minBytes, uint64_t bytes, uint64_t alignment) noexcept
{
    const std::lock_guard lock(m_mutex);
    if (m_current == nullptr)
        return {};
    Block& block = *m_current;
    const uint64_t offset = AlignUp(block.head, alignment);
    if (!FitsInto(offset, minBytes, block.capacity))
        return {};
    const uint64_t cut = std::min(bytes, block.capacity - offset);
    block.head = offset + cut;
    ++block.slices;
    return {&block, offset, cut};
}

uint64_t BlockPool::Extend(const Slice& slice, uint64_t minBytes, uint64_t bytes) noexcept
{
    const std::lock_guard lock(m_mutex);
    if (m_abandoned || slice.block->head != slice.offset + slice.bytes ||
        !FitsInto(slice.block->head, minBytes, slice.block->capacity))
        return 0;
    const uint64_t more = std::min(bytes, slice.block->capacity - slice.block->head);
    slice.block->head += more;
    return more;
}

void BlockPool::Shrink(const Slice& slice, uint64_t bytes) noexcept
{
    const std::lock_guard lock(m_mutex);
    if (!m_abandoned && slice.block->head == slice.offset + slice.bytes)
        slice.block->head = slice.offset + bytes;
}

Result<Block*> BlockPool::NextBlock(uint64_t minBytes, bool beyondLimit)
{
    if (Block* idle = TakeIdle(minBytes))
        return idle;
    const uint64_t capacity = std::max(minBytes, m_desc.blockBytes);
    if (!beyondLimit && !MakeRoom(capacity))
        return Fail(ErrorCode::OutOfStaging, "'{}' holds {} bytes, {} more would exceed its limit of {} bytes",
                    m_desc.name, m_totalBytes, capacity, m_desc.limitBytes);
    ReplaceSmaller(capacity);
    return MakeBlock(capacity);
}

// An ordinary block serves ordinary requests only, and one of another size at least half of it: a small request that is kept
// must not hold a large block. Of ordinary blocks, the one used last: its memory is the warmest.
Block* BlockPool::TakeIdle(uint64_t minBytes) noexcept
{
    const bool ordinary = minBytes <= m_desc.blockBytes;
    auto best = m_idle.end();
    for (auto idle = m_idle.begin(); idle != m_idle.end(); ++idle)
    {
        const Block& block = **idle;
        const bool fits = ordinary ? IsOrdinary(block) : block.capacity >= minBytes && block.capacity / 2 <= minBytes;
        if (fits && (best == m_idle.end() || block.capacity <= (*best)->capacity))
            best = idle;
    }
    if (best == m_idle.end())
        return nullptr;
    Block* const block = *best;
    m_idle.erase(best);
    return block;
}

// Whether there is room for another block below the limit, if idle ones go.
bool BlockPool::MakeRoom(uint64_t capacity) noexcept
{
    const uint64_t limit = std::max(m_desc.limitBytes, m_desc.blockBytes);
    uint64_t idleBytes = m_current != nullptr && m_current->slices == 0 ? m_current->capacity : 0;
    for (const Block* idle : m_idle)
        idleBytes += idle->capacity;
    if (!FitsInto(m_totalBytes - idleBytes, capacity, limit))
        return false;
    Gone gone; // before the other one is made
    while (!FitsInto(m_totalBytes, capacity, limit))
        TakeOldest(gone);
    return true;
}

// A block of its own takes the place of idle ones that were too small for it: requests that grow do not pile up blocks.
void BlockPool::ReplaceSmaller(uint64_t capacity) noexcept
{
    if (capacity == m_desc.blockBytes)
        return;
    Gone gone;
    uint64_t replaced = 0;
    std::erase_if(m_idle, [&](Block* idle) {
        if (IsOrdinary(*idle) || idle->capacity >= capacity || replaced >= capacity)
            return false;
        replaced += idle->capacity;
        Take(idle, gone);
        return true;
    });
}

Result<Block*> BlockPool::MakeBlock(uint64_t capacity)
{
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
    if ((*backing)->memory.mapped == nullptr && m_desc.memory != MemoryType::GPU)
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
    Gone gone;
    const std::lock_guard lock(m_mutex);
    if (m_abandoned)
        return;
    block->slices -= slices;
    if (block->slices == 0)
        MakeIdle(block, gone);
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

void BlockPool::MakeIdle(Block* block, Gone& gone) noexcept
{
    block->head = 0;
    block->idleSinceNs = Block::kNotSeen;
    if (block != m_current)
        m_idle.push_back(block);
    TrimByLimit(gone);
    if (m_desc.warmNs == 0)
        TrimByTime(0, gone);
}

// The pool does not own it any more.
void BlockPool::Take(Block* block, Gone& gone) noexcept
{
    m_totalBytes -= block->capacity;
    const auto found = std::ranges::find(m_blocks, block, [](const auto& owned) { return owned.get(); });
    gone.push_back(std::move(*found));
    m_blocks.erase(found);
}

// The block that has been idle for longest. False: none is.
bool BlockPool::TakeOldest(Gone& gone) noexcept
{
    if (!m_idle.empty())
    {
        Take(m_idle.front(), gone);
        m_idle.erase(m_idle.begin());
        return true;
    }
    if (m_current == nullptr || m_current->slices != 0)
        return false;
    Take(std::exchange(m_current, nullptr), gone);
    return true;
}

// ---- giving back ---------------------------------------------------------------------------------------------------

// What was cut beyond the limit goes back as soon as it has passed.
void BlockPool::TrimByLimit(Gone& gone) noexcept
{
    while (m_totalBytes > m_desc.limitBytes && TakeOldest(gone))
    {
    }
}

void BlockPool::TrimByTime(uint64_t nowNs, Gone& gone) noexcept
{
    uint64_t keptBytes = 0; // of ordinary blocks, for ever
    const auto isExpired = [&](Block& idle) {
        if (idle.idleSinceNs == Block::kNotSeen)
            idle.idleSinceNs = nowNs;
        if (IsOrdinary(idle) && FitsInto(keptBytes, idle.capacity, m_desc.warmBytes))
        {
            keptBytes += idle.capacity;
            return false;
        }
        return Since(idle.idleSinceNs, nowNs) >= m_desc.warmNs;
    };
    if (m_current != nullptr && m_current->slices == 0 && isExpired(*m_current))
        Take(std::exchange(m_current, nullptr), gone);
    for (size_t i = m_idle.size(); i-- > 0;) // those used last are kept
    {
        Block* const idle = m_idle[i];
        if (!isExpired(*idle))
            continue;
        m_idle.erase(m_idle.begin() + static_cast<std::ptrdiff_t>(i));
        Take(idle, gone);
    }
}

void BlockPool::Trim(uint64_t nowNs) noexcept
{
    if (Since(m_trimmedNs, nowNs) < m_desc.warmNs / kLooks)
        return;
    m_trimmedNs = nowNs;
    if (m_desc.releasePassed)
        m_desc.releasePassed();
    Gone gone;
    const std::lock_guard lock(m_mutex);
    if (!m_abandoned)
        TrimByTime(nowNs, gone);
}

uint64_t BlockPool::ReleaseIdle() noexcept
{
    if (m_desc.releasePassed)
        m_desc.releasePassed();
    Gone gone;
    const std::lock_guard lock(m_mutex);
    const uint64_t before = m_totalBytes;
    while (TakeOldest(gone))
    {
    }
    return before - m_totalBytes;
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
    if (m_desc.role == MemoryRole::Readback || m_desc.memory == MemoryType::GPU)
        return VK_SUCCESS; // only the GPU writes it
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
