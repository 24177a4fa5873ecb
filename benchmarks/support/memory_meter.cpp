#include "support/memory_meter.h"

#include <mutex>
#include <unordered_map>

namespace bench
{
namespace
{
struct Meter
{
    std::mutex mutex;
    std::unordered_map<VkDeviceMemory, uint64_t> live;
    uint64_t bytes = 0;
    PFN_vkAllocateMemory allocate = nullptr;
    PFN_vkFreeMemory free = nullptr;
};
Meter g_meter; // replaced functions find it here; there is one device

VKAPI_ATTR VkResult VKAPI_CALL CountAllocate(VkDevice device, const VkMemoryAllocateInfo* info,
                                             const VkAllocationCallbacks* callbacks, VkDeviceMemory* memory)
{
    const VkResult result = g_meter.allocate(device, info, callbacks, memory);
    if (result == VK_SUCCESS)
    {
        const std::lock_guard lock(g_meter.mutex);
        g_meter.live[*memory] = info->allocationSize;
        g_meter.bytes += info->allocationSize;
    }
    return result;
}

VKAPI_ATTR void VKAPI_CALL CountFree(VkDevice device, VkDeviceMemory memory, const VkAllocationCallbacks* callbacks)
{
    {
        const std::lock_guard lock(g_meter.mutex);
        if (const auto found = g_meter.live.find(memory); found != g_meter.live.end())
        {
            g_meter.bytes -= found->second;
            g_meter.live.erase(found);
        }
    }
    g_meter.free(device, memory, callbacks);
}

void Wrap(sedx::DeviceDispatch& table, VkDevice, void*)
{
    g_meter.allocate = table.AllocateMemory;
    g_meter.free = table.FreeMemory;
    table.AllocateMemory = CountAllocate;
    table.FreeMemory = CountFree;
}
} // namespace

sedx::DispatchHook MemoryMeter::Hook() noexcept { return {.wrapDevice = Wrap}; }

uint64_t CommittedBytes()
{
    const std::lock_guard lock(g_meter.mutex);
    return g_meter.bytes;
}
} // namespace bench
