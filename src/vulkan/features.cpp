#include "vulkan/features.h"

#include "vulkan/device_state.h"

#include <cstddef>
#include <cstring>

namespace sedx
{
namespace
{
constexpr VkStructureType kNoVersion = VK_STRUCTURE_TYPE_MAX_ENUM;
constexpr VkStructureType k12 = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
constexpr VkStructureType k13 = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES;
constexpr VkStructureType kIndexing = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_INDEXING_FEATURES;

#define SEDX_INDEXING(member)                                                                                          \
    Feature                                                                                                            \
    {                                                                                                                  \
        #member, FeatureModule::Bindless, false, nullptr, kIndexing,                                                   \
            offsetof(VkPhysicalDeviceDescriptorIndexingFeatures, member), k12,                                         \
            offsetof(VkPhysicalDeviceVulkan12Features, member)                                                         \
    }

constexpr Feature kFeatures[] = {
    {"timelineSemaphore", FeatureModule::Core, true, nullptr,
     VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
     offsetof(VkPhysicalDeviceTimelineSemaphoreFeatures, timelineSemaphore), k12,
     offsetof(VkPhysicalDeviceVulkan12Features, timelineSemaphore)},
    {"synchronization2", FeatureModule::Core, true, nullptr,
     VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES,
     offsetof(VkPhysicalDeviceSynchronization2Features, synchronization2), k13,
     offsetof(VkPhysicalDeviceVulkan13Features, synchronization2)},
    {"bufferDeviceAddress", FeatureModule::Core, true, nullptr,
     VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES,
     offsetof(VkPhysicalDeviceBufferDeviceAddressFeatures, bufferDeviceAddress), k12,
     offsetof(VkPhysicalDeviceVulkan12Features, bufferDeviceAddress)},
    SEDX_INDEXING(shaderStorageBufferArrayNonUniformIndexing),
    SEDX_INDEXING(descriptorBindingStorageBufferUpdateAfterBind),
    SEDX_INDEXING(descriptorBindingUpdateUnusedWhilePending),
    SEDX_INDEXING(descriptorBindingPartiallyBound),
    SEDX_INDEXING(descriptorBindingVariableDescriptorCount),
    SEDX_INDEXING(runtimeDescriptorArray),
    {"memoryPriority", FeatureModule::MemoryPriority, false, VK_EXT_MEMORY_PRIORITY_EXTENSION_NAME,
     VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PRIORITY_FEATURES_EXT,
     offsetof(VkPhysicalDeviceMemoryPriorityFeaturesEXT, memoryPriority), kNoVersion, 0},
    {"nullDescriptor", FeatureModule::Bindless, false, VK_EXT_ROBUSTNESS_2_EXTENSION_NAME,
     VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ROBUSTNESS_2_FEATURES_EXT,
     offsetof(VkPhysicalDeviceRobustness2FeaturesEXT, nullDescriptor), kNoVersion, 0},
    {"descriptorBuffer", FeatureModule::DescriptorBuffer, false, VK_EXT_DESCRIPTOR_BUFFER_EXTENSION_NAME,
     VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_BUFFER_FEATURES_EXT,
     offsetof(VkPhysicalDeviceDescriptorBufferFeaturesEXT, descriptorBuffer), kNoVersion, 0},
};
#undef SEDX_INDEXING
} // namespace

std::span<const Feature> KnownFeatures() noexcept { return kFeatures; }

VkBaseOutStructure* FindStructure(void* chain, VkStructureType type) noexcept
{
    for (auto* next = static_cast<VkBaseOutStructure*>(chain); next != nullptr; next = next->pNext)
        if (next->sType == type)
            return next;
    return nullptr;
}

bool IsEnabled(const void* chain, const Feature& feature) noexcept
{
    void* const start = const_cast<void*>(chain); // only read
    if (VkBaseOutStructure* own = FindStructure(start, feature.structure))
        if (BitOf(own, feature.offset) == VK_TRUE)
            return true;
    if (feature.version == kNoVersion)
        return false;
    VkBaseOutStructure* version = FindStructure(start, feature.version);
    return version != nullptr && BitOf(version, feature.versionOffset) == VK_TRUE;
}

bool IsEnabled(const void* chain, const char* name) noexcept
{
    for (const Feature& feature : kFeatures)
        if (std::strcmp(feature.name, name) == 0)
            return IsEnabled(chain, feature);
    return false;
}

bool IsRobustBufferAccessEnabled(const void* chain) noexcept
{
    const auto* features = reinterpret_cast<const VkPhysicalDeviceFeatures2*>(
        FindStructure(const_cast<void*>(chain), VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2));
    return features != nullptr && features->features.robustBufferAccess == VK_TRUE;
}

void ReadFeatures(DeviceState& state, const void* chain) noexcept
{
    state.hasMemoryPriority =
        state.HasExtension(VK_EXT_MEMORY_PRIORITY_EXTENSION_NAME) && IsEnabled(chain, "memoryPriority");
    DeviceState::DescriptorFacts& descriptors = state.descriptors;
    descriptors.indexing = IsEnabled(chain, "shaderStorageBufferArrayNonUniformIndexing") &&
                           IsEnabled(chain, "descriptorBindingStorageBufferUpdateAfterBind") &&
                           IsEnabled(chain, "descriptorBindingUpdateUnusedWhilePending") &&
                           IsEnabled(chain, "descriptorBindingPartiallyBound") &&
                           IsEnabled(chain, "runtimeDescriptorArray");
    descriptors.variableCount = IsEnabled(chain, "descriptorBindingVariableDescriptorCount");
    descriptors.nullDescriptor = IsEnabled(chain, "nullDescriptor");
    descriptors.buffers =
        state.HasExtension(VK_EXT_DESCRIPTOR_BUFFER_EXTENSION_NAME) && IsEnabled(chain, "descriptorBuffer");
    descriptors.robustBuffers = IsRobustBufferAccessEnabled(chain);
}

void Clear(DeviceRequirements::Structures& s) noexcept
{
    s = {};
    s.timeline.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES;
    s.address.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES;
    s.sync2.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES;
    s.indexing.sType = kIndexing;
    s.priority.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PRIORITY_FEATURES_EXT;
    s.robustness.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ROBUSTNESS_2_FEATURES_EXT;
    s.descriptorBuffer.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_BUFFER_FEATURES_EXT;
}

VkBaseOutStructure* StructureOf(DeviceRequirements::Structures& s, VkStructureType type) noexcept
{
    void* const all[] = {&s.timeline, &s.address,    &s.sync2,           &s.indexing,
                         &s.priority, &s.robustness, &s.descriptorBuffer};
    for (void* structure : all)
        if (static_cast<VkBaseOutStructure*>(structure)->sType == type)
            return static_cast<VkBaseOutStructure*>(structure);
    return nullptr;
}
} // namespace sedx
