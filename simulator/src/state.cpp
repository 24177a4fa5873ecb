#include "state.h"

#include "presented_limits.h"

namespace sedx::simulator
{
void SimulatorState::Report(std::string violation)
{
    const std::lock_guard lock(violationMutex);
    violations.push_back(std::move(violation));
}

void SimulatorState::WaitForDevices()
{
    const std::lock_guard lock(mutex);
    for (const auto& instance : instances)
    {
        const std::lock_guard inner(instance->mutex);
        for (const auto& made : instance->devices)
            static_cast<void>(made->next.DeviceWaitIdle(made->device));
    }
}

PhysicalState::PhysicalState(const InstanceState& instance, VkPhysicalDevice device)
{
    const InstanceFunctions& vk = instance.next;
    const DeviceLayout& layout = instance.simulator.layout;

    VkPhysicalDeviceMemoryProperties real{};
    vk.GetPhysicalDeviceMemoryProperties(device, &real);
    memory = MemoryMap(layout, real);

    VkPhysicalDeviceProperties properties{};
    vk.GetPhysicalDeviceProperties(device, &properties);
    if (vk.GetPhysicalDeviceProperties2 != nullptr && properties.apiVersion >= VK_API_VERSION_1_1)
    {
        VkPhysicalDeviceMaintenance4Properties maintenance4{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES};
        VkPhysicalDeviceMaintenance3Properties maintenance3{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
        VkPhysicalDeviceProperties2 all{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &maintenance3};
        const bool hasMaintenance4 = properties.apiVersion >= VK_API_VERSION_1_3;
        if (hasMaintenance4)
            maintenance3.pNext = &maintenance4;
        vk.GetPhysicalDeviceProperties2(device, &all);
        PresentLimits(layout, static_cast<VkBaseOutStructure*>(all.pNext));
        maxAllocationSize = maintenance3.maxMemoryAllocationSize;
        if (hasMaintenance4)
            maxBufferSize = maintenance4.maxBufferSize;
    }
    limits = properties.limits;
    PresentLimits(layout, limits);

    uint32_t count = 0;
    vk.GetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
    std::vector<VkQueueFamilyProperties> realFamilies(count);
    vk.GetPhysicalDeviceQueueFamilyProperties(device, &count, realFamilies.data());
    families = QueueFamilies(layout.queues, realFamilies);
}

const PhysicalState& InstanceState::Physical(VkPhysicalDevice device)
{
    const std::lock_guard lock(mutex);
    std::unique_ptr<PhysicalState>& physical = physicals[device];
    if (!physical)
        physical = std::make_unique<PhysicalState>(*this, device);
    return *physical;
}
} // namespace sedx::simulator
