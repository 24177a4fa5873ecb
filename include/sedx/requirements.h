// What a device must offer and what the library would like to use, asked before the engine creates its device.
//
//     auto needs = sedx::Requirements(vkGetInstanceProcAddr, instance, physicalDevice);
//     if (!needs || !needs->missing.empty()) ...                  // says what is missing and on which device
//     for (auto& e : needs->extensions) extensions.push_back(e.name.c_str());
//     needs->MergeInto(features2);                                // sets our bits in the chain for vkCreateDevice
//
// The core needs timelineSemaphore, synchronization2 and bufferDeviceAddress, all of Vulkan 1.3. Everything else is
// optional: a missing optional feature switches one path off and says why in the log.
#pragma once

#include <sedx/flags.h>
#include <sedx/result.h>

#include <deque>
#include <string>
#include <vector>

namespace sedx
{
enum class FeatureModule : uint32_t
{
    Core = 1u << 0,           // buffers, frames, uploads, read-backs
    MemoryBudget = 1u << 1,   // exact heap budgets instead of the library's own accounting
    MemoryPriority = 1u << 2, // BufferPriority reaches the driver
    HostMemory = 1u << 3,     // UploadQueue::Import: copies straight from the application's memory
    Bindless = 1u << 4,       // BindlessBufferSystem with either backend, and null descriptors in empty slots
    All = 0x1F,
    // BindlessBackend::DescriptorBuffer, beside Bindless. To be asked for: tools that look at descriptors see less of such buffers.
    DescriptorBuffer = 1u << 5,
};
SEDX_ENABLE_FLAGS(FeatureModule);

struct RequiredExtension
{
    std::string name;
    FeatureModule module = FeatureModule::Core;
    bool required = false; // false: listed because the device has it and the module uses it
};

struct RequiredFeature
{
    std::string name; // as in the Vulkan headers, for instance "timelineSemaphore"
    FeatureModule module = FeatureModule::Core;
    bool required = false;
    bool supported = false;
};

class SEDX_API DeviceRequirements
{
  public:
    std::string deviceName;
    std::vector<RequiredExtension> extensions; // supported ones only
    std::vector<RequiredFeature> features;     // supported or not
    std::vector<std::string> missing;          // each a sentence; empty: the device will do

    // Sets the library's feature bits in a chain that starts with VkPhysicalDeviceFeatures2. Structures that the chain
    // lacks are appended; they live in this object, which must outlive vkCreateDevice. Either style of chain is
    // respected: VkPhysicalDeviceVulkan12Features/13Features or the single structures.
    void MergeInto(VkPhysicalDeviceFeatures2& chain);

    // For the other parts of the library: the structures that hold the features.
    struct Structures
    {
        VkPhysicalDeviceTimelineSemaphoreFeatures timeline{};
        VkPhysicalDeviceBufferDeviceAddressFeatures address{};
        VkPhysicalDeviceSynchronization2Features sync2{};
        VkPhysicalDeviceDescriptorIndexingFeatures indexing{};
        VkPhysicalDeviceMemoryPriorityFeaturesEXT priority{};
        VkPhysicalDeviceRobustness2FeaturesEXT robustness{};
        VkPhysicalDeviceDescriptorBufferFeaturesEXT descriptorBuffer{};
    };

  private:
    Structures m_structures;
};

// Thread-safe. Fails only if the functions of the instance cannot be found.
SEDX_API Result<DeviceRequirements> Requirements(PFN_vkGetInstanceProcAddr getInstanceProcAddr, VkInstance instance,
                                                 VkPhysicalDevice physicalDevice,
                                                 FeatureModule modules = FeatureModule::All);
} // namespace sedx
