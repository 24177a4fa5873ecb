// Share the engine's VmaAllocator with the library. Include this in ONE translation unit of the engine, after its own
// <vk_mem_alloc.h> with the engine's own macros:
//
//     #include <vk_mem_alloc.h>
//     #include <sedx/adopt_vma.h>
//     sedx::VmaTable table = sedx::MakeVmaTable(allocator, allocatorFlags);
//     sedx::Device::Adopt({..., .vma = &table});
//
// Why a table and not the pointer: VMA's structs change with its version and macros, and both sides may have compiled
// different ones. The sizes are compared; a mismatch is reported (ErrorCode::VmaMismatch, see
// BufferSystem::AllocatorStatus) and the library's own allocator is used instead.
#pragma once

#if !defined(AMD_VULKAN_MEMORY_ALLOCATOR_H)
#    error "include the engine's vk_mem_alloc.h before sedx/adopt_vma.h"
#endif

#include <sedx/vma_table.h>

namespace sedx
{
// `allocatorFlags`: VmaAllocatorCreateInfo::flags. BUFFER_DEVICE_ADDRESS must be among them.
inline VmaTable MakeVmaTable(VmaAllocator allocator, VmaAllocatorCreateFlags allocatorFlags)
{
    VmaTable table;
    table.allocator = allocator;
    table.allocatorFlags = allocatorFlags;
    table.sizes.allocationCreateInfo = sizeof(VmaAllocationCreateInfo);
    table.sizes.allocationInfo = sizeof(VmaAllocationInfo);
    table.sizes.budget = sizeof(VmaBudget);
    table.sizes.poolCreateInfo = sizeof(VmaPoolCreateInfo);
    table.createBuffer = reinterpret_cast<VmaFunction>(&vmaCreateBufferWithAlignment);
    table.destroyBuffer = reinterpret_cast<VmaFunction>(&vmaDestroyBuffer);
    table.flushAllocation = reinterpret_cast<VmaFunction>(&vmaFlushAllocation);
    table.invalidateAllocation = reinterpret_cast<VmaFunction>(&vmaInvalidateAllocation);
    table.setAllocationName = reinterpret_cast<VmaFunction>(&vmaSetAllocationName);
    table.getHeapBudgets = reinterpret_cast<VmaFunction>(&vmaGetHeapBudgets);
    table.findMemoryTypeIndexForBufferInfo = reinterpret_cast<VmaFunction>(&vmaFindMemoryTypeIndexForBufferInfo);
    table.createPool = reinterpret_cast<VmaFunction>(&vmaCreatePool);
    table.destroyPool = reinterpret_cast<VmaFunction>(&vmaDestroyPool);
    table.getPoolStatistics = reinterpret_cast<VmaFunction>(&vmaGetPoolStatistics);
    table.setPoolName = reinterpret_cast<VmaFunction>(&vmaSetPoolName);
    return table;
}
} // namespace sedx
