#include "sync/sync_scope.h"

#include "sync/use_table.h"

namespace sedx
{
namespace
{
constexpr SyncStages kGraphics =
    SyncStages::Indirect | SyncStages::Index | SyncStages::VertexAttribute | SyncStages::Vertex | SyncStages::Fragment;
constexpr SyncStages kDevice =
    kGraphics | SyncStages::Compute | SyncStages::RayTracing | SyncStages::Transfer | SyncStages::Build; // all commands

// Stages that access buffers and are named by the mask.
SyncStages Named(VkPipelineStageFlags2 stages) noexcept
{
    struct Entry
    {
        VkPipelineStageFlags2 mask;
        SyncStages stages;
    };
    constexpr Entry kEntries[] = {
        {VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, kDevice},
        {VK_PIPELINE_STAGE_2_ALL_GRAPHICS_BIT, kGraphics},
        {VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT, SyncStages::Indirect},
        {VK_PIPELINE_STAGE_2_INDEX_INPUT_BIT | VK_PIPELINE_STAGE_2_VERTEX_INPUT_BIT, SyncStages::Index},
        {VK_PIPELINE_STAGE_2_VERTEX_ATTRIBUTE_INPUT_BIT | VK_PIPELINE_STAGE_2_VERTEX_INPUT_BIT,
         SyncStages::VertexAttribute},
        {VK_PIPELINE_STAGE_2_PRE_RASTERIZATION_SHADERS_BIT | VK_PIPELINE_STAGE_2_VERTEX_SHADER_BIT |
             VK_PIPELINE_STAGE_2_TESSELLATION_CONTROL_SHADER_BIT |
             VK_PIPELINE_STAGE_2_TESSELLATION_EVALUATION_SHADER_BIT | VK_PIPELINE_STAGE_2_GEOMETRY_SHADER_BIT |
             VK_PIPELINE_STAGE_2_TASK_SHADER_BIT_EXT | VK_PIPELINE_STAGE_2_MESH_SHADER_BIT_EXT,
         SyncStages::Vertex},
        {VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT, SyncStages::Fragment},
        {VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT, SyncStages::Compute},
        {VK_PIPELINE_STAGE_2_RAY_TRACING_SHADER_BIT_KHR, SyncStages::RayTracing},
        {VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT | VK_PIPELINE_STAGE_2_COPY_BIT | VK_PIPELINE_STAGE_2_CLEAR_BIT |
             VK_PIPELINE_STAGE_2_BLIT_BIT | VK_PIPELINE_STAGE_2_RESOLVE_BIT,
         SyncStages::Transfer},
        {VK_PIPELINE_STAGE_2_ACCELERATION_STRUCTURE_BUILD_BIT_KHR |
             VK_PIPELINE_STAGE_2_ACCELERATION_STRUCTURE_COPY_BIT_KHR,
         SyncStages::Build},
        {VK_PIPELINE_STAGE_2_HOST_BIT, SyncStages::Host},
    };
    SyncStages named = SyncStages::None;
    for (const Entry& entry : kEntries)
        if ((stages & entry.mask) != 0)
            named |= entry.stages;
    return named;
}

SyncStages WithEarlier(SyncStages stages) noexcept
{
    if (Any(stages & SyncStages::Fragment))
        stages |= SyncStages::Vertex;
    if (Any(stages & SyncStages::Vertex))
        stages |= SyncStages::Index | SyncStages::VertexAttribute;
    if (Any(stages & (SyncStages::Index | SyncStages::VertexAttribute | SyncStages::Compute | SyncStages::RayTracing)))
        stages |= SyncStages::Indirect;
    return stages;
}

SyncStages WithLater(SyncStages stages) noexcept
{
    if (Any(stages & SyncStages::Indirect))
        stages |= kGraphics | SyncStages::Compute | SyncStages::RayTracing;
    if (Any(stages & (SyncStages::Index | SyncStages::VertexAttribute)))
        stages |= SyncStages::Vertex;
    if (Any(stages & SyncStages::Vertex))
        stages |= SyncStages::Fragment;
    return stages;
}

// Accesses that the mask covers, those that stand for several spelled out.
VkAccessFlags2 Spelled(VkAccessFlags2 access) noexcept
{
    if ((access & VK_ACCESS_2_SHADER_READ_BIT) != 0)
        access |= VK_ACCESS_2_SHADER_STORAGE_READ_BIT | VK_ACCESS_2_SHADER_SAMPLED_READ_BIT;
    if ((access & VK_ACCESS_2_SHADER_WRITE_BIT) != 0)
        access |= VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT;
    return access;
}

Use UsesOf(VkPipelineStageFlags2 stages, VkAccessFlags2 access) noexcept
{
    const SyncStages named = Named(stages);
    const VkAccessFlags2 spelled = Spelled(access);
    Use uses = Use::None;
    for (const UseFacts& facts : kUseTable)
    {
        if (facts.use == Use::AnyRead || facts.use == Use::AnyWrite || !Any(StageOf(facts.use) & named))
            continue;
        const bool isWrite = Any(facts.use & kWriteUses);
        const VkAccessFlags2 all = isWrite ? VK_ACCESS_2_MEMORY_WRITE_BIT : VK_ACCESS_2_MEMORY_READ_BIT;
        if ((spelled & (facts.access | all)) != 0)
            uses |= facts.use;
    }
    return uses;
}
} // namespace

SyncScope SourceScope(VkPipelineStageFlags2 stages, VkAccessFlags2 access) noexcept
{
    SyncStages ordered = Named(stages);
    if ((stages & VK_PIPELINE_STAGE_2_BOTTOM_OF_PIPE_BIT) != 0)
        ordered |= kDevice;
    if ((stages & (VK_PIPELINE_STAGE_2_LATE_FRAGMENT_TESTS_BIT | VK_PIPELINE_STAGE_2_COLOR_ATTACHMENT_OUTPUT_BIT)) != 0)
        ordered |= SyncStages::Fragment;
    if ((stages & VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT) != 0)
        ordered |= SyncStages::Vertex;
    return {WithEarlier(ordered), UsesOf(stages, access)};
}

SyncScope TargetScope(VkPipelineStageFlags2 stages, VkAccessFlags2 access) noexcept
{
    SyncStages ordered = Named(stages);
    if ((stages & VK_PIPELINE_STAGE_2_TOP_OF_PIPE_BIT) != 0)
        ordered |= kDevice;
    if ((stages & VK_PIPELINE_STAGE_2_EARLY_FRAGMENT_TESTS_BIT) != 0)
        ordered |= SyncStages::Fragment;
    return {WithLater(ordered), UsesOf(stages, access)};
}

SyncScope WaitScope(VkPipelineStageFlags2 stages) noexcept
{
    return TargetScope(stages, VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT);
}

SyncStages StageOf(Use use) noexcept
{
    for (const UseFacts& facts : kUseTable)
        if (facts.use == use)
            return Named(facts.stages);
    return SyncStages::None;
}

Use Spelled(Use uses) noexcept
{
    for (const UseFacts& facts : kUseTable)
    {
        if (Any(facts.use & (kHostUses | Use::AnyRead | Use::AnyWrite)))
            continue;
        if (Any(uses & (Any(facts.use & kWriteUses) ? Use::AnyWrite : Use::AnyRead)))
            uses |= facts.use;
    }
    return uses & ~(Use::AnyRead | Use::AnyWrite);
}
} // namespace sedx
