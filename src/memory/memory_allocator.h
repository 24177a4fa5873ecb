// Buffers with memory, from VMA: the library's own allocator, or the engine's through its table of functions.
// The only place that knows VMA.
#pragma once

#include "vulkan/device_state.h"

#include <sedx/memory_strategy.h>
#include <sedx/report.h>

namespace sedx
{
struct VmaCalls; // typed functions; defined where VMA is compiled

struct BufferMemory
{
    VkBuffer buffer = VK_NULL_HANDLE;
    void* allocation = nullptr; // VmaAllocation
    std::byte* mapped = nullptr;
    uint64_t bytes = 0; // of the VkBuffer
    uint32_t memoryType = 0;
    VkMemoryPropertyFlags flags = 0;
    bool deviceLocal = false; // lies in a device-local heap
};

class MemoryAllocator
{
  public:
    static Result<std::unique_ptr<MemoryAllocator>> Create(std::shared_ptr<DeviceState> device);
    ~MemoryAllocator();

    const MemoryStrategy& Strategy() const noexcept { return m_strategy; }
    // Tries the memory types of the placement in order. On failure nothing is left behind.
    Result<BufferMemory> CreateBuffer(uint64_t bytes, VkBufferUsageFlags usage, MemoryType memory, const char* name);
    void Destroy(BufferMemory& memory) noexcept;
    // Both do nothing for coherent memory; ranges are widened to the device's atom size.
    VkResult Flush(const BufferMemory& memory, uint64_t offset, uint64_t bytes) noexcept;
    VkResult Invalidate(const BufferMemory& memory, uint64_t offset, uint64_t bytes) noexcept;
    void SetFrame(uint64_t number) noexcept; // refreshes budgets
    void FillHeaps(Report& report) const noexcept;
    // Why the engine's VMA is not used.
    const Result<void>& Status() const noexcept { return m_status; }

  private:
    explicit MemoryAllocator(std::shared_ptr<DeviceState> device);
    std::shared_ptr<DeviceState> m_device;
    MemoryStrategy m_strategy;
    std::unique_ptr<VmaCalls> m_vma;
    Result<void> m_status;
};
} // namespace sedx
