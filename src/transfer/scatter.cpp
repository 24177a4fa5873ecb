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

uint32_t ScatterTable::Part::GroupOf(uint64_t bytes) const noexcept
{
    const uint64_t lanes = (bytes - 1) / m_laneBytes + 1;
    return std::min<uint32_t>(static_cast<uint32_t>(std::bit_width(lanes - 1)), kGroups - 1);
}

// In both of these what is the same in neighbours, as a rule block and length, is looked up once.
void ScatterTable::Part::Count(const ScatterRules& rules, const BufferMemory& destination,
                               std::span<const CopyOp> ops) noexcept
{
    const Block* block = nullptr;
    bool fits = false; // as far as it depends on the block
    uint64_t bytes = 1;
    uint64_t times = 0;
    for (const CopyOp& op : ops)
    {
        if (op.block != block)
        {
            block = op.block;
            fits = destination.address != 0 && block->backing->memory.address != 0;
        }
        if (!fits || op.bytes > rules.maxBytes)
            continue;
        if (op.bytes != bytes)
        {
            Count(bytes, times);
            bytes = op.bytes;
            times = 0;
        }
        ++times;
    }
    Count(bytes, times);
}

void ScatterTable::Part::Put(const ScatterRules& rules, const BufferMemory& destination,
                             std::span<const CopyOp> ops) noexcept
{
    const VkDeviceAddress to = destination.address;
    const uint64_t maxBytes = rules.maxBytes;
    const Block* block = nullptr;
    VkDeviceAddress from = 0;
    uint64_t bytes = 1;
    std::byte** group = &m_next[GroupOf(bytes)];
    std::byte* next = *group;
    for (const CopyOp& op : ops)
    {
        if (op.block != block)
        {
            block = op.block;
            from = block->backing->memory.address;
        }
        if (to == 0 || from == 0 || op.bytes > maxBytes)
            continue;
        if (op.bytes != bytes)
        {
            bytes = op.bytes;
            *group = next;
            group = &m_next[GroupOf(bytes)];
            next = *group;
        }
        next = PutAt(next, to + op.destination, from + op.source, bytes);
    }
    *group = next;
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
        uint32_t unused[3]; // all of the range is set
    };
    static_assert(sizeof(Push) == Kernels::kPushBytes);
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
                            static_cast<uint32_t>(first),
                            {}};
            vk.CmdPushConstants(cmd, rules.kernels->Layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
            const uint64_t groups = (std::min(most, invocations - first) + kGroupSize - 1) / kGroupSize;
            vk.CmdDispatch(cmd, static_cast<uint32_t>(groups), 1, 1);
        }
        table += count * kEntryBytes;
    }
}
} // namespace sedx
