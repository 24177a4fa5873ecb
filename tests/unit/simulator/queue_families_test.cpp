// Which families are presented, and which real one does the work, on devices with one real family and with several.
#include "src/queue_families.h"

#include <gtest/gtest.h>

namespace sedx::test
{
namespace
{
using simulator::QueueFamilies;

constexpr VkQueueFlags kGraphics = VK_QUEUE_GRAPHICS_BIT;
constexpr VkQueueFlags kCompute = VK_QUEUE_COMPUTE_BIT;
constexpr VkQueueFlags kTransfer = VK_QUEUE_TRANSFER_BIT;
constexpr VkQueueFlags kSparse = VK_QUEUE_SPARSE_BINDING_BIT;

VkQueueFamilyProperties Family(VkQueueFlags flags, uint32_t queues)
{
    return {
        .queueFlags = flags, .queueCount = queues, .timestampValidBits = 64, .minImageTransferGranularity = {1, 1, 1}};
}

// As a server GPU has them.
std::vector<VkQueueFamilyProperties> SixFamilies()
{
    return {Family(kGraphics | kCompute | kTransfer | kSparse, 16),
            Family(kTransfer | kSparse, 2),
            Family(kCompute | kTransfer | kSparse, 8),
            Family(kTransfer | VK_QUEUE_VIDEO_DECODE_BIT_KHR, 1),
            Family(kTransfer | VK_QUEUE_VIDEO_DECODE_BIT_KHR, 1),
            Family(kTransfer | VK_QUEUE_VIDEO_DECODE_BIT_KHR, 1)};
}

TEST(QueueFamiliesTest, ComeAfterTheRealOnes)
{
    const auto real = SixFamilies();
    const QueueFamilies families({.compute = 3, .transfer = 1, .transferGranularity = {4, 4, 1}}, real);
    EXPECT_EQ(families.RealCount(), 6u);
    EXPECT_EQ(families.Count(), 8u);
    EXPECT_TRUE(families.HasSimulated());
    for (uint32_t i = 0; i < 8; ++i)
        EXPECT_EQ(families.IsSimulated(i), i >= 6) << "family " << i;
    EXPECT_FALSE(families.IsSimulated(8));
    EXPECT_EQ(families.Simulated(6).queueFlags, kCompute | kTransfer);
    EXPECT_EQ(families.Simulated(6).queueCount, 3u);
    EXPECT_EQ(families.Simulated(6).minImageTransferGranularity.width, 1u);
    EXPECT_EQ(families.Simulated(7).queueFlags, kTransfer);
    EXPECT_EQ(families.Simulated(7).queueCount, 1u);
    EXPECT_EQ(families.Simulated(7).minImageTransferGranularity.width, 4u);
    EXPECT_EQ(families.Simulated(7).timestampValidBits, 64u);
}

TEST(QueueFamiliesTest, StandOnTheFirstThatDrawsAndComputes)
{
    std::vector<VkQueueFamilyProperties> real = SixFamilies();
    std::swap(real[0], real[2]);
    const QueueFamilies families({.transfer = 1}, real);
    EXPECT_EQ(families.Base(), 2u);
    EXPECT_EQ(families.Real(6), 2u);
    for (uint32_t i = 0; i < 6; ++i)
        EXPECT_EQ(families.Real(i), i);
    for (const uint32_t other : {VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_EXTERNAL, VK_QUEUE_FAMILY_FOREIGN_EXT, 7u})
        EXPECT_EQ(families.Real(other), other);
}

TEST(QueueFamiliesTest, NoneAreAddedWithoutAWish)
{
    const auto real = SixFamilies();
    const QueueFamilies families({}, real);
    EXPECT_EQ(families.Count(), 6u);
    EXPECT_FALSE(families.HasSimulated());
    EXPECT_FALSE(families.IsSimulated(6));
    EXPECT_EQ(families.Real(6), 6u); // the layers below say what is wrong with it
}
} // namespace
} // namespace sedx::test
