// What queue families may do.
#include "src/family_rules.h"

#include <gtest/gtest.h>

namespace sedx::test
{
namespace
{
using simulator::NeededFor;
using simulator::RespectsGranularity;
using simulator::UnsupportedStages;

TEST(FamilyRulesTest, GranularityOfImageCopies)
{
    const VkExtent3D image{18, 8, 1};
    EXPECT_TRUE(RespectsGranularity({1, 1, 1}, image, {3, 1, 0}, {5, 2, 1}));
    EXPECT_TRUE(RespectsGranularity({4, 4, 1}, image, {4, 4, 0}, {8, 4, 1}));
    EXPECT_TRUE(RespectsGranularity({4, 4, 1}, image, {16, 0, 0}, {2, 8, 1})); // up to the edge
    EXPECT_FALSE(RespectsGranularity({4, 4, 1}, image, {2, 0, 0}, {4, 4, 1}));
    EXPECT_FALSE(RespectsGranularity({4, 4, 1}, image, {0, 0, 0}, {6, 4, 1}));
    EXPECT_TRUE(RespectsGranularity({0, 0, 0}, image, {0, 0, 0}, image)); // whole images only
    EXPECT_FALSE(RespectsGranularity({0, 0, 0}, image, {0, 0, 0}, {4, 8, 1}));
}

TEST(FamilyRulesTest, StagesThatAFamilyLacks)
{
    EXPECT_EQ(UnsupportedStages(VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT), 0u);
    const VkPipelineStageFlags2 compute = UnsupportedStages(VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT);
    EXPECT_EQ(compute & VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT, 0u);
    EXPECT_EQ(compute & VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT, 0u);
    EXPECT_NE(compute & VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT, 0u);
    const VkPipelineStageFlags2 transfer = UnsupportedStages(VK_QUEUE_TRANSFER_BIT);
    EXPECT_NE(transfer & VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT, 0u);
    EXPECT_NE(transfer & VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT, 0u);
    EXPECT_EQ(transfer & (VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT |
                          VK_PIPELINE_STAGE_2_COPY_BIT | VK_PIPELINE_STAGE_2_CLEAR_BIT | // of vkCmdFillBuffer, too
                          VK_PIPELINE_STAGE_2_BLIT_BIT | VK_PIPELINE_STAGE_2_RESOLVE_BIT),
              0u);
}

TEST(FamilyRulesTest, WhatAPipelineNeeds)
{
    EXPECT_EQ(NeededFor(VK_PIPELINE_BIND_POINT_GRAPHICS), static_cast<VkQueueFlags>(VK_QUEUE_GRAPHICS_BIT));
    EXPECT_EQ(NeededFor(VK_PIPELINE_BIND_POINT_COMPUTE), static_cast<VkQueueFlags>(VK_QUEUE_COMPUTE_BIT));
    EXPECT_EQ(NeededFor(VK_PIPELINE_BIND_POINT_RAY_TRACING_KHR), static_cast<VkQueueFlags>(VK_QUEUE_COMPUTE_BIT));
}
} // namespace
} // namespace sedx::test
