// VkBuffers with memory, from VMA: the library's own allocator, or the engine's through its table of functions.
// The only place that knows VMA. Decides nothing: callers name the memory type.
#pragma once

#include "memory/buffer_memory.h"
#include "memory/memory_budget.h"
#include "vulkan/device_state.h"

#include <sedx/memory_strategy.h>

#include <span>

namespace sedx
{
struct VmaCalls; // typed functions; defined where VMA is compiled

// A pool of VMA with one block of its own. Lives until the last buffer from it has gone.
struct VmaPoolInfo
{
    uint32_t memoryType = 0;
    uint64_t blockBytes = 0;
    BufferPriority priority = BufferPriority::Normal;
    const char* name = "";
};
struct VmaPoolUse
{
    uint64_t blocks = 0;
    uint64_t blockBytes = 0; // taken from the driver
    uint64_t buffers = 0;
    uint64_t bufferBytes = 0;
};

struct VkBufferRequest
{
    uint64_t bytes = 0;
    VkBufferUsageFlags usage = 0;
    uint32_t memoryType = 0;
    uint64_t alignment = 1; // of its memory; the device's demands come on top
    bool dedicated = false; // a VkDeviceMemory of its own
    bool exclusive = false; // of one queue family at a time; else all families share it
    BufferPriority priority = BufferPriority::Normal;
    void* pool = nullptr; // VmaPool
    const char* name = "";
};

class MemoryAllocator
{
  public:
    static Result<std::unique_ptr<MemoryAllocator>> Create(std::shared_ptr<DeviceState> device,
                                                           const BudgetDesc& budget);
    ~MemoryAllocator();

    DeviceState& Device() const noexcept { return *m_device; }
    const MemoryStrategy& Strategy() const noexcept { return m_strategy; }
    MemoryBudget& Budget() noexcept { return m_budget; }
    const MemoryBudget& Budget() const noexcept { return m_budget; }
    uint32_t HeapOf(uint32_t memoryType) const noexcept { return m_device->memory.memoryTypes[memoryType].heapIndex; }

    // On failure nothing is left behind. VK_ERROR_FEATURE_NOT_PRESENT: the buffer cannot use this type.
    // VK_ERROR_OUT_OF_DEVICE_MEMORY: the driver, or the budget of the heap, has no room.
    VkResult CreateBuffer(const VkBufferRequest& request, BufferMemory& made) noexcept;
    // Only for memory that CreateBuffer made, not for parts of it.
    void Destroy(BufferMemory& memory) noexcept;

    // Both do nothing for coherent memory; ranges are widened to the device's atom size.
    VkResult Flush(const BufferMemory& memory, uint64_t offset, uint64_t bytes) noexcept;
    VkResult Invalidate(const BufferMemory& memory, uint64_t offset, uint64_t bytes) noexcept;

    bool HasPools() const noexcept; // an engine's table may lack them
    // Whether buffers of this usage can be bound to this memory type.
    bool CanUse(VkBufferUsageFlags usage, uint32_t memoryType) noexcept;
    VkResult CreatePool(const VmaPoolInfo& info, void*& pool) noexcept;
    void DestroyPool(void* pool) noexcept;
    VmaPoolUse UseOf(void* pool) const noexcept;

    // Once a frame: asks the driver how full its heaps are.
    void SampleBudget(uint64_t frame, uint64_t nowNs) noexcept;
    // Why the engine's VMA is not used.
    const Result<void>& Status() const noexcept { return m_status; }

  private:
    MemoryAllocator(std::shared_ptr<DeviceState> device, const BudgetDesc& budget);
    VkResult MakeBuffer(const VkBufferRequest& request, BufferMemory& made) noexcept;
    std::shared_ptr<DeviceState> m_device;
    MemoryStrategy m_strategy;
    MemoryBudget m_budget;
    std::unique_ptr<VmaCalls> m_vma;
    Result<void> m_status;
};
} // namespace sedx
