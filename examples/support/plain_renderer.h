// The smallest renderer that an engine could have: one colour image, one pipeline, one pass. Plain Vulkan.
#pragma once

#include "support/plain_device.h"

namespace example
{
struct Vertex
{
    float position[2];
    float colour[3];
};

class PlainRenderer
{
  public:
    static constexpr VkFormat kFormat = VK_FORMAT_R8G8B8A8_UNORM;

    PlainRenderer(const PlainDevice& owner, uint32_t size);
    ~PlainRenderer(); // the GPU must have passed
    PlainRenderer(const PlainRenderer&) = delete;
    PlainRenderer& operator=(const PlainRenderer&) = delete;

    void BeginPass(VkCommandBuffer commands); // clears to black and binds the pipeline
    void EndPass(VkCommandBuffer commands);   // the image stays in VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL
    VkImage Image() const noexcept { return m_image; }
    VkExtent3D Extent() const noexcept { return {m_size, m_size, 1}; }

  private:
    void CreateImage();
    void CreatePipeline();

    const PlainDevice& m_owner;
    uint32_t m_size;
    VkImage m_image = VK_NULL_HANDLE;
    VkDeviceMemory m_memory = VK_NULL_HANDLE;
    VkImageView m_view = VK_NULL_HANDLE;
    VkPipelineLayout m_layout = VK_NULL_HANDLE;
    VkPipeline m_pipeline = VK_NULL_HANDLE;
};
} // namespace example
