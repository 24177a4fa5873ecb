// A VkShaderModule for as long as pipelines are made from it.
#pragma once

#include <vulkan/vulkan_core.h>

#include <cstdint>
#include <span>

namespace scenery
{
class ShaderModule
{
  public:
    ShaderModule(VkDevice device, std::span<const uint32_t> code); // throws Failure
    ~ShaderModule();
    ShaderModule(const ShaderModule&) = delete;
    ShaderModule& operator=(const ShaderModule&) = delete;
    VkShaderModule Handle() const noexcept { return m_module; }

  private:
    VkDevice m_device;
    VkShaderModule m_module = VK_NULL_HANDLE;
};
} // namespace scenery
