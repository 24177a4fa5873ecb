// A table of VMA functions, so that the library can use an engine's allocator without seeing the engine's VMA header.
// Filled by MakeVmaTable() of adopt_vma.h in a translation unit of the engine; see there.
#pragma once

#include <cstdint>

namespace sedx
{
using VmaFunction = void (*)();

// Function order and struct list are part of the library's interface: adopt_vma.h fills them by name.
struct VmaTable
{
    void* allocator = nullptr;   // VmaAllocator
    uint32_t allocatorFlags = 0; // VmaAllocatorCreateFlags given to vmaCreateAllocator

    struct Sizes // sizeof the structures as the engine's compiler saw them
    {
        uint32_t allocationCreateInfo = 0;
        uint32_t allocationInfo = 0;
        uint32_t budget = 0;
        uint32_t poolCreateInfo = 0;
    } sizes;

    VmaFunction createBuffer = nullptr;         // vmaCreateBufferWithAlignment
    VmaFunction destroyBuffer = nullptr;        // vmaDestroyBuffer
    VmaFunction flushAllocation = nullptr;      // vmaFlushAllocation
    VmaFunction invalidateAllocation = nullptr; // vmaInvalidateAllocation
    VmaFunction setAllocationName = nullptr;    // vmaSetAllocationName
    VmaFunction getHeapBudgets = nullptr;       // vmaGetHeapBudgets
    // Only for CustomMemoryPoolManager, which allocates from the library's ordinary blocks without them.
    VmaFunction findMemoryTypeIndexForBufferInfo = nullptr;
    VmaFunction createPool = nullptr;        // vmaCreatePool
    VmaFunction destroyPool = nullptr;       // vmaDestroyPool
    VmaFunction getPoolStatistics = nullptr; // vmaGetPoolStatistics
    VmaFunction setPoolName = nullptr;       // vmaSetPoolName
};
} // namespace sedx
