// Sizes of texel blocks.
#include "vulkan/texel_block.h"

#include <gtest/gtest.h>
#include <ostream>

namespace sedx
{
static bool operator==(const TexelBlock& a, const TexelBlock& b)
{
    return a.bytes == b.bytes && a.width == b.width && a.height == b.height;
}
static std::ostream& operator<<(std::ostream& stream, const TexelBlock& block)
{
    return stream << block.bytes << " bytes for " << block.width << "x" << block.height;
}

namespace test
{
namespace
{
TEST(TexelBlocks, PlainFormats)
{
    EXPECT_EQ(BlockOf(VK_FORMAT_R8_UNORM), (TexelBlock{1, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_R8G8_SINT), (TexelBlock{2, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_R8G8B8_UNORM), (TexelBlock{3, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_R8G8B8A8_SRGB), (TexelBlock{4, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_B8G8R8A8_UNORM), (TexelBlock{4, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_A2B10G10R10_UNORM_PACK32), (TexelBlock{4, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_R5G6B5_UNORM_PACK16), (TexelBlock{2, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_B10G11R11_UFLOAT_PACK32), (TexelBlock{4, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_R16G16B16_SFLOAT), (TexelBlock{6, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_R16G16B16A16_SFLOAT), (TexelBlock{8, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_R32G32B32_SFLOAT), (TexelBlock{12, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_R32G32B32A32_UINT), (TexelBlock{16, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_R64G64B64A64_SFLOAT), (TexelBlock{32, 1, 1}));
}

TEST(TexelBlocks, CompressedFormats)
{
    EXPECT_EQ(BlockOf(VK_FORMAT_BC1_RGB_UNORM_BLOCK), (TexelBlock{8, 4, 4}));
    EXPECT_EQ(BlockOf(VK_FORMAT_BC1_RGBA_SRGB_BLOCK), (TexelBlock{8, 4, 4}));
    EXPECT_EQ(BlockOf(VK_FORMAT_BC2_UNORM_BLOCK), (TexelBlock{16, 4, 4}));
    EXPECT_EQ(BlockOf(VK_FORMAT_BC3_UNORM_BLOCK), (TexelBlock{16, 4, 4}));
    EXPECT_EQ(BlockOf(VK_FORMAT_BC4_SNORM_BLOCK), (TexelBlock{8, 4, 4}));
    EXPECT_EQ(BlockOf(VK_FORMAT_BC5_UNORM_BLOCK), (TexelBlock{16, 4, 4}));
    EXPECT_EQ(BlockOf(VK_FORMAT_BC7_SRGB_BLOCK), (TexelBlock{16, 4, 4}));
    EXPECT_EQ(BlockOf(VK_FORMAT_ETC2_R8G8B8_UNORM_BLOCK), (TexelBlock{8, 4, 4}));
    EXPECT_EQ(BlockOf(VK_FORMAT_ETC2_R8G8B8A8_UNORM_BLOCK), (TexelBlock{16, 4, 4}));
    EXPECT_EQ(BlockOf(VK_FORMAT_EAC_R11G11_SNORM_BLOCK), (TexelBlock{16, 4, 4}));
    EXPECT_EQ(BlockOf(VK_FORMAT_ASTC_4x4_UNORM_BLOCK), (TexelBlock{16, 4, 4}));
    EXPECT_EQ(BlockOf(VK_FORMAT_ASTC_5x4_SRGB_BLOCK), (TexelBlock{16, 5, 4}));
    EXPECT_EQ(BlockOf(VK_FORMAT_ASTC_10x8_UNORM_BLOCK), (TexelBlock{16, 10, 8}));
    EXPECT_EQ(BlockOf(VK_FORMAT_ASTC_12x12_SRGB_BLOCK), (TexelBlock{16, 12, 12}));
}

TEST(TexelBlocks, DepthAndStencil)
{
    EXPECT_EQ(BlockOf(VK_FORMAT_D16_UNORM, VK_IMAGE_ASPECT_DEPTH_BIT), (TexelBlock{2, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_D32_SFLOAT, VK_IMAGE_ASPECT_DEPTH_BIT), (TexelBlock{4, 1, 1}));
    EXPECT_EQ(BlockOf(VK_FORMAT_S8_UINT, VK_IMAGE_ASPECT_STENCIL_BIT), (TexelBlock{1, 1, 1}));
}

TEST(TexelBlocks, UnknownFormats)
{
    EXPECT_EQ(BlockOf(VK_FORMAT_UNDEFINED).bytes, 0u);
    EXPECT_EQ(BlockOf(VK_FORMAT_G8_B8R8_2PLANE_420_UNORM).bytes, 0u);
    EXPECT_EQ(BlockOf(static_cast<VkFormat>(0x7FFFFFFF)).bytes, 0u);
}

// Whatever is known is plausible: whole bits, and blocks that are no larger than the largest there are.
TEST(TexelBlocks, EveryKnownFormatIsPlausible)
{
    for (int format = 1; format <= VK_FORMAT_ASTC_12x12_SRGB_BLOCK; ++format)
    {
        const TexelBlock block = BlockOf(static_cast<VkFormat>(format));
        if (block.bytes == 0)
            continue;
        EXPECT_LE(block.bytes, 32u) << format;
        EXPECT_GE(block.width, 1u) << format;
        EXPECT_LE(block.width, 12u) << format;
        EXPECT_EQ(block.width > 1, format >= VK_FORMAT_BC1_RGB_UNORM_BLOCK) << format;
    }
}
} // namespace
} // namespace test
} // namespace sedx
