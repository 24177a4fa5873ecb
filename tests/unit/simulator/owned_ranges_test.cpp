// Who owns which range, against a model with an owner for each byte; and what families may do.
#include "src/family_rules.h"
#include "src/owned_ranges.h"

#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace sedx::test
{
namespace
{
using simulator::OwnedRanges;
using simulator::Owner;
using simulator::RespectsGranularity;
using simulator::UnsupportedStages;

TEST(OwnedRangesTest, MatchesAnOwnerForEachByte)
{
    constexpr uint64_t kSize = 64;
    std::mt19937 random(1);
    OwnedRanges ranges;
    std::vector<Owner> model(kSize);
    const auto below = [&random](uint64_t count) { return random() % count; };
    for (int step = 0; step < 5000; ++step)
    {
        const uint64_t begin = below(kSize), end = begin + below(kSize - begin + 1);
        const Owner owner{.family = static_cast<uint32_t>(below(3)),
                          .next = below(2) == 0 ? Owner::kNobody : static_cast<uint32_t>(below(3))};
        ranges.Update(begin, end, [&](Owner& piece) { piece = owner; });
        std::fill(model.begin() + static_cast<std::ptrdiff_t>(begin), model.begin() + static_cast<std::ptrdiff_t>(end),
                  owner);
        size_t pieces = 1; // and no more than there are changes of the owner; beyond the end there is nobody
        for (uint64_t at = 0; at < kSize; ++at)
        {
            const Owner next = at + 1 < kSize ? model[at + 1] : Owner{};
            pieces += model[at] == next ? 0 : 1;
        }
        ASSERT_EQ(ranges.PieceCount(), pieces) << "step " << step;
        const uint64_t at = below(kSize);
        ranges.Update(at, at + 1, [&](Owner& piece) { EXPECT_EQ(piece, model[at]) << "step " << step; });
    }
}

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
    EXPECT_EQ(transfer & (VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_2_COPY_BIT), 0u);
}
} // namespace
} // namespace sedx::test
