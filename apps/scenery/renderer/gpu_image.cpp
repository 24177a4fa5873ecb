#include "renderer/gpu_image.h"

#include "failure.h"
#include "renderer/image_allocator.h"

#include <utility>

namespace scenery
{
GpuImage::GpuImage(const VulkanContext& context, const ImageDesc& desc) : m_context(&context), m_desc(desc)
{
    VkImageCreateInfo image{VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO};
    image.imageType = VK_IMAGE_TYPE_2D;
    image.format = desc.format;
    image.extent = {desc.width, desc.height, 1};
    image.mipLevels = desc.mipLevels;
    image.arrayLayers = 1;
    image.samples = desc.samples;
    image.tiling = VK_IMAGE_TILING_OPTIMAL;
    image.usage = desc.usage;
    VmaAllocationCreateInfo allocation{};
    allocation.usage = VMA_MEMORY_USAGE_AUTO_PREFER_DEVICE;
    RequireVk(vmaCreateImage(context.ImageAllocator(), &image, &allocation, &m_image, &m_allocation, nullptr),
              "memory for an image of " + std::to_string(desc.width) + "x" + std::to_string(desc.height));

    VkImageViewCreateInfo view{VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO};
    view.image = m_image;
    view.viewType = VK_IMAGE_VIEW_TYPE_2D;
    view.format = desc.format;
    view.subresourceRange = {desc.aspect, 0, desc.mipLevels, 0, 1};
    const VkResult result = vkCreateImageView(context.Handle(), &view, nullptr, &m_view);
    if (result != VK_SUCCESS)
        vmaDestroyImage(context.ImageAllocator(), m_image, m_allocation);
    RequireVk(result, "view of an image");
}

GpuImage::GpuImage(GpuImage&& other) noexcept
    : m_context(other.m_context), m_desc(other.m_desc), m_image(std::exchange(other.m_image, VK_NULL_HANDLE)),
      m_allocation(std::exchange(other.m_allocation, nullptr)), m_view(std::exchange(other.m_view, VK_NULL_HANDLE))
{
}

GpuImage& GpuImage::operator=(GpuImage&& other) noexcept
{
    std::swap(m_context, other.m_context);
    std::swap(m_desc, other.m_desc);
    std::swap(m_image, other.m_image);
    std::swap(m_allocation, other.m_allocation);
    std::swap(m_view, other.m_view);
    return *this;
}

GpuImage::~GpuImage()
{
    if (m_image == VK_NULL_HANDLE)
        return;
    vkDestroyImageView(m_context->Handle(), m_view, nullptr);
    vmaDestroyImage(m_context->ImageAllocator(), m_image, m_allocation);
}
} // namespace scenery
