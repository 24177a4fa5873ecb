// Opens the system's Vulkan loader. Nothing is linked: a machine without Vulkan gets an error value.
#pragma once

#include <sedx/result.h>

namespace sedx
{
class VulkanLibrary
{
  public:
    VulkanLibrary() noexcept = default;
    VulkanLibrary(VulkanLibrary&& other) noexcept;
    VulkanLibrary& operator=(VulkanLibrary&& other) noexcept;
    ~VulkanLibrary();

    static Result<VulkanLibrary> Open();
    PFN_vkGetInstanceProcAddr GetInstanceProcAddr() const noexcept { return m_get; }

  private:
    void* m_handle = nullptr;
    PFN_vkGetInstanceProcAddr m_get = nullptr;
};
} // namespace sedx
