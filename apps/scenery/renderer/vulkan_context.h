// The device, made by the library with the features that the renderer needs, and VMA for the renderer's images. Buffers
// never come from here: all of them are the library's.
#pragma once

#include "renderer/validation_log.h"

#include <sedx/device.h>

struct VmaAllocator_T;

namespace scenery
{
class VulkanContext
{
  public:
    // `getInstanceProcAddr` null: the system's Vulkan loader. Also loads volk's global device functions, so that there can
    // be only one context. Throws Failure.
    VulkanContext(const std::string& deviceName, PFN_vkGetInstanceProcAddr getInstanceProcAddr, bool validate,
                  ValidationLog& validationLog);
    ~VulkanContext();
    VulkanContext(const VulkanContext&) = delete;
    VulkanContext& operator=(const VulkanContext&) = delete;

    const sedx::Device& GetDevice() const noexcept { return m_device; }
    VkDevice Handle() const noexcept { return m_device.Handle(); }
    VmaAllocator_T* ImageAllocator() const noexcept { return m_imageAllocator; }

  private:
    sedx::Device m_device;
    VmaAllocator_T* m_imageAllocator = nullptr;
};
} // namespace scenery
