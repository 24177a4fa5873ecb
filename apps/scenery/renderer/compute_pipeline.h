// A compute pipeline with the one layout that those of the renderer have: set 0 the bindless buffers, push constants.
#pragma once

#include "renderer/vulkan_context.h"

namespace scenery
{
class ComputePipeline
{
  public:
    ComputePipeline(const VulkanContext& context, VkDescriptorSetLayout setLayout, uint32_t constantBytes,
                    std::span<const uint32_t> code); // throws Failure
    ~ComputePipeline();
    ComputePipeline(const ComputePipeline&) = delete;
    ComputePipeline& operator=(const ComputePipeline&) = delete;

    VkPipelineLayout Layout() const noexcept { return m_layout; }
    VkPipeline Handle() const noexcept { return m_pipeline; }

  private:
    void Destroy();

    const VulkanContext& m_context;
    VkPipelineLayout m_layout = VK_NULL_HANDLE;
    VkPipeline m_pipeline = VK_NULL_HANDLE;
};
} // namespace scenery
