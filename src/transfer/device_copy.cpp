#include "transfer/device_copy.h"

#include "transfer/copy_plan.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sedx
{
namespace
{
constexpr uint64_t kGroupSize = 256; // local_size_x of shaders/copy.comp
constexpr uint64_t kQuad = 16;       // what an invocation copies in each turn
constexpr uint64_t kWord = 4;

// Ends that are no whole words cost a copy command each, 2.4 us on an H200, in which it copies 1 MB by command: worth it from
// here on at the earliest (docs/performance.md: estimated from the figures there, not measured by itself).
constexpr uint64_t kMinBytesAtOddOffsets = 2ull << 20;

// Enough invocations to keep the memory of the largest GPUs busy, which hold some 300,000 at once; each goes on to its
// next 16 bytes rather than ending.
constexpr uint64_t kMostGroups = 4096;

// Offsets within a dispatch stay below 2^32 bytes, whatever the driver computes addresses with. A multiple of 16.
constexpr uint64_t kBytesOfDispatch = 1ull << 30;

uint64_t ToNextWord(VkDeviceAddress address) noexcept { return -address & (kWord - 1); }

bool BeginsAndEndsOnWords(VkDeviceAddress destination, uint64_t bytes) noexcept
{
    return ((destination | bytes) & (kWord - 1)) == 0;
}

bool GoesByShader(const DeviceCopyRules& rules, const BufferMemory& source, const BufferMemory& destination,
                  const DeviceCopyRegion& region) noexcept
{
    if (rules.kernels == nullptr || source.address == 0 || destination.address == 0)
        return false;
    const VkDeviceAddress to = destination.address + region.destination;
    if (region.bytes < ToNextWord(to) + kWord) // no whole word in it
        return false;
    return region.bytes >= (BeginsAndEndsOnWords(to, region.bytes) ? rules.minBytes : rules.minBytesAtOddOffsets);
}

// Whole words of the destination.
void Dispatch(const DeviceDispatch& vk, VkCommandBuffer cmd, const DeviceCopyRules& rules, VkDeviceAddress from,
              VkDeviceAddress to, uint64_t bytes)
{
    struct Push // of shaders/copy.comp
    {
        uint32_t to[2];
        uint32_t from[2];
        uint32_t begin;
        uint32_t end;
        uint32_t unused[2]; // all of the range is set
    };
    static_assert(sizeof(Push) == Kernels::kPushBytes);
    const uint64_t lead = to & (kQuad - 1);
    for (uint64_t done = 0; done < bytes; done += kBytesOfDispatch)
    {
        const uint64_t piece = std::min(kBytesOfDispatch, bytes - done);
        const VkDeviceAddress target = to + done - lead;
        const VkDeviceAddress source = from + done - lead; // nothing before `from` is read
        const Push push{{static_cast<uint32_t>(target), static_cast<uint32_t>(target >> 32)},
                        {static_cast<uint32_t>(source), static_cast<uint32_t>(source >> 32)},
                        static_cast<uint32_t>(lead / kWord),
                        static_cast<uint32_t>((lead + piece) / kWord),
                        {}};
        vk.CmdPushConstants(cmd, rules.kernels->Layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), &push);
        const uint64_t quads = (lead + piece + kQuad - 1) / kQuad;
        const uint64_t groups =
            std::min<uint64_t>((quads + kGroupSize - 1) / kGroupSize, std::min<uint64_t>(kMostGroups, rules.maxGroups));
        vk.CmdDispatch(cmd, static_cast<uint32_t>(groups), 1, 1);
    }
}
} // namespace

DeviceCopyRules DeviceCopyRulesOf(const DeviceState& device, uint32_t queue, TransferPath path,
                                  const TransferProfile& profile) noexcept
{
    constexpr uint64_t kNever = ~uint64_t{0};
    DeviceCopyRules rules;
    const bool possible = (device.queues[queue].flags & VK_QUEUE_COMPUTE_BIT) != 0 &&
                          device.kernels->Pipeline(Kernel::Copy) != VK_NULL_HANDLE;
    const bool forced = path == TransferPath::Scatter;
    const bool wanted = forced || (path == TransferPath::Auto && profile.computeCopyMinBytes != kNever);
    if (!possible || !wanted)
        return rules;
    rules.kernels = device.kernels.get();
    rules.maxGroups = device.properties.limits.maxComputeWorkGroupCount[0];
    rules.minBytes = forced ? 0 : profile.computeCopyMinBytes;
    rules.minBytesAtOddOffsets = forced ? 0 : std::max(profile.computeCopyMinBytes, kMinBytesAtOddOffsets);
    return rules;
}

void RecordDeviceCopies(const DeviceDispatch& vk, VkCommandBuffer cmd, const DeviceCopyRules& rules,
                        const BufferMemory& source, const BufferMemory& destination,
                        std::span<const DeviceCopyRegion> regions, DeviceCopyStats& stats)
{
    std::vector<VkBufferCopy2> byCommand;
    const auto addByCommand = [&](uint64_t from, uint64_t to, uint64_t bytes) {
        if (bytes != 0)
            byCommand.push_back(
                {VK_STRUCTURE_TYPE_BUFFER_COPY_2, nullptr, source.offset + from, destination.offset + to, bytes});
    };
    bool isBound = false;
    for (const DeviceCopyRegion& region : regions)
    {
        if (!GoesByShader(rules, source, destination, region))
        {
            addByCommand(region.source, region.destination, region.bytes);
            ++stats.copiesByCommand;
            continue;
        }
        if (!std::exchange(isBound, true))
            vk.CmdBindPipeline(cmd, VK_PIPELINE_BIND_POINT_COMPUTE, rules.kernels->Pipeline(Kernel::Copy));
        // Bytes beside whole words may share a word with what others write: copy commands write single bytes.
        const uint64_t head = ToNextWord(destination.address + region.destination);
        const uint64_t words = (region.bytes - head) / kWord * kWord;
        const uint64_t tail = region.bytes - head - words;
        addByCommand(region.source, region.destination, head);
        Dispatch(vk, cmd, rules, source.address + region.source + head, destination.address + region.destination + head,
                 words);
        addByCommand(region.source + head + words, region.destination + head + words, tail);
        stats.shaderBytes += words;
        ++stats.copiesByShader;
    }
    for (size_t begin = 0; begin < byCommand.size(); begin += kRegionsPerCommand)
    {
        VkCopyBufferInfo2 copy{VK_STRUCTURE_TYPE_COPY_BUFFER_INFO_2};
        copy.srcBuffer = source.buffer;
        copy.dstBuffer = destination.buffer;
        copy.regionCount = static_cast<uint32_t>(std::min(kRegionsPerCommand, byCommand.size() - begin));
        copy.pRegions = byCommand.data() + begin;
        vk.CmdCopyBuffer2(cmd, &copy);
    }
    stats.regions += byCommand.size();
}
} // namespace sedx
