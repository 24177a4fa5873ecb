// EngineDevice: an instance and a device made with plain Vulkan, as an engine would, for adoption by the library.
#pragma once

#include "support/memory_layout.h"
#include "support/raw_functions.h"
#include "support/validation_log.h"

namespace sedx::test
{
enum class FeatureStyle
{
    Collective, // VkPhysicalDeviceVulkan12Features and VkPhysicalDeviceVulkan13Features
    Single,     // VkPhysicalDeviceTimelineSemaphoreFeatures and so on
};

class EngineDevice
{
  public:
    struct Options
    {
        FeatureStyle features = FeatureStyle::Collective;
        std::vector<const char*> extensions{};
        MemoryLayout layout = MemoryLayout::Native();
        // Of the instance. From 1.4 on indexTypeUint8 is enabled if the device is of that version, too; with
        // FeatureStyle::Collective.
        uint32_t apiVersion = VK_API_VERSION_1_3;
        bool descriptorIndexing = false; // what FeatureModule::Bindless asks for; with FeatureStyle::Collective
    };
    // Null (with a failure of the test) if there is no driver.
    static std::unique_ptr<EngineDevice> Make(const Options& options);
    static std::unique_ptr<EngineDevice> Make() { return Make(Options()); }
    ~EngineDevice();
    EngineDevice(const EngineDevice&) = delete;
    EngineDevice& operator=(const EngineDevice&) = delete;

    // Everything that Device::Adopt needs. Refers to this object.
    AdoptDesc Describe() const;

    VkInstance instance = VK_NULL_HANDLE;
    VkPhysicalDevice physicalDevice = VK_NULL_HANDLE;
    VkDevice device = VK_NULL_HANDLE;
    VkQueue queue = VK_NULL_HANDLE;
    uint32_t family = 0;
    uint32_t apiVersion = 0; // of instance and device, the older of both
    std::string name;
    std::unique_ptr<simulator::DeviceSimulator> simulator; // null: the driver's own device
    PFN_vkGetInstanceProcAddr getInstanceProcAddr = nullptr;
    RawFunctions functions;
    ValidationLog validation;

    // What was given to vkCreateDevice: exactly the features that the library requires, and nothing else.
    VkPhysicalDeviceFeatures2 features{};
    VkPhysicalDeviceVulkan12Features features12{};
    VkPhysicalDeviceVulkan13Features features13{};
#if defined(VK_VERSION_1_4)
    VkPhysicalDeviceVulkan14Features features14{};
#endif
    VkPhysicalDeviceTimelineSemaphoreFeatures timeline{};
    VkPhysicalDeviceBufferDeviceAddressFeatures address{};
    VkPhysicalDeviceSynchronization2Features sync2{};
    std::vector<const char*> extensions;

  private:
    EngineDevice() = default;
    bool Create(const Options& options);
    VkDebugUtilsMessengerEXT m_messenger = VK_NULL_HANDLE;
};
} // namespace sedx::test
