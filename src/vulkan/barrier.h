// A barrier for memory of any kind: what the library records between its own commands.
#pragma once

#include <sedx/dispatch.h>

namespace sedx
{
inline void RecordMemoryBarrier(const DeviceDispatch& vk, VkCommandBuffer cmd, VkPipelineStageFlags2 sourceStage,
                                VkAccessFlags2 sourceAccess, VkPipelineStageFlags2 stage, VkAccessFlags2 access)
{
    VkMemoryBarrier2 barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER_2};
    barrier.srcStageMask = sourceStage;
    barrier.srcAccessMask = sourceAccess;
    barrier.dstStageMask = stage;
    barrier.dstAccessMask = access;
    VkDependencyInfo dependency{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
    dependency.memoryBarrierCount = 1;
    dependency.pMemoryBarriers = &barrier;
    vk.CmdPipelineBarrier2(cmd, &dependency);
}
} // namespace sedx
