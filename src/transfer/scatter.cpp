#include "transfer/scatter.h"

#include "transfer/transfer_profile.h"

#include <algorithm>
#include <bit>

namespace sedx
{
namespace
{
constexpr uint32_t kGroupSize = 64; // local_size_x of shaders/scatter.comp
} // namespace

ScatterRules ScatterRulesOf(const DeviceState& device, uint32_t queue, TransferPath path,
                            const TransferProfile& profile) noexcept
{
    ScatterRules rules;
    const bool isForced = path == TransferPath::Scatter;
    const bool isWanted = isForced || (path == TransferPath::Auto && profile.scatterMaxBytes != 0);
    const bool isPossible = (device.queues[queue].flags & VK_QUEUE_COMPUTE_BIT) != 0 &&
                            device.kernels->Pipeline(Kernel::Scatter) != VK_NULL_HANDLE;
    if (!isWanted || !isPossible)
        return rules;
    rules.kernels = device.kernels.get();
    rules.maxGroups = device.properties.limits.maxComputeWorkGroupCount[0];
    rules.maxBytes = isForced ? kScatterMost : profile.scatterMaxBytes;
    rules.minWrites = isForced ? 1 : profile.scatterMinWrites;
    rules.laneBytes = profile.scatterLaneBytes;
    return rules;
}

uint32_t ScatterTable::Part::FindGroup(uint64_t bytes) const noexcept
{
    const uint64_t lanes = (bytes - 1) / m_laneBytes + 1;
    return std::min<uint32_t>(static_cast<uint32_t>(std::bit_width(lanes - 1)), kGroups - 1);
}

uint64_t ScatterTable::CountOf(uint32_t group) const noexcept
{
    uint64_t count = 0;
    for (const Part& part : m_parts)
        count += part.m_counts[group];
    return count;
}

uint64_t ScatterTable::Count() const noexcept
{
    uint64_t count = 0;
    for (uint32_t group = 0; group < kGroups; ++group)
        count += CountOf(group);
    return count;
}

void ScatterTable::Begin(std::byte* mapped) noexcept
{
    for (uint32_t group = 0; group < kGroups; ++group)
        for (Part& part : m_parts)
        {
            part.m_next[group] = mapped;
            mapped += part.m_counts[group] * kEntryBytes;
        }
}

void ScatterTable::Record(const DeviceDispatch& vk, VkCommandBuffer cmd, const ScatterRules& rules,
                          VkDeviceAddress address) const
{
    struct Push // of shaders/scatter.comp
    {
        uint32_t table[2];
        uint32_t count;
        uint32_t lanesShift;
        uint32_t first;
    };
    static_assert(sizeof(Push) <= Kernels::kPushBytes);
    vk.CmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, rules.kernels->Pipeline(Kernel::Scatter));
    VkDeviceAddress table = address;
    for (uint32_t shift = 0; shift < kGroups; ++shift)
    {
        const uint64_t count = CountOf(shift);
        const uint64_t invocations = count << shift;
        const uint64_t most = uint64_t{rules.maxGroups} * kGroupSize;
        for (uint64_t first = 0; first < invocations; first += most)
        {
            const Push push{{static_cast<uint32_t>(table), static_cast<uint32_t>(table >> 32)},
                            static_cast<uint32_t>(count),
                            shift,
                            static_cast<uint32_t>(first)};
            vk.CmdPushConstants(cmd, rules.kernels->Layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
            const uint64_t groups = (std::min(most, invocations - first) + kGroupSize - 1) / kGroupSize;
            vk.CmdDispatch(cmd, static_cast<uint32_t>(groups), 1, 1);
        }
        table += count * kEntryBytes;
    }
}
} // namespace sedx
