#include "vulkan/optional_features.h"

#include <algorithm>
#include <utility>

namespace sedx
{
namespace
{
void AddCore(OptionalFeatures& features, const VkPhysicalDeviceFeatures& core) noexcept
{
    features.multiDrawIndirect |= core.multiDrawIndirect == VK_TRUE;
    features.sparseBinding |= core.sparseBinding == VK_TRUE;
    features.sparseResidencyBuffer |= core.sparseResidencyBuffer == VK_TRUE;
}

bool Has(const std::vector<std::string>& extensions, const char* name)
{
    return std::find(extensions.begin(), extensions.end(), name) != extensions.end();
}
} // namespace

OptionalFeatures ReadOptionalFeatures(const void* chain, const std::vector<std::string>& extensions)
{
    OptionalFeatures optional;
    optional.drawIndirectCount = Has(extensions, VK_KHR_DRAW_INDIRECT_COUNT_EXTENSION_NAME);
    for (auto* next = static_cast<const VkBaseInStructure*>(chain); next != nullptr; next = next->pNext)
    {
        switch (next->sType)
        {
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2:
            AddCore(optional, reinterpret_cast<const VkPhysicalDeviceFeatures2*>(next)->features);
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES:
            optional.drawIndirectCount |=
                reinterpret_cast<const VkPhysicalDeviceVulkan12Features*>(next)->drawIndirectCount == VK_TRUE;
            break;
        // The same structure by three names: of the EXT and KHR extensions, and of Vulkan 1.4.
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_INDEX_TYPE_UINT8_FEATURES_EXT:
            optional.indexTypeUint8 |=
                reinterpret_cast<const VkPhysicalDeviceIndexTypeUint8FeaturesEXT*>(next)->indexTypeUint8 == VK_TRUE;
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MESH_SHADER_FEATURES_EXT:
            optional.meshShader |=
                reinterpret_cast<const VkPhysicalDeviceMeshShaderFeaturesEXT*>(next)->meshShader == VK_TRUE;
            break;
#if defined(VK_VERSION_1_4)
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_4_FEATURES:
            optional.indexTypeUint8 |=
                reinterpret_cast<const VkPhysicalDeviceVulkan14Features*>(next)->indexTypeUint8 == VK_TRUE;
            break;
#endif
        default: break;
        }
    }
    return optional;
}

OptionalFeatures SupportedFeatures(const DeviceState& state)
{
    VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    VkPhysicalDeviceVulkan12Features vulkan12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceIndexTypeUint8FeaturesEXT uint8{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_INDEX_TYPE_UINT8_FEATURES_EXT};
    VkPhysicalDeviceMeshShaderFeaturesEXT mesh{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MESH_SHADER_FEATURES_EXT};
    features.pNext = &vulkan12;
    // Structures of extensions that are not enabled stay out of the chain.
    if (state.HasExtension(VK_EXT_INDEX_TYPE_UINT8_EXTENSION_NAME) || state.HasExtension("VK_KHR_index_type_uint8"))
        uint8.pNext = std::exchange(features.pNext, &uint8);
    if (state.HasExtension(VK_EXT_MESH_SHADER_EXTENSION_NAME))
        mesh.pNext = std::exchange(features.pNext, &mesh);
    state.vki.GetPhysicalDeviceFeatures2(state.physicalDevice, &features);
    return ReadOptionalFeatures(&features, state.extensions);
}
} // namespace sedx
