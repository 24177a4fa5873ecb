// Sides of barriers, as the model of hazards sees them.
#include "sync/sync_scope.h"
#include "sync/use_table.h"

#include <gtest/gtest.h>

namespace sedx
{
namespace
{
SyncScope SourceOf(Use uses) { return SourceScope(ScopeOf(uses).stages, ScopeOf(uses).access); }
SyncScope TargetOf(Use uses) { return TargetScope(ScopeOf(uses).stages, ScopeOf(uses).access); }

TEST(SyncScope, ABarrierByUseCoversThatUse)
{
    for (const UseFacts& facts : kUseTable)
    {
        if (facts.use == Use::AnyRead || facts.use == Use::AnyWrite)
            continue;
        SCOPED_TRACE(facts.name);
        ASSERT_NE(StageOf(facts.use), SyncStages::None);
        EXPECT_TRUE(Any(SourceOf(facts.use).stages & StageOf(facts.use)));
        EXPECT_TRUE(Any(TargetOf(facts.use).stages & StageOf(facts.use)));
        EXPECT_TRUE(Any(SourceOf(facts.use).uses & facts.use));
        EXPECT_TRUE(Any(TargetOf(facts.use).uses & facts.use));
    }
}

TEST(SyncScope, AnyIsAllOfTheDevice)
{
    const Use any = Use::AnyRead | Use::AnyWrite;
    for (const UseFacts& facts : kUseTable)
    {
        if (facts.use == Use::AnyRead || facts.use == Use::AnyWrite)
            continue;
        SCOPED_TRACE(facts.name);
        const bool isHost = Any(facts.use & kHostUses);
        EXPECT_EQ(Any(SourceOf(any).uses & facts.use), !isHost);
        EXPECT_EQ(Any(TargetOf(any).stages & StageOf(facts.use)), !isHost);
        EXPECT_EQ(Any(Spelled(any) & facts.use), !isHost);
    }
    EXPECT_FALSE(Any(Spelled(Use::AnyRead) & kWriteUses));
    EXPECT_EQ(Spelled(Use::ComputeRead | Use::HostWrite), Use::ComputeRead | Use::HostWrite);
}

// Execution is ordered for logically earlier and later stages too, memory is not.
TEST(SyncScope, StagesOfAPipelineHaveAnOrder)
{
    const SyncScope source = SourceOf(Use::FragmentRead);
    EXPECT_TRUE(Any(source.stages & SyncStages::Vertex));
    EXPECT_TRUE(Any(source.stages & SyncStages::Index));
    EXPECT_TRUE(Any(source.stages & SyncStages::Indirect));
    EXPECT_FALSE(Any(source.stages & SyncStages::Compute));
    EXPECT_EQ(source.uses & Use::VertexRead, Use::None);
    const SyncScope target = TargetOf(Use::IndirectRead);
    EXPECT_TRUE(Any(target.stages & SyncStages::Fragment));
    EXPECT_TRUE(Any(target.stages & SyncStages::Compute));
    EXPECT_FALSE(Any(target.stages & SyncStages::Transfer));
    EXPECT_EQ(target.uses, Use::IndirectRead);
    EXPECT_EQ(SourceOf(Use::ComputeWrite).stages, SyncStages::Compute | SyncStages::Indirect);
    EXPECT_EQ(TargetOf(Use::ComputeWrite).stages, SyncStages::Compute);
}

TEST(SyncScope, RawMasks)
{
    const auto target = [](VkPipelineStageFlags2 stages, VkAccessFlags2 access) {
        return TargetScope(stages, access).uses;
    };
    EXPECT_EQ(target(VK_PIPELINE_STAGE_2_COPY_BIT, VK_ACCESS_2_TRANSFER_WRITE_BIT), Use::TransferWrite);
    EXPECT_EQ(target(VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT, VK_ACCESS_2_SHADER_READ_BIT), Use::VertexRead);
    EXPECT_EQ(target(VK_PIPELINE_STAGE_2_VERTEX_INPUT_BIT, VK_ACCESS_2_MEMORY_READ_BIT),
              Use::IndexRead | Use::VertexAttributeRead);
    EXPECT_EQ(target(VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT, VK_ACCESS_2_SHADER_WRITE_BIT), Use::ComputeWrite);
    EXPECT_EQ(target(VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT, VK_ACCESS_2_MEMORY_WRITE_BIT), Use::None);
    EXPECT_EQ(SourceScope(VK_PIPELINE_STAGE_2_TOP_OF_PIPE_BIT, 0).stages, SyncStages::None);
    EXPECT_EQ(TargetScope(VK_PIPELINE_STAGE_2_BOTTOM_OF_PIPE_BIT, 0).stages, SyncStages::None);
    EXPECT_TRUE(Any(SourceScope(VK_PIPELINE_STAGE_2_BOTTOM_OF_PIPE_BIT, 0).stages & SyncStages::Transfer));
    EXPECT_TRUE(Any(TargetScope(VK_PIPELINE_STAGE_2_TOP_OF_PIPE_BIT, 0).stages & SyncStages::Transfer));
    EXPECT_TRUE(Any(SourceScope(VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT, 0).stages & SyncStages::Fragment));
    EXPECT_FALSE(Any(SourceScope(VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT, 0).stages & SyncStages::Fragment));
    const SyncScope wait = WaitScope(VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT);
    EXPECT_TRUE(Any(wait.uses & Use::ComputeRead) && Any(wait.uses & Use::ComputeWrite));
    EXPECT_FALSE(Any(wait.uses & Use::VertexRead));
}
} // namespace
} // namespace sedx
