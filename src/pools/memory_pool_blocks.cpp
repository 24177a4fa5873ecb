#include "pools/memory_pool_blocks.h"

#include "base/align.h"

#include <sedx/log.h>

#include <algorithm>
#include <bit>

namespace sedx
{
namespace
{
constexpr uint64_t kBlocksOfHeap = 32;              // as for the library's own blocks
constexpr uint64_t kSmallestBlock = 1ull << 20;     // unless the ceiling is lower
constexpr uint64_t kBlockGranularity = 64ull << 10; // covers what the driver adds to a buffer
constexpr VkMemoryPropertyFlags kHostVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
constexpr VkMemoryPropertyFlags kDeviceLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;

MemoryType MemoryOf(VkMemoryPropertyFlags wanted) noexcept
{
    if ((wanted & kHostVisible) == 0)
        return MemoryType::GPU;
    if ((wanted & kDeviceLocal) != 0)
        return MemoryType::GPUUpload;
    return (wanted & VK_MEMORY_PROPERTY_HOST_CACHED_BIT) != 0 ? MemoryType::Readback : MemoryType::CPU;
}
} // namespace

MemoryPoolBlocks::MemoryPoolBlocks(BufferCore& core, std::string name, MemoryPoolConfiguration config,
                                   double warmHeapShare, uint64_t warmNs, uint64_t idleNs)
    : m_core(core), m_name(std::move(name)), m_config(std::move(config)), m_warmHeapShare(warmHeapShare),
      m_warmNs(warmNs), m_idleNs(idleNs), m_memory(MemoryOf(m_config.memoryType))
{
    const MemoryAllocator& memory = m_core.Memory();
    const VkMemoryPropertyFlags needed =
        m_config.memoryType & ~VkMemoryPropertyFlags{VK_MEMORY_PROPERTY_HOST_COHERENT_BIT};
    for (const uint32_t type : memory.Strategy().For(m_memory).types)
    {
        // The window is for those who ask for memory that they can write, and then for tiny data only.
        const bool isWindow = memory.Strategy().heaps[memory.HeapOf(type)].isSmallBar;
        const VkMemoryPropertyFlags flags = memory.Device().memory.memoryTypes[type].propertyFlags;
        if ((flags & needed) == needed && (!isWindow || (needed & kHostVisible) != 0))
            m_types.push_back(type);
    }
}

// ---- allocating ----------------------------------------------------------------------------------------------------

MemoryPoolBlocks::Types MemoryPoolBlocks::TypesFor(BufferUsage usage)
{
    const std::lock_guard lock(m_mutex);
    const auto known = std::ranges::find(m_typesByUsage, usage, &std::pair<BufferUsage, Types>::first);
    if (known != m_typesByUsage.end())
        return known->second;
    Types types;
    for (const uint32_t type : m_types)
        if (m_core.Memory().CanUse(VulkanUsage(usage), type))
            types.push_back(type);
    m_typesByUsage.emplace_back(usage, types);
    return types;
}

Result<Buffer> MemoryPoolBlocks::Allocate(BufferDesc desc, const std::source_location& where)
{
    desc.memory = m_memory;
    desc.priority = m_config.priority;
    if (auto possible = m_core.Check(desc); !possible)
        return Forward(possible);
    Reason reason = Reason::NoPools;
    Buffer elsewhere; // what came from ordinary memory when a block turned out to have no room in one piece
    if (m_core.Memory().HasPools())
    {
        const BufferUsage usage = CompleteUsage(desc.usage);
        const Types types = TypesFor(usage);
        std::vector<const Block*> tried;
        for (bool isNew = false; !isNew;)
        {
            std::shared_ptr<Block> block = FindBlock(types, desc.bytes, tried);
            if (!block)
            {
                isNew = true;
                block = AddBlock(types, desc.bytes, reason);
                if (!block)
                    break;
            }
            tried.push_back(block.get());
            bool fellBack = false;
            auto buffer = m_core.CreateBuffer(desc, where, block->pool.Get(), &fellBack);
            const bool isAllocated = buffer && !fellBack;
            Leave(*block, desc.bytes, isAllocated);
            if (isAllocated)
                return buffer;
            if (!buffer && buffer.error().code != ErrorCode::OutOfDeviceMemory)
                return buffer;
            if (buffer)
                elsewhere = std::move(*buffer);
            reason = Reason::NoMemory;
        }
    }
    if (!elsewhere)
    {
        auto buffer = m_core.CreateBuffer(desc, where);
        if (!buffer)
            return buffer;
        elsewhere = std::move(*buffer);
    }
    CountFallback(reason, desc);
    return elsewhere;
}

// A block with enough free bytes that was not tried; the first ones first, so that the last ones become empty.
std::shared_ptr<MemoryPoolBlocks::Block> MemoryPoolBlocks::FindBlock(const Types& types, uint64_t bytes,
                                                                     const std::vector<const Block*>& tried)
{
    const std::lock_guard lock(m_mutex);
    for (const std::shared_ptr<Block>& block : m_blocks)
    {
        if (std::ranges::find(types, block->memoryType) == types.end() ||
            std::ranges::find(tried, block.get()) != tried.end())
            continue;
        const uint64_t used = std::min(block->pool->Use().bufferBytes, block->bytes);
        if (block->bytes - used < bytes || (bytes >= block->failedBytes && used >= block->failedUse))
            continue;
        ++block->users;
        return block;
    }
    return nullptr;
}

uint64_t MemoryPoolBlocks::LargestBlock(uint32_t heap) const noexcept
{
    const HeapRules& rules = m_core.Memory().Strategy().heaps[heap];
    const uint64_t wish = m_config.blockSize != 0 ? m_config.blockSize : rules.blockBytes;
    return std::min({wish, rules.capBytes, m_core.Device().maxAllocationSize});
}

std::shared_ptr<MemoryPoolBlocks::Block> MemoryPoolBlocks::AddBlock(const Types& types, uint64_t bytes, Reason& reason)
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_config.maxBlockCount != 0 && m_blocks.size() + m_coming >= m_config.maxBlockCount)
        {
            reason = Reason::Full;
            return nullptr;
        }
        ++m_coming;
    }
    reason = Reason::NoType;
    auto block = std::make_shared<Block>();
    for (const uint32_t type : types)
    {
        const uint32_t heap = m_core.Memory().HeapOf(type);
        const HeapRules& rules = m_core.Memory().Strategy().heaps[heap];
        if (bytes > LargestBlock(heap) || bytes > rules.maxBufferBytes)
        {
            reason = Reason::TooLarge;
            continue;
        }
        reason = Reason::NoMemory;
        block->pool = MakeBlock(type, bytes, block->bytes);
        block->memoryType = type;
        if (block->pool)
            break;
    }
    const std::lock_guard lock(m_mutex);
    --m_coming;
    if (!block->pool)
        return nullptr;
    block->users = 1;
    m_blocks.push_back(block);
    return block;
}

// As large as it should be, or as the budget and the driver allow; empty if that is not enough for the buffer.
Ref<MemoryPool> MemoryPoolBlocks::MakeBlock(uint32_t memoryType, uint64_t bytes, uint64_t& blockBytes) noexcept
{
    MemoryAllocator& memory = m_core.Memory();
    const uint32_t heap = memory.HeapOf(memoryType);
    const uint64_t largest = LargestBlock(heap);
    const uint64_t share = std::bit_floor(memory.Strategy().heaps[heap].capBytes / kBlocksOfHeap);
    const uint64_t needed = std::min(AlignUp(bytes, kBlockGranularity), largest);
    const uint64_t smallest = std::clamp(kSmallestBlock, needed, largest);
    for (uint64_t size = std::clamp(share, smallest, largest);; size = std::max(size / 2, smallest))
    {
        const bool isSmallest = size == smallest;
        const BudgetVerdict verdict = memory.Budget().Admit(heap, size);
        if (verdict == BudgetVerdict::Fits || (verdict == BudgetVerdict::OverSoft && isSmallest))
        {
            VmaPoolInfo info;
            info.memoryType = memoryType;
            info.blockBytes = size;
            info.priority = m_config.priority;
            info.name = m_config.name.empty() ? m_name.c_str() : m_config.name.c_str();
            auto pool = MemoryPool::Create(memory, info);
            blockBytes = size;
            if (pool)
                return std::move(*pool);
            if (pool.error().code != ErrorCode::OutOfDeviceMemory)
                return {};
        }
        if (isSmallest)
            return {};
    }
}

// The thread does not allocate in the block any more.
void MemoryPoolBlocks::Leave(Block& block, uint64_t bytes, bool isAllocated) noexcept
{
    const std::lock_guard lock(m_mutex);
    --block.users;
    if (!isAllocated)
    {
        block.failedBytes = bytes;
        block.failedUse = block.pool->Use().bufferBytes;
        return;
    }
    block.isEmpty = false; // the time that it may be empty begins anew
    ++m_allocations;
    uint64_t now = 0;
    for (const std::shared_ptr<Block>& each : m_blocks)
        now += each->pool->Use().bufferBytes;
    m_peakBytes = std::max(m_peakBytes, now);
}

void MemoryPoolBlocks::CountFallback(Reason reason, const BufferDesc& desc)
{
    m_fallbacks.fetch_add(1, std::memory_order_relaxed);
    {
        const std::lock_guard lock(m_mutex);
        const uint32_t bit = 1u << static_cast<uint32_t>(reason);
        if ((m_told & bit) != 0)
            return;
        m_told |= bit;
    }
    const char* why = reason == Reason::NoPools    ? "this device's allocator has no pools"
                      : reason == Reason::NoType   ? "no memory type with its properties fits the usage"
                      : reason == Reason::TooLarge ? "it is larger than a block"
                      : reason == Reason::Full     ? "all its blocks are in use"
                                                   : "there is no room for another block";
    SEDX_CORE_WARN_TAG("MEMORY",
                       "buffer '{}' ({} bytes) comes from ordinary memory instead of pool '{}': {}; this is "
                       "counted from now on, and not said again",
                       desc.name, desc.bytes, m_name, why);
}

// ---- giving back ---------------------------------------------------------------------------------------------------

// Takes out the empty blocks that `goes` says yes to.
template <class Goes>
uint64_t MemoryPoolBlocks::Drop(Goes goes) noexcept
{
    std::vector<std::shared_ptr<Block>> dropped; // given back after the lock
    {
        const std::lock_guard lock(m_mutex);
        for (size_t i = m_blocks.size(); i-- > 0;) // the last ones first
        {
            Block& block = *m_blocks[i];
            if (block.users != 0 || block.pool->Use().buffers != 0)
            {
                block.isEmpty = false;
                continue;
            }
            if (!goes(block))
                continue;
            dropped.push_back(std::move(m_blocks[i]));
            m_blocks.erase(m_blocks.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
    uint64_t bytes = 0;
    for (const std::shared_ptr<Block>& block : dropped)
        bytes += block->bytes;
    return bytes;
}

uint64_t MemoryPoolBlocks::ReleaseEmpty(uint32_t heap) noexcept
{
    return Drop(
        [&](const Block& block) { return heap == kAllHeaps || heap == m_core.Memory().HeapOf(block.memoryType); });
}

void MemoryPoolBlocks::Trim(uint64_t nowNs) noexcept
{
    uint32_t emptyBlocks = 0;
    Drop([&](Block& block) {
        if (!block.isEmpty)
        {
            block.isEmpty = true;
            block.emptySinceNs = nowNs;
        }
        ++emptyBlocks;
        return false;
    });
    if (emptyBlocks == 0)
        return;
    Drop([&](const Block& block) {
        if (!block.isEmpty)
            return false;
        const uint64_t cap = m_core.Memory().Strategy().heaps[m_core.Memory().HeapOf(block.memoryType)].capBytes;
        const double share = m_warmHeapShare > 0.0 ? std::min(m_warmHeapShare, 1.0) : 0.0;
        const auto allowed = static_cast<uint64_t>(share * static_cast<double>(cap)) / block.bytes;
        const uint64_t unused = nowNs - std::min(block.emptySinceNs, nowNs);
        const bool isWarm = emptyBlocks <= std::min<uint64_t>(m_config.minBlockCount, allowed);
        if (unused < (isWarm ? std::max(m_idleNs, m_warmNs) : m_warmNs))
            return false;
        --emptyBlocks;
        return true;
    });
}

void MemoryPoolBlocks::Abandon() noexcept
{
    const std::lock_guard lock(m_mutex);
    for (const std::shared_ptr<Block>& block : m_blocks)
        block->pool.Detach();
    m_blocks.clear();
}

// ---- numbers -------------------------------------------------------------------------------------------------------

MemoryPoolReport MemoryPoolBlocks::Report() const
{
    MemoryPoolReport report;
    report.name = m_name;
    report.fallbacks = Fallbacks();
    const std::lock_guard lock(m_mutex);
    for (const std::shared_ptr<Block>& block : m_blocks)
    {
        const VmaPoolUse use = block->pool->Use();
        report.blocks += use.blocks;
        report.blockBytes += use.blockBytes;
        report.emptyBlocks += use.buffers == 0 ? 1 : 0;
        report.buffers += use.buffers;
        report.bufferBytes += use.bufferBytes;
    }
    report.peakBufferBytes = m_peakBytes;
    report.allocations = m_allocations;
    return report;
}
} // namespace sedx
