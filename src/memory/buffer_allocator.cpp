#include "memory/buffer_allocator.h"

#include "base/align.h"

#include <algorithm>
#include <utility>

namespace sedx
{
namespace
{
// A thread's shard keeps chunks to itself: small enough that a few threads do not hold much, large enough that the way to
// the shared blocks is rare.
constexpr uint64_t kChunkBytes = 256ull << 10;
constexpr uint64_t kSmallBytes = kChunkBytes / 16;
constexpr uint64_t kChunkAlignment = 4096;       // and so the largest alignment of small buffers
constexpr uint64_t kDedicatedBytes = 1ull << 20; // a VkDeviceMemory of its own is worth it from here on, for many

// More memory, or another type, may help.
bool IsExhausted(VkResult result) noexcept
{
    return result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_FEATURE_NOT_PRESENT ||
           result == VK_ERROR_TOO_MANY_OBJECTS;
}
} // namespace

BufferAllocator::BufferAllocator(MemoryAllocator& memory, ShardLocks& locks, Desc desc)
    : m_memory(memory), m_locks(locks), m_desc(std::move(desc)), m_blocks(memory, m_desc.warmNs)
{
    const MemoryStrategy& strategy = m_memory.Strategy();
    for (size_t kind = 0; kind < strategy.placements.size(); ++kind)
    {
        m_placements[kind].fallbackBegin = FallbackBegin(strategy.placements[kind]);
        for (const uint32_t type : strategy.placements[kind].types)
        {
            m_placements[kind].atomBytes = std::max(m_placements[kind].atomBytes, strategy.atomBytes[type]);
            for (Shard& shard : m_shards)
                if (!shard.chunks[type])
                    shard.chunks[type] = std::make_unique<ChunkGroups>();
        }
    }
    m_ladder.Register(PressureStep::ReleaseWarmBlocks, "warm blocks",
                      [this](const PressureRequest&) { return ReleaseWarm(); });
    if (m_desc.onOutOfMemory)
        m_ladder.Register(PressureStep::AskApplication, "application",
                          [this](const PressureRequest& request) { return m_desc.onOutOfMemory(request.bytes); });
}

BufferAllocator::~BufferAllocator() { ReleaseWarm(); }

// Types before this one are what the placement is for, those after it (on the other side of the bus) are its fall-back.
size_t BufferAllocator::FallbackBegin(const Placement& placement) const noexcept
{
    const auto isDeviceLocal = [this](uint32_t type) {
        return (m_memory.Device().memory.memoryHeaps[m_memory.HeapOf(type)].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) !=
               0;
    };
    const auto other = std::find_if(placement.types.begin(), placement.types.end(), [&](uint32_t type) {
        return isDeviceLocal(type) != isDeviceLocal(placement.types.front());
    });
    return static_cast<size_t>(other - placement.types.begin());
}

BufferAllocator::Plan BufferAllocator::Prepare(const MemoryRequest& request) const noexcept
{
    const MemoryStrategy& strategy = m_memory.Strategy();
    Plan plan;
    plan.placement = &strategy.For(request.memory);
    plan.key = {ClassOf(request.usage), strategy.blocksByPriority ? request.priority : BufferPriority::Normal};
    plan.alignment = std::max(AlignmentOf(request.usage, m_memory.Device().alignments), request.alignment);
    // Neighbours must not share an atom: flushing one would write back what the cache knows of the other.
    const uint64_t atom = m_placements[static_cast<size_t>(PlacementOf(request.memory))].atomBytes;
    plan.alignment = std::max(plan.alignment, atom);
    plan.bytes = AlignUp(request.bytes, atom);
    plan.shared = m_desc.shareBuffers && !request.own;
    return plan;
}

bool BufferAllocator::IsSmall(const Plan& plan) const noexcept
{
    return plan.shared && plan.bytes <= kSmallBytes && plan.alignment <= kChunkAlignment;
}

bool BufferAllocator::AllocateSmall(uint32_t shard, const MemoryRequest& request, BufferMemory& memory) noexcept
{
    const Plan plan = Prepare(request);
    if (!IsSmall(plan) || plan.placement->types.empty())
        return false;
    // The first choice only: a fall-back is taken after the first choice was asked for more.
    return (*m_shards[shard].chunks[plan.placement->types.front()])[plan.key.Index()].Allocate(plan.bytes,
                                                                                               plan.alignment, memory);
}

bool BufferAllocator::FreeSmall(uint32_t shard, const BufferMemory& memory) noexcept
{
    if (memory.block == nullptr || memory.block->shard != shard)
        return false;
    const bool empties = memory.block->freeBytes + memory.bytes == memory.block->memory.bytes;
    (*m_shards[shard].chunks[memory.memoryType])[memory.block->group].Free(memory, empties ? Now() : 0);
    return true;
}

void BufferAllocator::Free(BufferMemory& memory) noexcept
{
    if (memory.block == nullptr)
        m_memory.Destroy(memory);
    else if (const uint32_t shard = memory.block->shard; shard != MemoryBlock::kNoShard)
    {
        const std::lock_guard lock(m_locks[shard]);
        FreeSmall(shard, memory);
    }
    else
        m_blocks.Free(memory, Now());
    memory = {};
}

VkResult BufferAllocator::AllocateFromNewChunk(uint32_t memoryType, const Plan& plan, BufferMemory& memory) noexcept
{
    BufferMemory range;
    VkResult result = m_blocks.Allocate(memoryType, plan.key, kChunkBytes, kChunkAlignment, range);
    if (result != VK_SUCCESS) // no room for a chunk, but perhaps for the buffer
        return IsExhausted(result) ? m_blocks.Allocate(memoryType, plan.key, plan.bytes, plan.alignment, memory)
                                   : result;
    std::unique_ptr<MemoryBlock> chunk = BlockList::MakeBlock(range);
    if (!chunk)
    {
        m_blocks.Free(range, Now());
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    const uint32_t shard = ShardLocks::OfThread();
    chunk->shard = shard;
    chunk->group = plan.key.Index();
    const std::lock_guard lock(m_locks[shard]);
    BlockList& chunks = (*m_shards[shard].chunks[memoryType])[plan.key.Index()];
    chunks.Add(std::move(chunk));
    return chunks.Allocate(plan.bytes, plan.alignment, memory) ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;
}

VkResult BufferAllocator::AllocateIn(uint32_t memoryType, const Plan& plan, const MemoryRequest& request,
                                     BufferMemory& memory) noexcept
{
    const uint32_t heap = m_memory.HeapOf(memoryType);
    if (plan.bytes > m_memory.Strategy().heaps[heap].maxBufferBytes)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY; // never for this buffer; the next type
    if (IsSmall(plan))
    {
        const uint32_t shard = ShardLocks::OfThread();
        {
            const std::lock_guard lock(m_locks[shard]);
            if ((*m_shards[shard].chunks[memoryType])[plan.key.Index()].Allocate(plan.bytes, plan.alignment, memory))
                return VK_SUCCESS;
        }
        return AllocateFromNewChunk(memoryType, plan, memory);
    }
    if (plan.shared && plan.bytes <= m_blocks.LargestRange(memoryType))
        return m_blocks.Allocate(memoryType, plan.key, plan.bytes, plan.alignment, memory);
    VkBufferRequest own;
    own.bytes = request.bytes;
    own.usage = VulkanUsage(request.usage);
    own.memoryType = memoryType;
    own.alignment = plan.alignment;
    // Where buffers are shared few have their own, and VMA's blocks would stay behind when these go.
    own.dedicated =
        m_desc.shareBuffers || request.bytes >= kDedicatedBytes || request.priority != BufferPriority::Normal;
    own.priority = request.priority;
    own.exclusive = request.exclusive;
    own.name = request.name;
    return m_memory.CreateBuffer(own, memory);
}

// Writing in place is for data that fits well: with a fully mappable device heap that is getting full, memory that need not
// be mapped comes first, and uploads go through staging.
bool BufferAllocator::IsDeferred(const Plan& plan, size_t index) const noexcept
{
    const MemoryStrategy& strategy = m_memory.Strategy();
    if (strategy.memoryClass != MemoryClass::FullBar || plan.placement != &strategy.For(MemoryType::GPU))
        return false;
    const VkPhysicalDeviceMemoryProperties& properties = m_memory.Device().memory;
    const auto isMappable = [&](uint32_t type) {
        return (properties.memoryTypes[type].propertyFlags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) != 0;
    };
    const uint32_t type = plan.placement->types[index];
    return isMappable(type) && m_memory.Budget().Admit(m_memory.HeapOf(type), plan.bytes) != BudgetVerdict::Fits;
}

VkResult BufferAllocator::TryTypes(const Plan& plan, const MemoryRequest& request, size_t begin, size_t end,
                                   BufferMemory& memory) noexcept
{
    VkResult result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    bool deferredAny = false;
    for (const bool deferred : {false, true})
    {
        for (size_t i = begin; i < end; ++i)
        {
            if (IsDeferred(plan, i) != deferred)
            {
                deferredAny = true;
                continue;
            }
            result = AllocateIn(plan.placement->types[i], plan, request, memory);
            if (!IsExhausted(result))
                return result;
        }
        if (!deferredAny)
            break;
    }
    return result;
}

Result<BufferMemory> BufferAllocator::Allocate(const MemoryRequest& request, bool mayRelieve)
{
    const Plan plan = Prepare(request);
    const size_t count = plan.placement->types.size();
    size_t fallback = m_placements[static_cast<size_t>(PlacementOf(request.memory))].fallbackBegin;
    const MemoryStrategy& strategy = m_memory.Strategy();
    const auto canHold = [&](uint32_t type) {
        return plan.bytes <= strategy.heaps[m_memory.HeapOf(type)].maxBufferBytes;
    };
    if (std::none_of(plan.placement->types.begin(), plan.placement->types.begin() + static_cast<ptrdiff_t>(fallback),
                     canHold))
        fallback = count; // never possible there (a window is for tiny data): no reason to free anything
    BufferMemory memory;
    VkResult result = TryTypes(plan, request, 0, fallback, memory);
    if (result == VK_SUCCESS)
        return memory;
    const auto fail = [&]() -> Result<BufferMemory> {
        return FailVk(result == VK_ERROR_FEATURE_NOT_PRESENT ? VK_ERROR_OUT_OF_DEVICE_MEMORY : result,
                      "allocating {} bytes for buffer '{}' ({} memory types tried)", request.bytes, request.name,
                      count);
    };
    if (!IsExhausted(result))
        return fail();
    // With anything but exhaustion, freeing does not help.
    const auto isDecided = [&] { return !IsExhausted(result); };
    std::function<bool()> tryFallback;
    if (fallback < count)
        tryFallback = [&] {
            result = TryTypes(plan, request, fallback, count, memory);
            return isDecided();
        };
    if (!mayRelieve)
    {
        if (tryFallback)
            tryFallback();
        return result == VK_SUCCESS ? Result<BufferMemory>(memory) : fail();
    }
    const PressureRequest pressure = PressureOf(request);
    const auto relieved = m_ladder.Run(
        pressure,
        [&] {
            result = TryTypes(plan, request, 0, fallback, memory);
            return isDecided();
        },
        tryFallback);
    if (!relieved)
    {
        Error error = relieved.error();
        error.vkResult = result;
        return tl::unexpected(std::move(error));
    }
    return result == VK_SUCCESS ? Result<BufferMemory>(memory) : fail();
}

PressureRequest BufferAllocator::PressureOf(const MemoryRequest& request) const
{
    PressureRequest pressure;
    pressure.bytes = request.bytes;
    const Placement& placement = m_memory.Strategy().For(request.memory);
    pressure.heap = placement.types.empty() ? 0 : m_memory.HeapOf(placement.types.front());
    pressure.name = request.name;
    if (m_memory.Budget().Admit(pressure.heap, request.bytes) == BudgetVerdict::OverHard)
        pressure.limitBytes = m_memory.Budget().Of(pressure.heap).hardBytes;
    return pressure;
}

Result<void> BufferAllocator::Relieve(const MemoryRequest& request, const std::function<bool()>& tryAgain)
{
    auto relieved = m_ladder.Run(PressureOf(request), tryAgain, {});
    if (!relieved)
        relieved.error().vkResult = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    return relieved;
}

uint64_t BufferAllocator::ReleaseChunks(uint64_t nowNs, uint64_t olderThanNs) noexcept
{
    uint64_t bytes = 0;
    for (uint32_t shard = 0; shard < kShards; ++shard)
    {
        const std::lock_guard lock(m_locks[shard]);
        for (const auto& groups : m_shards[shard].chunks)
        {
            if (!groups)
                continue;
            for (BlockList& chunks : *groups)
                for (MemoryBlock* oldest = chunks.OldestEmpty();
                     oldest != nullptr && nowNs - std::min(nowNs, oldest->emptySinceNs) >= olderThanNs;
                     oldest = chunks.OldestEmpty())
                {
                    const std::unique_ptr<MemoryBlock> chunk = chunks.Remove(*oldest);
                    bytes += chunk->memory.bytes;
                    m_blocks.Free(chunk->memory, nowNs);
                }
        }
    }
    return bytes;
}

void BufferAllocator::Trim() noexcept
{
    const uint64_t now = Now();
    uint64_t next = m_nextTrimNs.load(std::memory_order_relaxed);
    if (now < next || !m_nextTrimNs.compare_exchange_strong(next, now + m_desc.warmNs / 4))
        return;
    ReleaseChunks(now, m_desc.warmNs);
    m_blocks.Trim(now);
}

uint64_t BufferAllocator::ReleaseWarm() noexcept
{
    ReleaseChunks(UINT64_MAX, 0);
    return m_blocks.ReleaseEmpty(); // only whole blocks go back to the driver
}
} // namespace sedx
