// Command pools and command buffers: of the real family below a simulated one, and what is recorded about them.
#include "wrapper.h"

namespace sedx::simulator
{
namespace
{
VkResult CreateCommandPool(DeviceState& state, VkDevice device, const VkCommandPoolCreateInfo* info,
                           const VkAllocationCallbacks* allocator, VkCommandPool* pool)
{
    VkCommandPoolCreateInfo real = *info;
    real.queueFamilyIndex = state.physical.families.Real(info->queueFamilyIndex);
    const VkResult result = state.next.CreateCommandPool(device, &real, allocator, pool);
    if (result == VK_SUCCESS && state.queues.IsActive())
        state.commandRecords.Add(*pool, info->queueFamilyIndex);
    return result;
}

void DestroyCommandPool(DeviceState& state, VkDevice device, VkCommandPool pool, const VkAllocationCallbacks* allocator)
{
    state.commandRecords.Remove(pool);
    state.next.DestroyCommandPool(device, pool, allocator);
}

VkResult AllocateCommandBuffers(DeviceState& state, VkDevice device, const VkCommandBufferAllocateInfo* info,
                                VkCommandBuffer* commandBuffers)
{
    const VkResult result = state.next.AllocateCommandBuffers(device, info, commandBuffers);
    if (result == VK_SUCCESS && state.queues.IsActive())
        state.commandRecords.Add(info->commandPool, info->commandBufferCount, commandBuffers);
    return result;
}

void FreeCommandBuffers(DeviceState& state, VkDevice device, VkCommandPool pool, uint32_t count,
                        const VkCommandBuffer* commandBuffers)
{
    state.commandRecords.Remove(count, commandBuffers);
    state.next.FreeCommandBuffers(device, pool, count, commandBuffers);
}

VkResult BeginCommandBuffer(DeviceState& state, VkCommandBuffer commandBuffer, const VkCommandBufferBeginInfo* info)
{
    state.commandRecords.Clear(commandBuffer);
    return state.next.BeginCommandBuffer(commandBuffer, info);
}

void CmdExecuteCommands(DeviceState& state, VkCommandBuffer commandBuffer, uint32_t count,
                        const VkCommandBuffer* secondaries)
{
    for (uint32_t i = 0; i < count; ++i)
        state.commandRecords.Append(commandBuffer, secondaries[i]);
    state.next.CmdExecuteCommands(commandBuffer, count, secondaries);
}
} // namespace

void AddCommandBufferCalls(WrapperTable& table)
{
    SEDX_SIMULATOR_WRAP_DEVICE(table, CreateCommandPool);
    SEDX_SIMULATOR_WRAP_DEVICE(table, DestroyCommandPool);
    SEDX_SIMULATOR_WRAP_DEVICE(table, AllocateCommandBuffers);
    SEDX_SIMULATOR_WRAP_DEVICE(table, FreeCommandBuffers);
    SEDX_SIMULATOR_WRAP_DEVICE(table, BeginCommandBuffer);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdExecuteCommands);
}
} // namespace sedx::simulator
