#include "renderer/offscreen_target.h"

#include <volk.h>

#include <array>

namespace scenery
{
namespace
{
VkImageMemoryBarrier2 MakeBarrier(const GpuImage& image, VkImageLayout from, VkImageLayout to)
{
    VkImageMemoryBarrier2 barrier{VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2};
    barrier.oldLayout = from;
    barrier.newLayout = to;
    barrier.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
    barrier.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
    barrier.image = image.Handle();
    barrier.subresourceRange = {image.Desc().aspect, 0, 1, 0, 1};
    return barrier;
}

template <size_t N>
void RecordBarriers(VkCommandBuffer cmd, const std::array<VkImageMemoryBarrier2, N>& barriers)
{
    VkDependencyInfo info{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
    info.imageMemoryBarrierCount = static_cast<uint32_t>(N);
    info.pImageMemoryBarriers = barriers.data();
    vkCmdPipelineBarrier2(cmd, &info);
}
} // namespace

OffscreenTarget::OffscreenTarget(const VulkanContext& context, uint32_t width, uint32_t height)
    : m_color(context, {.format = kColorFormat,
                        .width = width,
                        .height = height,
                        .samples = kSamples,
                        .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSIENT_ATTACHMENT_BIT}),
      m_depth(context, {.format = kDepthFormat,
                        .width = width,
                        .height = height,
                        .samples = kSamples,
                        .usage = VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSIENT_ATTACHMENT_BIT,
                        .aspect = VK_IMAGE_ASPECT_DEPTH_BIT}),
      m_picture(context, {.format = kColorFormat,
                          .width = width,
                          .height = height,
                          .usage = VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_TRANSFER_SRC_BIT})
{
}

void OffscreenTarget::Begin(VkCommandBuffer cmd) const
{
    VkImageMemoryBarrier2 color =
        MakeBarrier(m_color, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL);
    color.srcStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT;
    color.srcAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT;
    color.dstStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT;
    color.dstAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_READ_BIT | VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT;
    VkImageMemoryBarrier2 picture =
        MakeBarrier(m_picture, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL);
    picture.srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT | VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT;
    picture.dstStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT;
    picture.dstAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT;
    VkImageMemoryBarrier2 depth =
        MakeBarrier(m_depth, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL);
    depth.srcStageMask = VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT;
    depth.srcAccessMask = VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT;
    depth.dstStageMask = VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT | VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT;
    depth.dstAccessMask =
        VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_READ_BIT | VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT;
    RecordBarriers(cmd, std::array{color, picture, depth});

    VkRenderingAttachmentInfo colorAttachment{VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO};
    colorAttachment.imageView = m_color.View();
    colorAttachment.imageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL;
    colorAttachment.loadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE; // the background covers what nothing else does
    colorAttachment.storeOp = VK_ATTACHMENT_STORE_OP_DONT_CARE;
    colorAttachment.resolveMode = VK_RESOLVE_MODE_AVERAGE_BIT;
    colorAttachment.resolveImageView = m_picture.View();
    colorAttachment.resolveImageLayout = VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL;
    VkRenderingAttachmentInfo depthAttachment{VK_STRUCTURE_TYPE_RENDERING_ATTACHMENT_INFO};
    depthAttachment.imageView = m_depth.View();
    depthAttachment.imageLayout = VK_IMAGE_LAYOUT_DEPTH_ATTACHMENT_OPTIMAL;
    depthAttachment.loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR;
    depthAttachment.storeOp = VK_ATTACHMENT_STORE_OP_DONT_CARE;
    depthAttachment.clearValue.depthStencil.depth = 0.0F; // infinitely far

    const VkExtent2D extent{m_color.Desc().width, m_color.Desc().height};
    VkRenderingInfo rendering{VK_STRUCTURE_TYPE_RENDERING_INFO};
    rendering.renderArea.extent = extent;
    rendering.layerCount = 1;
    rendering.colorAttachmentCount = 1;
    rendering.pColorAttachments = &colorAttachment;
    rendering.pDepthAttachment = &depthAttachment;
    vkCmdBeginRendering(cmd, &rendering);

    const VkViewport viewport{0.0F, 0.0F, static_cast<float>(extent.width), static_cast<float>(extent.height),
                              0.0F, 1.0F};
    const VkRect2D scissor{{0, 0}, extent};
    vkCmdSetViewport(cmd, 0, 1, &viewport);
    vkCmdSetScissor(cmd, 0, 1, &scissor);
}

void OffscreenTarget::End(VkCommandBuffer cmd) const
{
    vkCmdEndRendering(cmd);
    VkImageMemoryBarrier2 picture =
        MakeBarrier(m_picture, VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL, VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL);
    picture.srcStageMask = VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT;
    picture.srcAccessMask = VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT;
    picture.dstStageMask = VK_PIPELINE_STAGE_2_COPY_BIT;
    picture.dstAccessMask = VK_ACCESS_2_TRANSFER_READ_BIT;
    RecordBarriers(cmd, std::array{picture});
}

sedx::ImageTarget OffscreenTarget::Picture() const
{
    sedx::ImageTarget target;
    target.image = m_picture.Handle();
    target.format = kColorFormat;
    target.extent = {m_picture.Desc().width, m_picture.Desc().height, 1};
    target.oldLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
    target.newLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
    return target;
}

sedx::ImageRegion OffscreenTarget::WholeRegion() const
{
    sedx::ImageRegion region;
    region.extent = {m_picture.Desc().width, m_picture.Desc().height, 1};
    return region;
}
} // namespace scenery
