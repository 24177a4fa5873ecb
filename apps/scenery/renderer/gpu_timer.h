// How long the GPU takes for a part of a command buffer. One for each frame in flight.
#pragma once

#include "renderer/vulkan_context.h"

#include <optional>

namespace scenery
{
class GpuTimer
{
  public:
    explicit GpuTimer(const VulkanContext& context); // throws Failure
    ~GpuTimer();
    GpuTimer(const GpuTimer&) = delete;
    GpuTimer& operator=(const GpuTimer&) = delete;

    // Outside of rendering, once each in a command buffer. Nothing is recorded where queue 0 has no timestamps.
    void CmdBegin(VkCommandBuffer cmd);
    void CmdEnd(VkCommandBuffer cmd);

    // Milliseconds between the two, once: empty before they were recorded, and without timestamps. The command buffer has passed.
    std::optional<double> Take();

  private:
    const VulkanContext& m_context;
    VkQueryPool m_queries = VK_NULL_HANDLE; // null: no timestamps
    uint64_t m_mask = 0;                    // of the bits that count
    bool m_isRecorded = false;
};
} // namespace scenery
