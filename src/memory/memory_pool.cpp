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

MemoryPool::~MemoryPool() { m_memory.DestroyPool(m_pool); }

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
    return m_memory.CreateBuffer(request, memory);
}

void MemoryPool::Free(BufferMemory& memory) noexcept { m_memory.Destroy(memory); }
} // namespace sedx
