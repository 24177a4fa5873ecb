#include "memory/memory_pool.h"

namespace sedx
{
Result<Ref<MemoryPool>> MemoryPool::Create(MemoryAllocator& memory, const VmaPoolInfo& info)
{
    void* pool = nullptr;
    if (const VkResult result = memory.CreatePool(info, pool); result != VK_SUCCESS)
        return FailVk(result, "creating memory pool '{}' (blocks of {} bytes in memory type {})", info.name,
                      info.blockBytes, info.memoryType);
    return Ref<MemoryPool>(new MemoryPool(memory, pool, info.memoryType));
}

MemoryPool::~MemoryPool()
{
    m_memory.DestroyPool(m_pool);
}

void MemoryPool::Release() noexcept
{
    if (m_references.fetch_sub(1, std::memory_order_acq_rel) == 1)
        delete this;
}

VkResult MemoryPool::Allocate(uint64_t bytes, VkBufferUsageFlags usage, uint64_t alignment, const char* name,
                              BufferMemory& memory) noexcept
{
    VkBufferRequest request;
    request.bytes = bytes;
    request.usage = usage;
    request.memoryType = m_memoryType;
    request.alignment = alignment;
    request.pool = m_pool;
    request.name = name;
    const VkResult result = m_memory.CreateBuffer(request, memory);
    if (result != VK_SUCCESS)
        return result;
    const uint64_t now = m_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    uint64_t peak = m_peakBytes.load(std::memory_order_relaxed);
    while (peak < now && !m_peakBytes.compare_exchange_weak(peak, now, std::memory_order_relaxed))
    {
    }
    return VK_SUCCESS;
}

void MemoryPool::Free(BufferMemory& memory) noexcept
{
    m_bytes.fetch_sub(memory.bytes, std::memory_order_relaxed);
    m_memory.Destroy(memory);
}
} // namespace sedx
