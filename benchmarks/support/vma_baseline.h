// What a program without the library would do: VMA itself, one VkBuffer each. An allocator of its own on the same device.
#pragma once

#include <sedx/device.h>

#include <cstdint>

struct VmaAllocator_T;
struct VmaAllocation_T;

namespace bench
{
struct VmaBuffer
{
    VkBuffer buffer = VK_NULL_HANDLE;
    VmaAllocation_T* allocation = nullptr;
};

// Create and Destroy: any thread.
class VmaBaseline
{
  public:
    // How VMA learns what is left of a heap.
    enum class Budget
    {
        Driver,   // by VK_EXT_memory_budget where the device has it, as its manual recommends and as the library does
        Estimate, // it counts itself: cheaper (a software driver reads a file of the system for each query)
    };
    explicit VmaBaseline(const sedx::Device& device, Budget budget = Budget::Driver);
    ~VmaBaseline();
    VmaBaseline(const VmaBaseline&) = delete;
    VmaBaseline& operator=(const VmaBaseline&) = delete;

    // In device memory. Throws a Failure.
    VmaBuffer Create(uint64_t bytes, VkBufferUsageFlags usage);
    void Destroy(const VmaBuffer& buffer) noexcept;

    uint64_t CommittedBytes() const; // of device memory
    uint64_t LiveAllocations() const;

  private:
    VmaAllocator_T* m_allocator = nullptr;
};
} // namespace bench
