// The application's two culling passes on a random scene, and how long the GPU takes for them.
#pragma once

#include "support/context.h"
#include "support/culling_scene.h"
#include "support/raw_copy.h"

#include <sedx/bindless_buffer_system.h>

namespace bench
{
class CullingPasses
{
  public:
    CullingPasses(const Context& context, const CullingScene& scene);
    ~CullingPasses();
    CullingPasses(const CullingPasses&) = delete;
    CullingPasses& operator=(const CullingPasses&) = delete;

    // Runs both and waits. Seconds between two timestamps around them.
    double Run();
    // Reads back what the last run wrote, and checks it.
    void Verify();

  private:
    VkPipeline MakePipeline(std::span<const uint32_t> code);
    void Record(const sedx::Frame& frame, VkCommandBuffer cmd);
    double TakeTime();

    const CullingScene& m_scene;
    std::unique_ptr<sedx::BufferSystem> m_system;
    sedx::BindlessBufferSystem& m_bindless;
    RawQueue m_queue;
    sedx::Buffer m_instances;
    sedx::Buffer m_batches;
    sedx::Buffer m_chunks;
    sedx::Buffer m_candidates;
    sedx::Buffer m_visibleCounts;
    sedx::Buffer m_visible;
    sedx::Buffer m_draws;
    sedx::Buffer m_counters;
    VkPipelineLayout m_layout = VK_NULL_HANDLE;
    VkPipeline m_cullInstances = VK_NULL_HANDLE;
    VkPipeline m_writeDraws = VK_NULL_HANDLE;
    VkQueryPool m_queries = VK_NULL_HANDLE;
};
} // namespace bench
