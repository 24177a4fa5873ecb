// An image with its memory and a view of all of it. Destroys at once: the caller knows that the device is done with it.
#pragma once

#include "renderer/vulkan_context.h"

struct VmaAllocation_T;

namespace scenery
{
struct ImageDesc
{
    VkFormat format = VK_FORMAT_UNDEFINED;
    uint32_t width = 0;
    uint32_t height = 0;
    uint32_t mipLevels = 1;
    VkSampleCountFlagBits samples = VK_SAMPLE_COUNT_1_BIT;
    VkImageUsageFlags usage = 0;
    VkImageAspectFlags aspect = VK_IMAGE_ASPECT_COLOR_BIT;
};

class GpuImage
{
  public:
    GpuImage() = default;
    GpuImage(const VulkanContext& context, const ImageDesc& desc); // throws Failure
    GpuImage(GpuImage&& other) noexcept;
    GpuImage& operator=(GpuImage&& other) noexcept;
    ~GpuImage();

    VkImage Handle() const noexcept { return m_image; }
    VkImageView View() const noexcept { return m_view; }
    const ImageDesc& Desc() const noexcept { return m_desc; }

  private:
    const VulkanContext* m_context = nullptr;
    ImageDesc m_desc;
    VkImage m_image = VK_NULL_HANDLE;
    VmaAllocation_T* m_allocation = nullptr;
    VkImageView m_view = VK_NULL_HANDLE;
};
} // namespace scenery
