// Use: what a command does with the bytes of a buffer. A use names the pipeline stage and the kind of access in one word, so
// that a barrier reads like the sentence that one would say about it.
//
//     Use::ComputeWrite                       // a compute shader stores
//     Use::IndirectRead | Use::ComputeRead    // the same bytes are draw parameters and are read by a compute shader
//
// Plain values, no Vulkan calls. Does NOT cover images: their layouts and their barriers are the engine's.
#pragma once

#include <sedx/export.h>
#include <sedx/flags.h>

#include <cstdint>
#include <string>
#include <vulkan/vulkan_core.h>

namespace sedx
{
// A mask: a command may do several of these at once. Storage covers texel buffers, and what shaders reach by a device address.
enum class Use : uint32_t
{
    None = 0,
    IndirectRead = 1u << 0,        // parameters and counts of indirect draws, dispatches and traces
    IndexRead = 1u << 1,           // index buffers
    VertexAttributeRead = 1u << 2, // vertex buffers
    // Shaders before the rasteriser: vertex, tessellation, geometry, task, mesh.
    VertexUniformRead = 1u << 3,
    VertexRead = 1u << 4,
    VertexWrite = 1u << 5,
    FragmentUniformRead = 1u << 6,
    FragmentRead = 1u << 7,
    FragmentWrite = 1u << 8,
    ComputeUniformRead = 1u << 9,
    ComputeRead = 1u << 10,
    ComputeWrite = 1u << 11,
    // Ray-tracing pipelines; RayTracingRead covers shader binding tables. The device must have VK_KHR_ray_tracing_pipeline.
    RayTracingUniformRead = 1u << 12,
    RayTracingRead = 1u << 13,
    RayTracingWrite = 1u << 14,
    // Copies, fills, updates, clears, and queries that are copied.
    TransferRead = 1u << 15,
    TransferWrite = 1u << 16,
    // The CPU, through mapped memory.
    HostRead = 1u << 17,
    HostWrite = 1u << 18,
    // With VK_KHR_acceleration_structure. Builds read geometry and instances (Input), and read and write structures and scratch.
    AccelerationStructureInputRead = 1u << 19,
    AccelerationStructureBuildRead = 1u << 20,
    AccelerationStructureBuildWrite = 1u << 21,
    // Structures that rays are traced through: by a ray-tracing pipeline, or by ray queries of other shaders.
    TraceRead = 1u << 22,
    ComputeTraceRead = 1u << 23,
    FragmentTraceRead = 1u << 24,
    // Whatever the queue can do; the CPU is not part of it. Right everywhere, and slower than a use by name.
    AnyRead = 1u << 30,
    AnyWrite = 1u << 31,
};
SEDX_ENABLE_FLAGS(Use);

// A use in terms of Vulkan: what VkMemoryBarrier2 has on one of its sides.
struct UseScope
{
    VkPipelineStageFlags2 stages = VK_PIPELINE_STAGE_2_NONE;
    VkAccessFlags2 access = VK_ACCESS_2_NONE;
};
// Of all uses in the mask together. Any thread.
SEDX_API UseScope ScopeOf(Use uses) noexcept;

// Those uses of the mask that write, and those that read.
SEDX_API Use WritesOf(Use uses) noexcept;
SEDX_API Use ReadsOf(Use uses) noexcept;

// "ComputeWrite", "IndirectRead | ComputeRead"; "None" for an empty mask.
SEDX_API std::string ToString(Use uses);
} // namespace sedx
