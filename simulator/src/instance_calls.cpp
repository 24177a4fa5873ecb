// The beginning and end of instances and devices, and where device functions come from.
#include "wrapper.h"

#include <algorithm>

namespace sedx::simulator
{
namespace
{
void DestroyInstance(InstanceState& state, VkInstance instance, const VkAllocationCallbacks* allocator)
{
    Unregister(DispatchKey(instance)); // first: the next instance may get the same key
    state.next.DestroyInstance(instance, allocator);
    SimulatorState& simulator = state.simulator;
    const std::lock_guard lock(simulator.mutex);
    std::erase_if(simulator.instances, [&](const auto& entry) { return entry.get() == &state; });
}

// The queues to create: those of simulated families are no queues of the device, the one that serves them is.
std::vector<VkDeviceQueueCreateInfo> RealQueues(const QueueFamilies& families, const VkDeviceCreateInfo& info)
{
    static constexpr float kPriority = 1.0F;
    std::vector<VkDeviceQueueCreateInfo> real;
    bool hasSimulated = false;
    for (uint32_t i = 0; i < info.queueCreateInfoCount; ++i)
    {
        if (families.IsSimulated(info.pQueueCreateInfos[i].queueFamilyIndex))
            hasSimulated = true;
        else
            real.push_back(info.pQueueCreateInfos[i]);
    }
    const bool hasBase = std::ranges::any_of(real, [&](const VkDeviceQueueCreateInfo& queue) {
        return queue.queueFamilyIndex == families.Base() && queue.flags == 0;
    });
    if (hasSimulated && !hasBase)
    {
        VkDeviceQueueCreateInfo base{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
        base.queueFamilyIndex = families.Base();
        base.queueCount = 1;
        base.pQueuePriorities = &kPriority;
        real.push_back(base);
    }
    return real;
}

VkResult CreateDevice(InstanceState& state, VkPhysicalDevice physicalDevice, const VkDeviceCreateInfo* info,
                      const VkAllocationCallbacks* allocator, VkDevice* device)
{
    const PhysicalState& physical = state.Physical(physicalDevice);
    const std::vector<VkDeviceQueueCreateInfo> queues = RealQueues(physical.families, *info);
    VkDeviceCreateInfo real = *info;
    real.queueCreateInfoCount = static_cast<uint32_t>(queues.size());
    real.pQueueCreateInfos = queues.data();
    const VkResult result = state.next.CreateDevice(physicalDevice, &real, allocator, device);
    if (result != VK_SUCCESS)
        return result;

    auto made = std::make_unique<DeviceState>(state.simulator, physical, *device);
    const auto load = [&](const char* name) { return state.getDeviceProcAddr(*device, name); };
#define SEDX_SIMULATOR_LOAD(name)                                                                                      \
    made->next.name = reinterpret_cast<PFN_vk##name>(load("vk" #name));                                                \
    if (made->next.name == nullptr)                                                                                    \
        made->next.name = reinterpret_cast<PFN_vk##name>(load("vk" #name "KHR"));
    SEDX_SIMULATOR_ALL_DEVICE_FUNCTIONS(SEDX_SIMULATOR_LOAD)
#undef SEDX_SIMULATOR_LOAD
    made->next.GetDeviceProcAddr = state.getDeviceProcAddr; // the loader's own, which knows more names
    // Listed by the names that they had before they became core.
    if (made->next.MapMemory2KHR == nullptr)
        made->next.MapMemory2KHR = reinterpret_cast<PFN_vkMapMemory2KHR>(load("vkMapMemory2"));
    if (made->next.UnmapMemory2KHR == nullptr)
        made->next.UnmapMemory2KHR = reinterpret_cast<PFN_vkUnmapMemory2KHR>(load("vkUnmapMemory2"));
    made->queues.Create(*info);
    RegisterDevice(*device, *made);
    const std::lock_guard lock(state.mutex);
    state.devices.push_back(std::move(made));
    return VK_SUCCESS;
}

// Out of the list of its instance: from now on nobody waits for it.
std::unique_ptr<DeviceState> Take(const DeviceState& state)
{
    std::unique_ptr<DeviceState> taken;
    const std::lock_guard lock(state.simulator.mutex);
    for (const auto& instance : state.simulator.instances)
    {
        const std::lock_guard inner(instance->mutex);
        const auto found = std::ranges::find(instance->devices, &state, &std::unique_ptr<DeviceState>::get);
        if (found == instance->devices.end())
            continue;
        taken = std::move(*found);
        instance->devices.erase(found);
    }
    return taken;
}

void DestroyDevice(DeviceState& state, VkDevice device, const VkAllocationCallbacks* allocator)
{
    const std::unique_ptr<DeviceState> last = Take(state);
    state.submissions.DropAll();
    state.ownership.ForgetAll();
    state.memory.GiveBackAll();
    Unregister(DispatchKey(device)); // first: the next device may get the same key
    state.next.DestroyDevice(device, allocator);
}

PFN_vkVoidFunction GetDeviceProcAddr(DeviceState& state, VkDevice device, const char* name)
{
    const PFN_vkVoidFunction real = state.next.GetDeviceProcAddr(device, name);
    if (real == nullptr)
        return nullptr;
    const PFN_vkVoidFunction wrapper = FindWrapper(name);
    return wrapper != nullptr ? wrapper : real;
}
} // namespace

void AddInstanceCalls(WrapperTable& table)
{
    SEDX_SIMULATOR_WRAP_INSTANCE(table, DestroyInstance);
    SEDX_SIMULATOR_WRAP_INSTANCE(table, CreateDevice);
    SEDX_SIMULATOR_WRAP_DEVICE(table, DestroyDevice);
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetDeviceProcAddr);
}
} // namespace sedx::simulator
