// The two pipelines (all meshes, background) and the layouts that they share: set 0 with the frame's constants in binding 0, the
// sampler in 1, all textures in 2; set 1 the bindless buffers.
#pragma once

#include "renderer/vulkan_context.h"

namespace scenery
{
class Pipelines
{
  public:
    // Throws Failure.
    Pipelines(const VulkanContext& context, uint32_t textureCount, VkDescriptorSetLayout bindlessLayout);
    ~Pipelines();
    Pipelines(const Pipelines&) = delete;
    Pipelines& operator=(const Pipelines&) = delete;

    VkDescriptorSetLayout SetLayout() const noexcept { return m_setLayout; }
    VkPipelineLayout Layout() const noexcept { return m_layout; }
    VkPipeline Meshes() const noexcept { return m_meshes; }
    VkPipeline Background() const noexcept { return m_background; }

  private:
    void CreateLayouts(uint32_t textureCount, VkDescriptorSetLayout bindlessLayout);
    void CreatePipelines(uint32_t textureCount);
    void Destroy();

    const VulkanContext& m_context;
    VkSampler m_sampler = VK_NULL_HANDLE;
    VkDescriptorSetLayout m_setLayout = VK_NULL_HANDLE;
    VkPipelineLayout m_layout = VK_NULL_HANDLE;
    VkPipeline m_meshes = VK_NULL_HANDLE;
    VkPipeline m_background = VK_NULL_HANDLE;
};
} // namespace scenery
