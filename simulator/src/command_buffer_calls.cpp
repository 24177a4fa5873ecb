// Command pools: of the real family below a simulated one.
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
    return state.next.CreateCommandPool(device, &real, allocator, pool);
}
} // namespace

void AddCommandBufferCalls(WrapperTable& table) { SEDX_SIMULATOR_WRAP_DEVICE(table, CreateCommandPool); }
} // namespace sedx::simulator
