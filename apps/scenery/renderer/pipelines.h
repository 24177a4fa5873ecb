// The three pipelines (terrain, objects, background) and the layouts that they share: binding 0 the frame's constants,
// 1 the sampler, 2 all textures; push constants as gpu::DrawConstants.
#pragma once

#include "renderer/vulkan_context.h"

namespace scenery
{
class Pipelines
{
  public:
    Pipelines(const VulkanContext& context, uint32_t textureCount); // throws Failure
    ~Pipelines();
    Pipelines(const Pipelines&) = delete;
    Pipelines& operator=(const Pipelines&) = delete;

    VkDescriptorSetLayout SetLayout() const noexcept { return m_setLayout; }
    VkPipelineLayout Layout() const noexcept { return m_layout; }
    VkPipeline Terrain() const noexcept { return m_terrain; }
    VkPipeline Objects() const noexcept { return m_objects; }
    VkPipeline Background() const noexcept { return m_background; }

  private:
    void CreateLayouts(uint32_t textureCount);
    void CreatePipelines(uint32_t textureCount);
    void Destroy();

    const VulkanContext& m_context;
    VkSampler m_sampler = VK_NULL_HANDLE;
    VkDescriptorSetLayout m_setLayout = VK_NULL_HANDLE;
    VkPipelineLayout m_layout = VK_NULL_HANDLE;
    VkPipeline m_terrain = VK_NULL_HANDLE;
    VkPipeline m_objects = VK_NULL_HANDLE;
    VkPipeline m_background = VK_NULL_HANDLE;
};
} // namespace scenery
