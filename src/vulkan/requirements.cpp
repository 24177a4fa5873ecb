#include "vulkan/requirements.h"

#include "vulkan/device_state.h"

#include <algorithm>
#include <cstring>

namespace sedx
{
namespace
{
struct CoreFeature
{
    const char* name;
    VkBool32 supported;
};

template <class T>
T* FindInChain(VkBaseOutStructure* chain, VkStructureType type)
{
    for (; chain != nullptr; chain = chain->pNext)
        if (chain->sType == type)
            return reinterpret_cast<T*>(chain);
    return nullptr;
}
} // namespace

Result<DeviceRequirements> Requirements(PFN_vkGetInstanceProcAddr getInstanceProcAddr, VkInstance instance,
                                        VkPhysicalDevice physicalDevice, FeatureModule modules)
{
    if (getInstanceProcAddr == nullptr || instance == VK_NULL_HANDLE || physicalDevice == VK_NULL_HANDLE)
        return Fail(ErrorCode::InvalidArgument, "Requirements needs vkGetInstanceProcAddr, an instance and a device");
    InstanceDispatch table;
    const char* missing = nullptr;
    if (!LoadInstanceTable(table, getInstanceProcAddr, instance, &missing))
        return Fail(ErrorCode::InvalidArgument, "the instance lacks {}", missing);
    return RequirementsOf(table, physicalDevice, modules);
}

Result<DeviceRequirements> RequirementsOf(const InstanceDispatch& vki, VkPhysicalDevice physicalDevice,
                                          FeatureModule modules)
{
    VkPhysicalDeviceProperties properties{};
    vki.GetPhysicalDeviceProperties(physicalDevice, &properties);
    DeviceRequirements needs;
    needs.deviceName = properties.deviceName;
    if (properties.apiVersion < VK_API_VERSION_1_3)
    {
        needs.missing.push_back(fmt::format("device '{}' offers Vulkan {}.{}, 1.3 is needed", needs.deviceName,
                                            VK_API_VERSION_MAJOR(properties.apiVersion),
                                            VK_API_VERSION_MINOR(properties.apiVersion)));
    }

    if (Any(modules & FeatureModule::Core))
    {
        VkPhysicalDeviceTimelineSemaphoreFeatures timeline{
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES};
        VkPhysicalDeviceBufferDeviceAddressFeatures address{
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES};
        VkPhysicalDeviceSynchronization2Features sync2{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES};
        VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
        features.pNext = &timeline;
        timeline.pNext = &address;
        address.pNext = &sync2;
        vki.GetPhysicalDeviceFeatures2(physicalDevice, &features);
        const CoreFeature core[] = {{"timelineSemaphore", timeline.timelineSemaphore},
                                    {"synchronization2", sync2.synchronization2},
                                    {"bufferDeviceAddress", address.bufferDeviceAddress}};
        for (const CoreFeature& feature : core)
        {
            needs.features.push_back({feature.name, FeatureModule::Core, true, feature.supported == VK_TRUE});
            if (feature.supported != VK_TRUE)
                needs.missing.push_back(
                    fmt::format("device '{}' lacks the feature {}", needs.deviceName, feature.name));
        }
    }

    if (Any(modules & (FeatureModule::MemoryBudget | FeatureModule::MemoryPriority | FeatureModule::HostMemory)))
    {
        uint32_t count = 0;
        VkResult result = vki.EnumerateDeviceExtensionProperties(physicalDevice, nullptr, &count, nullptr);
        std::vector<VkExtensionProperties> available(count);
        if (result == VK_SUCCESS)
            result = vki.EnumerateDeviceExtensionProperties(physicalDevice, nullptr, &count, available.data());
        if (result != VK_SUCCESS && result != VK_INCOMPLETE)
            return FailVk(result, "listing the extensions of device '{}'", needs.deviceName);
        const auto has = [&](const char* name) {
            return std::any_of(available.begin(), available.end(), [name](const VkExtensionProperties& extension) {
                return std::strcmp(extension.extensionName, name) == 0;
            });
        };
        if (Any(modules & FeatureModule::MemoryBudget) && has(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME))
            needs.extensions.push_back({VK_EXT_MEMORY_BUDGET_EXTENSION_NAME, FeatureModule::MemoryBudget, false});
        if (Any(modules & FeatureModule::HostMemory) && has(VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME))
            needs.extensions.push_back({VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME, FeatureModule::HostMemory, false});
        if (Any(modules & FeatureModule::MemoryPriority) && has(VK_EXT_MEMORY_PRIORITY_EXTENSION_NAME))
        {
            VkPhysicalDeviceMemoryPriorityFeaturesEXT priority{
                VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PRIORITY_FEATURES_EXT};
            VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
            features.pNext = &priority;
            vki.GetPhysicalDeviceFeatures2(physicalDevice, &features);
            const bool supported = priority.memoryPriority == VK_TRUE;
            needs.features.push_back({"memoryPriority", FeatureModule::MemoryPriority, false, supported});
            if (supported)
                needs.extensions.push_back(
                    {VK_EXT_MEMORY_PRIORITY_EXTENSION_NAME, FeatureModule::MemoryPriority, false});
        }
    }
    return needs;
}

void DeviceRequirements::MergeInto(VkPhysicalDeviceFeatures2& chain)
{
    auto* head = reinterpret_cast<VkBaseOutStructure*>(&chain);
    const auto append = [&](auto& structure) {
        structure.pNext = chain.pNext;
        chain.pNext = &structure;
    };
    // A chain must not hold VkPhysicalDeviceVulkan12Features and the single structures it contains
    // (VUID-VkDeviceCreateInfo-pNext-02829 and 02830, 06532): set the bit where the chain already has a place for it.
    if (auto* vulkan12 =
            FindInChain<VkPhysicalDeviceVulkan12Features>(head, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES))
    {
        vulkan12->timelineSemaphore = VK_TRUE;
        vulkan12->bufferDeviceAddress = VK_TRUE;
    }
    else
    {
        if (auto* timeline = FindInChain<VkPhysicalDeviceTimelineSemaphoreFeatures>(
                head, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES))
            timeline->timelineSemaphore = VK_TRUE;
        else
        {
            m_timeline = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES, nullptr, VK_TRUE};
            append(m_timeline);
        }
        if (auto* address = FindInChain<VkPhysicalDeviceBufferDeviceAddressFeatures>(
                head, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES))
            address->bufferDeviceAddress = VK_TRUE;
        else
        {
            m_address = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES, nullptr, VK_TRUE, VK_FALSE,
                         VK_FALSE};
            append(m_address);
        }
    }
    if (auto* vulkan13 =
            FindInChain<VkPhysicalDeviceVulkan13Features>(head, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES))
        vulkan13->synchronization2 = VK_TRUE;
    else if (auto* sync2 = FindInChain<VkPhysicalDeviceSynchronization2Features>(
                 head, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES))
        sync2->synchronization2 = VK_TRUE;
    else
    {
        m_sync2 = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES, nullptr, VK_TRUE};
        append(m_sync2);
    }
    const bool wantsPriority =
        std::any_of(extensions.begin(), extensions.end(), [](const RequiredExtension& extension) {
            return extension.module == FeatureModule::MemoryPriority;
        });
    if (!wantsPriority)
        return;
    if (auto* priority = FindInChain<VkPhysicalDeviceMemoryPriorityFeaturesEXT>(
            head, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PRIORITY_FEATURES_EXT))
        priority->memoryPriority = VK_TRUE;
    else
    {
        m_priority = {VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PRIORITY_FEATURES_EXT, nullptr, VK_TRUE};
        append(m_priority);
    }
}
} // namespace sedx
