// How many bytes a texel block of a format has, and how many texels it covers.
#pragma once

#include <vulkan/vulkan_core.h>

#include <cstdint>

namespace sedx
{
struct TexelBlock
{
    uint32_t bytes = 0; // 0: not known here (multi-planar and combined depth-stencil formats, vendor formats)
    uint32_t width = 1; // texels
    uint32_t height = 1;
};

// Formats of Vulkan 1.0 and the ASTC HDR ones. `aspect` picks depth or stencil of a combined format.
// Source: the table of compatible formats in the Vulkan specification.
TexelBlock BlockOf(VkFormat format, VkImageAspectFlags aspect = VK_IMAGE_ASPECT_COLOR_BIT) noexcept;
} // namespace sedx
