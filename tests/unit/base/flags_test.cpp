// Bit masks made of enum classes.
#include <gtest/gtest.h>
#include <sedx/buffer.h>

namespace sedx::test
{
namespace
{
TEST(Flags, CombineAndAsk)
{
    constexpr BufferUsage both = BufferUsage::Vertex | BufferUsage::Index;
    static_assert(Any(both & BufferUsage::Vertex));
    static_assert(!Any(both & BufferUsage::Storage));
    static_assert(!Any(BufferUsage::None));
    static_assert((both & ~BufferUsage::Index) == BufferUsage::Vertex);
    BufferUsage usage = BufferUsage::None;
    usage |= BufferUsage::Uniform;
    EXPECT_EQ(usage, BufferUsage::Uniform);
    EXPECT_EQ(usage | usage, usage);
}

TEST(Flags, UsageValuesAreThoseOfVulkan)
{
    EXPECT_EQ(static_cast<VkBufferUsageFlags>(BufferUsage::Vertex | BufferUsage::TransferDst),
              static_cast<VkBufferUsageFlags>(VK_BUFFER_USAGE_VERTEX_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT));
    EXPECT_EQ(static_cast<VkBufferUsageFlags>(BufferUsage::DeviceAddress),
              static_cast<VkBufferUsageFlags>(VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT));
}

TEST(Flags, MemoryTypesCombineToo)
{
    const MemoryFlags all = MemoryType::GPU | MemoryType::CPU | MemoryType::Readback | MemoryType::GPUUpload;
    for (const MemoryType memory : {MemoryType::GPU, MemoryType::CPU, MemoryType::Readback, MemoryType::GPUUpload})
        EXPECT_TRUE(Any(all & memory));
}

TEST(Flags, OnlyEnabledEnumsAreMasks)
{
    static_assert(Flags<BufferUsage>);
    static_assert(Flags<MemoryType>);
    static_assert(!Flags<ErrorCode>);
    static_assert(!Flags<int>);
}
} // namespace
} // namespace sedx::test
