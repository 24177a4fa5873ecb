#include "vulkan/features.h"

#include "vulkan/device_state.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

namespace sedx
{
namespace
{
constexpr VkStructureType kNoVersion = VK_STRUCTURE_TYPE_MAX_ENUM;
constexpr VkStructureType k12 = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
constexpr VkStructureType k13 = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES;
constexpr VkStructureType kIndexing = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DESCRIPTOR_INDEXING_FEATURES;

#if defined(VK_VERSION_1_4)
constexpr VkStructureType k14 = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_4_FEATURES;
constexpr size_t kUint8In14 = offsetof(VkPhysicalDeviceVulkan14Features, indexTypeUint8);
#else
constexpr VkStructureType k14 = kNoVersion;
constexpr size_t kUint8In14 = 0;
#endif

#define SEDX_BASIC(member)                                                                                             \
    Feature                                                                                                            \
    {                                                                                                                  \
#        member, kOfTheEngine, false, nullptr, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,                           \
            offsetof(VkPhysicalDeviceFeatures2, features) + offsetof(VkPhysicalDeviceFeatures, member), kNoVersion, 0  \
    }
#define SEDX_INDEXING(member)                                                                                          \
    Feature                                                                                                            \
    {                                                                                                                  \
#        member, FeatureModule::Bindless, false, nullptr, kIndexing,                                                   \
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
    SEDX_BASIC(robustBufferAccess),
    SEDX_BASIC(multiDrawIndirect),
    SEDX_BASIC(sparseBinding),
    SEDX_BASIC(sparseResidencyBuffer),
    {"drawIndirectCount", kOfTheEngine, false, nullptr, kNoVersion, 0, k12,
     offsetof(VkPhysicalDeviceVulkan12Features, drawIndirectCount)},
    // The same structure by three names: of the EXT and KHR extensions, and of Vulkan 1.4.
    {"indexTypeUint8", kOfTheEngine, false, VK_EXT_INDEX_TYPE_UINT8_EXTENSION_NAME,
     VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_INDEX_TYPE_UINT8_FEATURES_EXT,
     offsetof(VkPhysicalDeviceIndexTypeUint8FeaturesEXT, indexTypeUint8), k14, kUint8In14},
    {"meshShader", kOfTheEngine, false, VK_EXT_MESH_SHADER_EXTENSION_NAME,
     VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MESH_SHADER_FEATURES_EXT,
     offsetof(VkPhysicalDeviceMeshShaderFeaturesEXT, meshShader), kNoVersion, 0},
};
#undef SEDX_BASIC
#undef SEDX_INDEXING

void ReadEngineFeatures(DeviceState& state, const void* chain) noexcept
{
    OptionalFeatures& features = state.features;
    features.multiDrawIndirect = IsEnabled(chain, "multiDrawIndirect");
    features.drawIndirectCount = // the extension switches it on by itself
        IsEnabled(chain, "drawIndirectCount") || state.HasExtension(VK_KHR_DRAW_INDIRECT_COUNT_EXTENSION_NAME);
    features.indexTypeUint8 = IsEnabled(chain, "indexTypeUint8");
    features.meshShader = IsEnabled(chain, "meshShader");
    features.sparseBinding = IsEnabled(chain, "sparseBinding");
    features.sparseResidencyBuffer = IsEnabled(chain, "sparseResidencyBuffer");
}
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
    descriptors.tellsRobustness =
        FindStructure(const_cast<void*>(chain), VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2) != nullptr;
    descriptors.robustBuffers = IsEnabled(chain, "robustBufferAccess");
    ReadEngineFeatures(state, chain);
}

void AssumeEngineFeatures(DeviceState& state, uint32_t instanceApiVersion) noexcept
{
    VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    VkPhysicalDeviceVulkan12Features vulkan12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceIndexTypeUint8FeaturesEXT uint8{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_INDEX_TYPE_UINT8_FEATURES_EXT};
    VkPhysicalDeviceMeshShaderFeaturesEXT mesh{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MESH_SHADER_FEATURES_EXT};
    features.pNext = &vulkan12;
#if defined(VK_VERSION_1_4)
    VkPhysicalDeviceVulkan14Features vulkan14{k14}; // says indexTypeUint8 where no extension does
    VkPhysicalDeviceProperties properties{};
    state.vki.GetPhysicalDeviceProperties(state.physicalDevice, &properties);
    if (std::min(instanceApiVersion, properties.apiVersion) >= VK_API_VERSION_1_4)
        vulkan14.pNext = std::exchange(features.pNext, &vulkan14);
#endif
    // Structures of extensions that are not enabled stay out of the chain.
    if (state.HasExtension(VK_EXT_INDEX_TYPE_UINT8_EXTENSION_NAME) || state.HasExtension("VK_KHR_index_type_uint8"))
        uint8.pNext = std::exchange(features.pNext, &uint8);
    if (state.HasExtension(VK_EXT_MESH_SHADER_EXTENSION_NAME))
        mesh.pNext = std::exchange(features.pNext, &mesh);
    state.vki.GetPhysicalDeviceFeatures2(state.physicalDevice, &features);
    ReadEngineFeatures(state, &features);
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
