// Decides on the GPU which instances are in the picture, and writes the draws of those that are: two compute passes, from the
// lists of the frame to the buffers of one vkCmdDrawIndirectCount.
//
//     const CulledDraws draws = culling.Prepare(frame, camera, lists);   // tells the addresses that shaders want
//     culling.CmdCull(frame, cmd, draws);                                // outside of rendering
//     culling.CmdDraw(cmd, draws);                                       // inside
#pragma once

#include "renderer/camera.h"
#include "renderer/compute_pipeline.h"
#include "renderer/draw_lists.h"

#include <sedx/bindless_buffer_system.h>
#include <sedx/ring_buffer.h>

namespace scenery
{
struct CulledDraws // of one frame
{
    gpu::CullConstants constants{};
    sedx::BufferSlice draws;
    sedx::ResolvedBuffer count;
};

class InstanceCulling
{
  public:
    InstanceCulling(const VulkanContext& context, sedx::BufferSystem& system, sedx::BindlessBufferSystem& bindless);

    // Writes the lists, and sets memory aside for what comes out.
    CulledDraws Prepare(const sedx::Frame& frame, const Camera& camera, const DrawLists& lists);
    // Both passes. What they write is then ready for CmdDraw and for vertex shaders.
    void CmdCull(const sedx::Frame& frame, VkCommandBuffer cmd, const CulledDraws& work);
    // Draws all of it by one call. Pipeline and sets are bound.
    void CmdDraw(VkCommandBuffer cmd, const CulledDraws& work) const;

    // Of the newest frame that has passed; zeros before there is one.
    gpu::CullCounters Counters() const;

  private:
    const VulkanContext& m_context;
    sedx::BindlessBufferSystem& m_bindless;
    ComputePipeline m_cullInstances;
    ComputePipeline m_writeDraws;
    sedx::RingBuffer m_lists;   // written by the CPU
    sedx::RingBuffer m_scratch; // by the GPU
    sedx::Buffer m_counters;    // gpu::CullCounters
    sedx::ReadbackSubscription m_newest;
};
} // namespace scenery
