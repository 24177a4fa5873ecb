// SyncScope: one side of a barrier, as the model of hazards sees it. Pure logic.
//
// Stages that differ in nothing that matters to buffers are one: all shaders before the rasteriser, all kinds of copies.
#pragma once

#include <sedx/use.h>

namespace sedx
{
enum class SyncStages : uint16_t
{
    None = 0,
    Indirect = 1u << 0,
    Index = 1u << 1,
    VertexAttribute = 1u << 2,
    Vertex = 1u << 3,
    Fragment = 1u << 4,
    Compute = 1u << 5,
    RayTracing = 1u << 6,
    Transfer = 1u << 7,
    Build = 1u << 8,
    Host = 1u << 9,
};
SEDX_ENABLE_FLAGS(SyncStages);

struct SyncScope
{
    SyncStages stages = SyncStages::None; // that execution is ordered for, with what is logically earlier or later
    Use uses = Use::None;                 // whose memory accesses take part
};

// Of the commands before a barrier, and of those behind it.
SyncScope SourceScope(VkPipelineStageFlags2 stages, VkAccessFlags2 access) noexcept;
SyncScope TargetScope(VkPipelineStageFlags2 stages, VkAccessFlags2 access) noexcept;
// What a semaphore makes visible to these stages: everything.
SyncScope WaitScope(VkPipelineStageFlags2 stages) noexcept;

// The stage of a use; of one bit, which is neither AnyRead nor AnyWrite.
SyncStages StageOf(Use use) noexcept;
// AnyRead and AnyWrite spelled out.
Use Spelled(Use uses) noexcept;
} // namespace sedx
