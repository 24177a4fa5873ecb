// What each Use is in Vulkan. Plain data.
#pragma once

#include <sedx/use.h>

#include <array>

namespace sedx
{
struct UseFacts
{
    Use use;
    const char* name;
    VkPipelineStageFlags2 stages;
    VkAccessFlags2 access;
};

inline constexpr auto kUseTable = [] {
    constexpr VkPipelineStageFlags2 kVertex = VK_PIPELINE_STAGE_2_PRE_RASTERIZATION_SHADERS_BIT;
    constexpr VkPipelineStageFlags2 kFragment = VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT;
    constexpr VkPipelineStageFlags2 kCompute = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT;
    constexpr VkPipelineStageFlags2 kRays = VK_PIPELINE_STAGE_2_RAY_TRACING_SHADER_BIT_KHR;
    constexpr VkPipelineStageFlags2 kTransfer = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT;
    constexpr VkPipelineStageFlags2 kBuild = VK_PIPELINE_STAGE_2_ACCELERATION_STRUCTURE_BUILD_BIT_KHR;
    constexpr VkAccessFlags2 kUniform = VK_ACCESS_2_UNIFORM_READ_BIT;
    // Texel buffers that are not written count as sampled.
    constexpr VkAccessFlags2 kRead = VK_ACCESS_2_SHADER_STORAGE_READ_BIT | VK_ACCESS_2_SHADER_SAMPLED_READ_BIT;
    constexpr VkAccessFlags2 kWrite = VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT;
    constexpr VkAccessFlags2 kStructureRead = VK_ACCESS_2_ACCELERATION_STRUCTURE_READ_BIT_KHR;
    return std::to_array<UseFacts>({
        {Use::IndirectRead, "IndirectRead", VK_PIPELINE_STAGE_2_DRAW_INDIRECT_BIT,
         VK_ACCESS_2_INDIRECT_COMMAND_READ_BIT},
        {Use::IndexRead, "IndexRead", VK_PIPELINE_STAGE_2_INDEX_INPUT_BIT, VK_ACCESS_2_INDEX_READ_BIT},
        {Use::VertexAttributeRead, "VertexAttributeRead", VK_PIPELINE_STAGE_2_VERTEX_ATTRIBUTE_INPUT_BIT,
         VK_ACCESS_2_VERTEX_ATTRIBUTE_READ_BIT},
        {Use::VertexUniformRead, "VertexUniformRead", kVertex, kUniform},
        {Use::VertexRead, "VertexRead", kVertex, kRead},
        {Use::VertexWrite, "VertexWrite", kVertex, kWrite},
        {Use::FragmentUniformRead, "FragmentUniformRead", kFragment, kUniform},
        {Use::FragmentRead, "FragmentRead", kFragment, kRead},
        {Use::FragmentWrite, "FragmentWrite", kFragment, kWrite},
        {Use::ComputeUniformRead, "ComputeUniformRead", kCompute, kUniform},
        {Use::ComputeRead, "ComputeRead", kCompute, kRead},
        {Use::ComputeWrite, "ComputeWrite", kCompute, kWrite},
        {Use::RayTracingUniformRead, "RayTracingUniformRead", kRays, kUniform},
        {Use::RayTracingRead, "RayTracingRead", kRays,
         VK_ACCESS_2_SHADER_READ_BIT | kRead}, // binding tables are part of it
        {Use::RayTracingWrite, "RayTracingWrite", kRays, kWrite},
        {Use::TransferRead, "TransferRead", kTransfer, VK_ACCESS_2_TRANSFER_READ_BIT},
        {Use::TransferWrite, "TransferWrite", kTransfer, VK_ACCESS_2_TRANSFER_WRITE_BIT},
        {Use::HostRead, "HostRead", VK_PIPELINE_STAGE_2_HOST_BIT, VK_ACCESS_2_HOST_READ_BIT},
        {Use::HostWrite, "HostWrite", VK_PIPELINE_STAGE_2_HOST_BIT, VK_ACCESS_2_HOST_WRITE_BIT},
        {Use::AccelerationStructureInputRead, "AccelerationStructureInputRead", kBuild, VK_ACCESS_2_SHADER_READ_BIT},
        {Use::AccelerationStructureBuildRead, "AccelerationStructureBuildRead", kBuild, kStructureRead},
        {Use::AccelerationStructureBuildWrite, "AccelerationStructureBuildWrite", kBuild,
         VK_ACCESS_2_ACCELERATION_STRUCTURE_WRITE_BIT_KHR},
        {Use::TraceRead, "TraceRead", kRays, kStructureRead},
        {Use::ComputeTraceRead, "ComputeTraceRead", kCompute, kStructureRead},
        {Use::FragmentTraceRead, "FragmentTraceRead", kFragment, kStructureRead},
        {Use::AnyRead, "AnyRead", VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, VK_ACCESS_2_MEMORY_READ_BIT},
        {Use::AnyWrite, "AnyWrite", VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, VK_ACCESS_2_MEMORY_WRITE_BIT},
    });
}();

inline constexpr Use kWriteUses = Use::VertexWrite | Use::FragmentWrite | Use::ComputeWrite | Use::RayTracingWrite |
                                  Use::TransferWrite | Use::HostWrite | Use::AccelerationStructureBuildWrite |
                                  Use::AnyWrite;
inline constexpr Use kHostUses = Use::HostRead | Use::HostWrite;
} // namespace sedx
