// Draws a frame: what is resident and in view, sky and sea behind it, into the picture of that frame.
#pragma once

#include "output/frame_times.h"
#include "renderer/camera.h"
#include "renderer/frame_slots.h"
#include "renderer/instance_culling.h"

namespace scenery
{
class SceneRenderer
{
  public:
    // `earthRadius` in metres; 0: no sea, for single models.
    SceneRenderer(const VulkanContext& context, sedx::BufferSystem& system, sedx::BindlessBufferSystem& bindless,
                  const Pipelines& pipelines, FrameSlots& slots, double earthRadius);

    // Records and submits. Returns the target that will hold the picture.
    const OffscreenTarget& Draw(const sedx::Frame& frame, const Camera& camera, std::span<const GpuMesh* const> meshes);

    // Of the newest frame that has passed.
    gpu::CullCounters Counters() const { return m_culling.Counters(); }
    // Of the frame recorded last: calls that draw meshes.
    uint32_t DrawCalls() const noexcept { return m_drawCalls; }
    // Milliseconds that the GPU took to cull in each frame up to this one, which has passed; empty without timestamps.
    FrameTimes TakeCullTimes(uint64_t completedFrame);

  private:
    sedx::BufferSlice WriteConstants(const sedx::Frame& frame, const Camera& camera, const CulledDraws& draws);
    void TakeCullTime(FrameSlot& slot);
    void Submit(const sedx::Frame& frame, VkCommandBuffer cmd) const;

    const VulkanContext& m_context;
    sedx::BindlessBufferSystem& m_bindless;
    const Pipelines& m_pipelines;
    FrameSlots& m_slots;
    InstanceCulling m_culling;
    DrawLists m_lists;
    sedx::RingBuffer m_constants;
    double m_earthRadius;
    uint32_t m_drawCalls = 0;
    FrameTimes m_cullTimes;
};
} // namespace scenery
