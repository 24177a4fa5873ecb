#include "vulkan/requirements.h"

#include "vulkan/device_state.h"
#include "vulkan/features.h"

#include <algorithm>
#include <cstring>

namespace sedx
{
namespace
{
using Extensions = std::vector<VkExtensionProperties>;

bool Has(const Extensions& available, const char* name)
{
    return std::any_of(available.begin(), available.end(), [name](const VkExtensionProperties& extension) {
        return std::strcmp(extension.extensionName, name) == 0;
    });
}

Result<Extensions> ListExtensions(const InstanceDispatch& vki, VkPhysicalDevice physicalDevice,
                                  const std::string& deviceName)
{
    uint32_t count = 0;
    VkResult result = vki.EnumerateDeviceExtensionProperties(physicalDevice, nullptr, &count, nullptr);
    Extensions available(count);
    if (result == VK_SUCCESS)
        result = vki.EnumerateDeviceExtensionProperties(physicalDevice, nullptr, &count, available.data());
    if (result != VK_SUCCESS && result != VK_INCOMPLETE)
        return FailVk(result, "listing the extensions of device '{}'", deviceName);
    return available;
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
    Extensions available;
    if (modules != FeatureModule::Core)
    {
        auto listed = ListExtensions(vki, physicalDevice, needs.deviceName);
        if (!listed)
            return Forward(listed);
        available = std::move(*listed);
    }

    DeviceRequirements::Structures supported;
    Clear(supported);
    VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    for (const Feature& feature : KnownFeatures())
    {
        VkBaseOutStructure* structure = StructureOf(supported, feature.structure);
        const bool isAsked = Any(modules & feature.module) &&
                             (feature.extension == nullptr || Has(available, feature.extension));
        if (!isAsked || FindStructure(&features, feature.structure) != nullptr)
            continue;
        structure->pNext = static_cast<VkBaseOutStructure*>(features.pNext);
        features.pNext = structure;
    }
    vki.GetPhysicalDeviceFeatures2(physicalDevice, &features);

    for (const Feature& feature : KnownFeatures())
    {
        if (!Any(modules & feature.module) || (feature.extension != nullptr && !Has(available, feature.extension)))
            continue;
        const bool isSupported = BitOf(StructureOf(supported, feature.structure), feature.offset) == VK_TRUE;
        needs.features.push_back({feature.name, feature.module, feature.isRequired, isSupported});
        if (!isSupported && feature.isRequired)
            needs.missing.push_back(fmt::format("device '{}' lacks the feature {}", needs.deviceName, feature.name));
        if (isSupported && feature.extension != nullptr)
            needs.extensions.push_back({feature.extension, feature.module, false});
    }
    // Extensions without a feature of ours.
    if (Any(modules & FeatureModule::MemoryBudget) && Has(available, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME))
        needs.extensions.push_back({VK_EXT_MEMORY_BUDGET_EXTENSION_NAME, FeatureModule::MemoryBudget, false});
    if (Any(modules & FeatureModule::HostMemory) && Has(available, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME))
        needs.extensions.push_back({VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME, FeatureModule::HostMemory, false});
    return needs;
}

// A chain must not hold VkPhysicalDeviceVulkan12Features and the single structures it contains
// (VUID-VkDeviceCreateInfo-pNext-02829 and 02830, 06532): set the bit where the chain already has a place for it.
void DeviceRequirements::MergeInto(VkPhysicalDeviceFeatures2& chain)
{
    Clear(m_structures);
    for (const Feature& feature : KnownFeatures())
    {
        const auto listed = std::find_if(features.begin(), features.end(),
                                         [&](const RequiredFeature& entry) { return entry.name == feature.name; });
        if (!feature.isRequired && (listed == features.end() || !listed->supported))
            continue;
        if (VkBaseOutStructure* version = FindStructure(&chain, feature.version))
        {
            BitOf(version, feature.versionOffset) = VK_TRUE;
            continue;
        }
        VkBaseOutStructure* own = FindStructure(&chain, feature.structure);
        if (own == nullptr)
        {
            own = StructureOf(m_structures, feature.structure);
            own->pNext = static_cast<VkBaseOutStructure*>(chain.pNext);
            chain.pNext = own;
        }
        BitOf(own, feature.offset) = VK_TRUE;
    }
}
} // namespace sedx
