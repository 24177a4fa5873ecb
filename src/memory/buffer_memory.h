// BufferMemory: where the bytes of one buffer lie: a VkBuffer of its own, or a range of a block that it shares.
#pragma once

#include <vulkan/vulkan_core.h>

#include <cstddef>
#include <cstdint>

namespace sedx
{
struct MemoryBlock;

struct BufferMemory
{
    VkBuffer buffer = VK_NULL_HANDLE;
    uint64_t offset = 0;         // in the VkBuffer
    uint64_t bytes = 0;          // of the range
    VkDeviceAddress address = 0; // at offset; 0 if the VkBuffer has none
    bool deviceLocal = false;    // lies in a device-local heap
    uint32_t memoryType = 0;
    VkMemoryPropertyFlags flags = 0;
    std::byte* mapped = nullptr;  // at offset; null if the memory cannot be mapped
    void* allocation = nullptr;   // VmaAllocation of the VkBuffer, which begins where the VkBuffer does
    MemoryBlock* block = nullptr; // what it was cut from; null: it has the VkBuffer to itself
    uint64_t range = 0;           // its handle there
};

// The same bytes seen as a part: `offset` bytes further on.
inline BufferMemory PartOf(const BufferMemory& whole, uint64_t offset, uint64_t bytes) noexcept
{
    BufferMemory part = whole;
    part.offset += offset;
    part.bytes = bytes;
    if (part.mapped != nullptr)
        part.mapped += offset;
    if (part.address != 0)
        part.address += offset;
    return part;
}
} // namespace sedx
