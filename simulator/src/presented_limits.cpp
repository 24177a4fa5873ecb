#include "presented_limits.h"

#include <algorithm>
#include <array>

namespace sedx::simulator
{
namespace
{
// In VkPhysicalDeviceLimits.
#define SEDX_SIMULATOR_ALIGNMENTS(X)                                                                                   \
    X(minTexelBufferOffsetAlignment)                                                                                   \
    X(minUniformBufferOffsetAlignment)                                                                                 \
    X(minStorageBufferOffsetAlignment)                                                                                 \
    X(optimalBufferCopyOffsetAlignment)                                                                                \
    X(optimalBufferCopyRowPitchAlignment)                                                                              \
    X(nonCoherentAtomSize)                                                                                             \
    X(bufferImageGranularity)
// minMemoryMapAlignment is a promise: a smaller one is always kept.
#define SEDX_SIMULATOR_MAXIMA(X)                                                                                       \
    X(minMemoryMapAlignment)                                                                                           \
    X(maxMemoryAllocationCount)                                                                                        \
    X(maxSamplerAllocationCount)                                                                                       \
    X(sparseAddressSpaceSize)                                                                                          \
    X(maxUniformBufferRange)                                                                                           \
    X(maxStorageBufferRange)                                                                                           \
    X(maxTexelBufferElements)                                                                                          \
    X(maxPushConstantsSize)                                                                                            \
    X(maxBoundDescriptorSets)                                                                                          \
    X(maxPerStageDescriptorUniformBuffers)                                                                             \
    X(maxPerStageDescriptorStorageBuffers)                                                                             \
    X(maxDescriptorSetUniformBuffers)                                                                                  \
    X(maxDescriptorSetUniformBuffersDynamic)                                                                           \
    X(maxDescriptorSetStorageBuffers)                                                                                  \
    X(maxDescriptorSetStorageBuffersDynamic)                                                                           \
    X(maxDrawIndexedIndexValue)                                                                                        \
    X(maxDrawIndirectCount)                                                                                            \
    X(maxImageDimension1D)                                                                                             \
    X(maxImageDimension2D)                                                                                             \
    X(maxImageDimension3D)                                                                                             \
    X(maxImageArrayLayers)

#define SEDX_SIMULATOR_NAME(name) std::string_view(#name),
constexpr std::array kAlignments = {SEDX_SIMULATOR_ALIGNMENTS(SEDX_SIMULATOR_NAME)
                                        std::string_view("minImportedHostPointerAlignment")};
constexpr std::array kKnown = {SEDX_SIMULATOR_ALIGNMENTS(SEDX_SIMULATOR_NAME) SEDX_SIMULATOR_MAXIMA(SEDX_SIMULATOR_NAME)
                                   std::string_view("minImportedHostPointerAlignment"),
                               std::string_view("maxMemoryAllocationSize"), std::string_view("maxBufferSize")};
#undef SEDX_SIMULATOR_NAME

template <class T>
void Present(const DeviceLayout& layout, const char* name, T& value)
{
    const auto found = layout.limits.find(name);
    if (found == layout.limits.end())
        return;
    const uint64_t real = value;
    value = static_cast<T>(IsAlignment(name) ? std::max(real, found->second) : std::min(real, found->second));
}
} // namespace

std::span<const std::string_view> KnownLimits() noexcept { return kKnown; }

bool IsAlignment(std::string_view limit) noexcept { return std::ranges::find(kAlignments, limit) != kAlignments.end(); }

void PresentLimits(const DeviceLayout& layout, VkPhysicalDeviceLimits& limits)
{
#define SEDX_SIMULATOR_PRESENT(name) Present(layout, #name, limits.name);
    SEDX_SIMULATOR_ALIGNMENTS(SEDX_SIMULATOR_PRESENT)
    SEDX_SIMULATOR_MAXIMA(SEDX_SIMULATOR_PRESENT)
#undef SEDX_SIMULATOR_PRESENT
}

void PresentLimits(const DeviceLayout& layout, VkBaseOutStructure* chain)
{
    for (; chain != nullptr; chain = chain->pNext)
    {
        switch (chain->sType)
        {
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES:
            Present(layout, "maxMemoryAllocationSize",
                    reinterpret_cast<VkPhysicalDeviceMaintenance3Properties*>(chain)->maxMemoryAllocationSize);
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES:
            Present(layout, "maxMemoryAllocationSize",
                    reinterpret_cast<VkPhysicalDeviceVulkan11Properties*>(chain)->maxMemoryAllocationSize);
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES:
            Present(layout, "maxBufferSize",
                    reinterpret_cast<VkPhysicalDeviceMaintenance4Properties*>(chain)->maxBufferSize);
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES:
            Present(layout, "maxBufferSize",
                    reinterpret_cast<VkPhysicalDeviceVulkan13Properties*>(chain)->maxBufferSize);
            break;
        case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT:
            Present(layout, "minImportedHostPointerAlignment",
                    reinterpret_cast<VkPhysicalDeviceExternalMemoryHostPropertiesEXT*>(chain)
                        ->minImportedHostPointerAlignment);
            break;
        default: break;
        }
    }
}
} // namespace sedx::simulator
