// Draws a frame: what is resident and in view, sky and sea behind it, into the picture of that frame.
#pragma once

#include "renderer/camera.h"
#include "renderer/frame_slots.h"
#include "streaming/scene_streamer.h"

namespace scenery
{
class SceneRenderer
{
  public:
    // `earthRadius` in metres; 0: no sea, for single models.
    SceneRenderer(const VulkanContext& context, sedx::BufferSystem& system, const Pipelines& pipelines,
                  FrameSlots& slots, double earthRadius);

    // Records and submits. Returns the target that will hold the picture.
    const OffscreenTarget& Draw(const sedx::Frame& frame, const Camera& camera, std::span<const ResidentMesh> meshes);

  private:
    sedx::BufferSlice WriteConstants(const sedx::Frame& frame, const Camera& camera);
    void DrawMeshes(const sedx::Frame& frame, VkCommandBuffer cmd, const Camera& camera,
                    std::span<const ResidentMesh> meshes, bool tiles) const;
    void Submit(const sedx::Frame& frame, VkCommandBuffer cmd) const;

    const VulkanContext& m_context;
    const Pipelines& m_pipelines;
    FrameSlots& m_slots;
    sedx::RingBuffer m_constants;
    double m_earthRadius;
};
} // namespace scenery
