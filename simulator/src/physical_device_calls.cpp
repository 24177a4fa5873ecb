// The physical device: name, type, limits, features that go with them, memory and queue families as the layout has them.
#include "presented_limits.h"
#include "wrapper.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace sedx::simulator
{
namespace
{
void Present(const DeviceLayout& layout, VkPhysicalDeviceProperties& properties)
{
    // "llvmpipe (LLVM 15.0.6, 256 bits)": what is in parentheses would only make the name long.
    const std::string_view real = properties.deviceName;
    std::string name = fmt::format("{} (simulated on {})", layout.deviceName, real.substr(0, real.find(" (")));
    name.resize(std::min<size_t>(name.size(), VK_MAX_PHYSICAL_DEVICE_NAME_SIZE - 1));
    std::memset(properties.deviceName, 0, sizeof(properties.deviceName));
    std::ranges::copy(name, properties.deviceName);
    properties.deviceType = layout.deviceType;
    PresentLimits(layout, properties.limits);
}

void GetPhysicalDeviceProperties(InstanceState& state, VkPhysicalDevice device, VkPhysicalDeviceProperties* out)
{
    state.next.GetPhysicalDeviceProperties(device, out);
    Present(state.simulator.layout, *out);
}

void GetPhysicalDeviceProperties2(InstanceState& state, VkPhysicalDevice device, VkPhysicalDeviceProperties2* out)
{
    state.next.GetPhysicalDeviceProperties2(device, out);
    Present(state.simulator.layout, out->properties);
    PresentLimits(state.simulator.layout, static_cast<VkBaseOutStructure*>(out->pNext));
}

// A device without addresses for sparse resources has none of their features.
void Present(const PhysicalState& physical, VkPhysicalDeviceFeatures& features)
{
    if (physical.limits.sparseAddressSpaceSize != 0)
        return;
    for (VkBool32* feature :
         {&features.sparseBinding, &features.sparseResidencyBuffer, &features.sparseResidencyImage2D,
          &features.sparseResidencyImage3D, &features.sparseResidency2Samples, &features.sparseResidency4Samples,
          &features.sparseResidency8Samples, &features.sparseResidency16Samples, &features.sparseResidencyAliased})
        *feature = VK_FALSE;
}

void GetPhysicalDeviceFeatures(InstanceState& state, VkPhysicalDevice device, VkPhysicalDeviceFeatures* out)
{
    state.next.GetPhysicalDeviceFeatures(device, out);
    Present(state.Physical(device), *out);
}

void GetPhysicalDeviceFeatures2(InstanceState& state, VkPhysicalDevice device, VkPhysicalDeviceFeatures2* out)
{
    state.next.GetPhysicalDeviceFeatures2(device, out);
    Present(state.Physical(device), out->features);
}

void GetPhysicalDeviceMemoryProperties(InstanceState& state, VkPhysicalDevice, VkPhysicalDeviceMemoryProperties* out)
{
    *out = state.simulator.layout.MemoryProperties();
}

void GetPhysicalDeviceMemoryProperties2(InstanceState& state, VkPhysicalDevice device,
                                        VkPhysicalDeviceMemoryProperties2* out)
{
    state.next.GetPhysicalDeviceMemoryProperties2(device, out);
    out->memoryProperties = state.simulator.layout.MemoryProperties();
    for (auto* s = static_cast<VkBaseOutStructure*>(out->pNext); s != nullptr; s = s->pNext)
    {
        if (s->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT)
            state.simulator.accounts.Present(*reinterpret_cast<VkPhysicalDeviceMemoryBudgetPropertiesEXT*>(s));
    }
}

void GetPhysicalDeviceQueueFamilyProperties(InstanceState& state, VkPhysicalDevice device, uint32_t* count,
                                            VkQueueFamilyProperties* out)
{
    const QueueFamilies& families = state.Physical(device).families;
    if (out == nullptr)
    {
        *count = families.Count();
        return;
    }
    *count = std::min(*count, families.Count());
    uint32_t realCount = std::min(*count, families.RealCount());
    state.next.GetPhysicalDeviceQueueFamilyProperties(device, &realCount, out);
    for (uint32_t i = realCount; i < *count; ++i)
        out[i] = families.Simulated(i);
}

void GetPhysicalDeviceQueueFamilyProperties2(InstanceState& state, VkPhysicalDevice device, uint32_t* count,
                                             VkQueueFamilyProperties2* out)
{
    const QueueFamilies& families = state.Physical(device).families;
    if (out == nullptr)
    {
        *count = families.Count();
        return;
    }
    *count = std::min(*count, families.Count());
    uint32_t realCount = std::min(*count, families.RealCount());
    state.next.GetPhysicalDeviceQueueFamilyProperties2(device, &realCount, out);
    for (uint32_t i = realCount; i < *count; ++i)
    {
        // What is chained to a simulated family is answered as for the real one below it.
        std::vector<VkQueueFamilyProperties2> real(families.RealCount(), {VK_STRUCTURE_TYPE_QUEUE_FAMILY_PROPERTIES_2});
        real[families.Base()].pNext = out[i].pNext;
        uint32_t all = families.RealCount();
        state.next.GetPhysicalDeviceQueueFamilyProperties2(device, &all, real.data());
        out[i].queueFamilyProperties = families.Simulated(i);
    }
}

VkResult GetPhysicalDeviceSurfaceSupportKHR(InstanceState& state, VkPhysicalDevice device, uint32_t family,
                                            VkSurfaceKHR surface, VkBool32* supported)
{
    if (!state.Physical(device).families.IsSimulated(family))
        return state.next.GetPhysicalDeviceSurfaceSupportKHR(device, family, surface, supported);
    *supported = VK_FALSE;
    return VK_SUCCESS;
}
} // namespace

void AddPhysicalDeviceCalls(WrapperTable& table)
{
    SEDX_SIMULATOR_WRAP_INSTANCE(table, GetPhysicalDeviceProperties);
    SEDX_SIMULATOR_WRAP_INSTANCE(table, GetPhysicalDeviceProperties2);
    SEDX_SIMULATOR_WRAP_INSTANCE(table, GetPhysicalDeviceFeatures);
    SEDX_SIMULATOR_WRAP_INSTANCE(table, GetPhysicalDeviceFeatures2);
    SEDX_SIMULATOR_WRAP_INSTANCE(table, GetPhysicalDeviceMemoryProperties);
    SEDX_SIMULATOR_WRAP_INSTANCE(table, GetPhysicalDeviceMemoryProperties2);
    SEDX_SIMULATOR_WRAP_INSTANCE(table, GetPhysicalDeviceQueueFamilyProperties);
    SEDX_SIMULATOR_WRAP_INSTANCE(table, GetPhysicalDeviceQueueFamilyProperties2);
    SEDX_SIMULATOR_WRAP_INSTANCE(table, GetPhysicalDeviceSurfaceSupportKHR);
}
} // namespace sedx::simulator
