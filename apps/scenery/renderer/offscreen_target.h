// What a frame is drawn into: colour and depth with four samples a pixel, and the picture that they are resolved to. One
// target for each frame in flight.
#pragma once

#include "renderer/gpu_image.h"

#include <sedx/upload_queue.h>

namespace scenery
{
class OffscreenTarget
{
  public:
    static constexpr VkFormat kColorFormat = VK_FORMAT_R8G8B8A8_SRGB;
    static constexpr VkFormat kDepthFormat = VK_FORMAT_D32_SFLOAT;
    static constexpr VkSampleCountFlagBits kSamples = VK_SAMPLE_COUNT_4_BIT; // every device has it

    OffscreenTarget(const VulkanContext& context, uint32_t width, uint32_t height);

    // Begins dynamic rendering with cleared images. Contents that a read-back copied earlier on this queue are overwritten
    // only after that copy.
    void Begin(VkCommandBuffer cmd) const;
    // Ends it; the picture is then ready for copies.
    void End(VkCommandBuffer cmd) const;

    // The finished picture, for ReadbackQueue::RequestImage.
    sedx::ImageTarget Picture() const;
    sedx::ImageRegion WholeRegion() const;

  private:
    GpuImage m_color; // samples
    GpuImage m_depth;
    GpuImage m_picture;
};
} // namespace scenery
