// Uses, and what they are in Vulkan.
#include "sync/use_table.h"

#include <gtest/gtest.h>

#include <bit>

namespace sedx
{
namespace
{
TEST(Use, EachHasOneBitOneNameAndOneScope)
{
    Use all = Use::None;
    for (const UseFacts& facts : kUseTable)
    {
        SCOPED_TRACE(facts.name);
        EXPECT_EQ(std::popcount(static_cast<uint32_t>(facts.use)), 1);
        EXPECT_FALSE(Any(all & facts.use)) << "twice in the table";
        all |= facts.use;
        EXPECT_EQ(ToString(facts.use), facts.name);
        EXPECT_EQ(ScopeOf(facts.use).stages, facts.stages);
        EXPECT_EQ(ScopeOf(facts.use).access, facts.access);
        EXPECT_NE(facts.stages, VK_PIPELINE_STAGE_2_NONE);
        EXPECT_NE(facts.access, VK_ACCESS_2_NONE);
        const bool isWrite = std::string_view(facts.name).ends_with("Write");
        EXPECT_EQ(Any(WritesOf(facts.use)), isWrite);
        EXPECT_EQ(Any(ReadsOf(facts.use)), !isWrite);
    }
}

TEST(Use, MasksAddUp)
{
    const Use uses = Use::IndirectRead | Use::ComputeWrite;
    EXPECT_EQ(ToString(uses), "IndirectRead | ComputeWrite");
    EXPECT_EQ(ToString(Use::None), "None");
    EXPECT_EQ(ScopeOf(uses).stages, VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT | VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT);
    EXPECT_EQ(ScopeOf(uses).access, VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT | VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT);
    EXPECT_EQ(WritesOf(uses), Use::ComputeWrite);
    EXPECT_EQ(ReadsOf(uses), Use::IndirectRead);
    EXPECT_EQ(ScopeOf(Use::None).stages, VK_PIPELINE_STAGE_2_NONE);
}
} // namespace
} // namespace sedx
