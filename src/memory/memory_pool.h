// MemoryPool: a pool of VMA with one block of memory, kept alive by its owner and by every buffer that came from it. Thread-safe.
#pragma once

#include "base/ref.h"
#include "memory/memory_allocator.h"

#include <atomic>
#include <string>

namespace sedx
{
class MemoryPool
{
  public:
    // Errors: those of vmaCreatePool.
    static Result<Ref<MemoryPool>> Create(MemoryAllocator& memory, const VmaPoolInfo& info);

    void AddRef() noexcept { m_references.fetch_add(1, std::memory_order_relaxed); }
    void Release() noexcept; // the last one destroys the pool

    VkResult Allocate(uint64_t bytes, VkBufferUsageFlags usage, uint64_t alignment, const char* name,
                      BufferMemory& memory) noexcept;
    void Free(BufferMemory& memory) noexcept;
    VmaPoolUse Use() const noexcept { return m_memory.UseOf(m_pool); }

  private:
    MemoryPool(MemoryAllocator& memory, void* pool, uint32_t memoryType) noexcept
        : m_memory(memory), m_pool(pool), m_memoryType(memoryType)
    {
    }
    ~MemoryPool();
    MemoryAllocator& m_memory;
    void* m_pool;
    uint32_t m_memoryType;
    std::atomic<uint32_t> m_references{0};
};
} // namespace sedx
