// Memory: allocating within the presented heaps, mapping, and the two directions of what is not coherent.
#include "wrapper.h"

namespace sedx::simulator
{
namespace
{
VkResult AllocateMemory(DeviceState& state, VkDevice, const VkMemoryAllocateInfo* info,
                        const VkAllocationCallbacks* allocator, VkDeviceMemory* memory)
{
    return state.memory.Allocate(*info, allocator, memory);
}

void FreeMemory(DeviceState& state, VkDevice, VkDeviceMemory memory, const VkAllocationCallbacks* allocator)
{
    state.memory.Free(memory, allocator);
}

VkResult MapMemory(DeviceState& state, VkDevice device, VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize size,
                   VkMemoryMapFlags flags, void** data)
{
    return state.memory.Map(memory, offset, size, data,
                            [&] { return state.next.MapMemory(device, memory, offset, size, flags, data); });
}

VkResult MapMemory2KHR(DeviceState& state, VkDevice device, const VkMemoryMapInfoKHR* info, void** data)
{
    return state.memory.Map(info->memory, info->offset, info->size, data,
                            [&] { return state.next.MapMemory2KHR(device, info, data); });
}

void UnmapMemory(DeviceState& state, VkDevice device, VkDeviceMemory memory)
{
    state.memory.NoteUnmapped(memory);
    state.next.UnmapMemory(device, memory);
}

VkResult UnmapMemory2KHR(DeviceState& state, VkDevice device, const VkMemoryUnmapInfoKHR* info)
{
    state.memory.NoteUnmapped(info->memory);
    return state.next.UnmapMemory2KHR(device, info);
}

VkResult FlushMappedMemoryRanges(DeviceState& state, VkDevice, uint32_t count, const VkMappedMemoryRange* ranges)
{
    return state.memory.Flush(count, ranges);
}

VkResult InvalidateMappedMemoryRanges(DeviceState& state, VkDevice, uint32_t count, const VkMappedMemoryRange* ranges)
{
    return state.memory.Invalidate(count, ranges);
}
} // namespace

void AddMemoryCalls(WrapperTable& table)
{
    SEDX_SIMULATOR_WRAP_DEVICE(table, AllocateMemory);
    SEDX_SIMULATOR_WRAP_DEVICE(table, FreeMemory);
    SEDX_SIMULATOR_WRAP_DEVICE(table, MapMemory);
    SEDX_SIMULATOR_WRAP_DEVICE(table, MapMemory2KHR);
    SEDX_SIMULATOR_WRAP_DEVICE(table, UnmapMemory);
    SEDX_SIMULATOR_WRAP_DEVICE(table, UnmapMemory2KHR);
    SEDX_SIMULATOR_WRAP_DEVICE(table, FlushMappedMemoryRanges);
    SEDX_SIMULATOR_WRAP_DEVICE(table, InvalidateMappedMemoryRanges);
}
} // namespace sedx::simulator
