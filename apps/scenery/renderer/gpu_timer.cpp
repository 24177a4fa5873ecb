#include "renderer/gpu_timer.h"

#include "failure.h"

#include <volk.h>

#include <array>
#include <utility>

namespace scenery
{
GpuTimer::GpuTimer(const VulkanContext& context) : m_context(context)
{
    const uint32_t bits = context.GetDevice().Queues()[0].timestampValidBits;
    if (bits == 0)
        return;
    m_mask = bits >= 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
    VkQueryPoolCreateInfo info{VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO};
    info.queryType = VK_QUERY_TYPE_TIMESTAMP;
    info.queryCount = 2;
    RequireVk(vkCreateQueryPool(context.Handle(), &info, nullptr, &m_queries), "timestamps");
}

GpuTimer::~GpuTimer() { vkDestroyQueryPool(m_context.Handle(), m_queries, nullptr); }

void GpuTimer::CmdBegin(VkCommandBuffer cmd)
{
    if (m_queries == VK_NULL_HANDLE)
        return;
    vkCmdResetQueryPool(cmd, m_queries, 0, 2);
    vkCmdWriteTimestamp2(cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, m_queries, 0);
}

void GpuTimer::CmdEnd(VkCommandBuffer cmd)
{
    if (m_queries == VK_NULL_HANDLE)
        return;
    vkCmdWriteTimestamp2(cmd, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, m_queries, 1);
    m_isRecorded = true;
}

std::optional<double> GpuTimer::Take()
{
    if (!std::exchange(m_isRecorded, false))
        return std::nullopt;
    std::array<uint64_t, 2> ticks{};
    RequireVk(vkGetQueryPoolResults(m_context.Handle(), m_queries, 0, 2, sizeof ticks, ticks.data(), sizeof ticks[0],
                                    VK_QUERY_RESULT_64_BIT),
              "timestamps");
    const double period = double{m_context.GetDevice().Properties().limits.timestampPeriod}; // nanoseconds
    return static_cast<double>((ticks[1] - ticks[0]) & m_mask) * period * 1e-6;
}
} // namespace scenery
