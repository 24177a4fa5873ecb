#include "renderer/vulkan_context.h"

#include "failure.h"
#include "renderer/draw_call_counter.h"
#include "renderer/image_allocator.h"

namespace scenery
{
namespace
{
sedx::Device CreateDevice(const std::string& name, PFN_vkGetInstanceProcAddr getInstanceProcAddr, bool validate,
                          ValidationLog& validationLog)
{
    // Draw parameters tell a shader which draw of an indirect call it serves; the rest is what the calls themselves need.
    VkPhysicalDeviceVulkan13Features features13{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES};
    features13.dynamicRendering = VK_TRUE;
    features13.synchronization2 = VK_TRUE;
    VkPhysicalDeviceVulkan12Features features12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, &features13};
    features12.drawIndirectCount = VK_TRUE;
    features12.bufferDeviceAddress = VK_TRUE;
    features12.timelineSemaphore = VK_TRUE;
    features12.shaderSampledImageArrayNonUniformIndexing = VK_TRUE; // pixels of several draws may run side by side
    VkPhysicalDeviceVulkan11Features features11{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, &features12};
    features11.shaderDrawParameters = VK_TRUE;
    VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &features11};
    features.features.multiDrawIndirect = VK_TRUE;
    features.features.shaderSampledImageArrayDynamicIndexing = VK_TRUE;

    sedx::DeviceDesc desc;
    desc.applicationName = "scenery";
    desc.device = name;
    desc.getInstanceProcAddr = getInstanceProcAddr;
    desc.validation = validate;
    desc.featureChain = &features;
    desc.onValidationMessage = [&validationLog](const sedx::ValidationMessage& message) { validationLog.Add(message); };
    return Require(sedx::Device::Create(desc), "no Vulkan device");
}
} // namespace

VulkanContext::VulkanContext(const std::string& deviceName, PFN_vkGetInstanceProcAddr getInstanceProcAddr,
                             bool validate, ValidationLog& validationLog)
    : m_device(CreateDevice(deviceName, getInstanceProcAddr, validate, validationLog))
{
    volkInitializeCustom(m_device.GetInstanceProcAddr());
    volkLoadInstanceOnly(m_device.Instance());
    volkLoadDevice(m_device.Handle());
    InstallDrawCallCounter();

    VmaVulkanFunctions functions{};
    functions.vkGetInstanceProcAddr = vkGetInstanceProcAddr;
    functions.vkGetDeviceProcAddr = vkGetDeviceProcAddr;
    VmaAllocatorCreateInfo info{};
    info.physicalDevice = m_device.PhysicalDevice();
    info.device = m_device.Handle();
    info.instance = m_device.Instance();
    info.vulkanApiVersion = VK_API_VERSION_1_3;
    info.pVulkanFunctions = &functions;
    RequireVk(vmaCreateAllocator(&info, &m_imageAllocator), "memory for images");
}

VulkanContext::~VulkanContext() { vmaDestroyAllocator(m_imageAllocator); }
} // namespace scenery
