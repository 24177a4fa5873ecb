// Measures which way short writes should take.
#include "transfer/calibration.h"

#include "base/align.h"
#include "transfer/calibration_rules.h"
#include "transfer/scatter.h"
#include "transfer/transfer_profile.h"

#include <sedx/log.h>

#include <algorithm>
#include <cstring>

namespace sedx
{
namespace
{
constexpr uint64_t kShortWritesNs = 25'000'000; // measured again and again until then
constexpr int kMostRounds = 16;

constexpr uint64_t kTableBytes = 64 * 1024; // of staging; the payload lies behind it
constexpr double kLeastCostNs = 0.1;        // below what a clock can tell

// Lengths that are measured, and how many writes of each: 2.5 milliseconds of copy regions at most on the devices seen.
struct Length
{
    uint64_t bytes;
    uint64_t writes;
};
constexpr std::array<Length, 7> kLengths{
    {{4, 512}, {64, 1024}, {256, 512}, {1024, 128}, {4096, 64}, {16'384, 32}, {65'532, 8}}};
// And numbers of writes, of a common length.
constexpr uint64_t kCommonBytes = 64;
constexpr std::array<uint64_t, 5> kCounts{1, 8, 32, 128, 512};
constexpr std::array<uint32_t, 4> kLaneBytes{4, 16, 64, 512};
constexpr Length kLanesBy{512, 256};

// The shortest time so far of the same writes by each way, in nanoseconds; 0: none.
struct Times
{
    double regions = 0;
    double scatter = 0;
    double inlined = 0;
};

class ShortWrites
{
  public:
    ShortWrites(CalibrationBench& bench, TransferProfile& profile)
        : m_bench(bench), m_profile(profile),
          m_scatter(ScatterRulesOf(bench.Core().Device(), 0, TransferPath::Scatter, profile))
    {
        m_hasScatter = m_scatter.kernels != nullptr && bench.Target().address != 0 && bench.Staging().address != 0;
        std::memset(bench.Staging().mapped, 0, kTableBytes + AlignUp(PayloadBytes(), 4096));
    }

    Result<void> ChooseLanes()
    {
        if (!m_hasScatter)
            return {};
        std::array<double, kLaneBytes.size()> times{};
        for (int round = 0; round < 3; ++round)
            for (size_t i = 0; i < kLaneBytes.size(); ++i)
            {
                m_scatter.laneBytes = kLaneBytes[i];
                if (auto timed = Keep(times[i], [&](VkCommandBuffer cmd) { return RecordScatter(cmd, kLanesBy); });
                    !timed)
                    return timed;
            }
        const auto builtIn = std::find(kLaneBytes.begin(), kLaneBytes.end(), m_profile.scatterLaneBytes);
        const auto best = std::min_element(times.begin(), times.end());
        m_scatter.laneBytes = kLaneBytes[static_cast<size_t>(best - times.begin())];
        // What is known of this kind of device stands unless it is clearly worse.
        if (builtIn != kLaneBytes.end() && times[static_cast<size_t>(builtIn - kLaneBytes.begin())] < *best * 1.1)
            m_scatter.laneBytes = *builtIn;
        m_profile.scatterLaneBytes = m_scatter.laneBytes;
        return {};
    }

    Result<void> Round()
    {
        for (size_t i = 0; i < kCounts.size(); ++i)
            if (auto timed = All({kCommonBytes, kCounts[i]}, m_byCount[i]); !timed)
                return timed;
        for (size_t i = 0; i < kLengths.size(); ++i)
            if (auto timed = All(kLengths[i], m_byLength[i]); !timed)
                return timed;
        return {};
    }

    void Conclude()
    {
        std::vector<CostPair> updates;
        for (size_t i = 0; i < kLengths.size(); ++i)
            updates.push_back({kLengths[i].bytes, CostOf(i, &Times::inlined), CostOf(i, &Times::regions)});
        m_profile.inlineMaxBytes = CrossoverOf(updates, kLongestUpdate) / 4 * 4;
        m_profile.inlineMaxWrites = m_profile.inlineMaxBytes == 0 ? 0 : kMostUpdates;
        if (m_hasScatter)
        {
            std::vector<CostPair> scatters;
            for (size_t i = 0; i < kLengths.size(); ++i)
                scatters.push_back({kLengths[i].bytes, CostOf(i, &Times::scatter), CostOf(i, &Times::regions)});
            m_profile.scatterMaxBytes = CrossoverOf(scatters, kScatterMost);
            // Up to which number the way that writes take without the shader is the better one.
            const auto without = kCommonBytes <= m_profile.inlineMaxBytes ? &Times::inlined : &Times::regions;
            std::vector<CostPair> others;
            for (size_t i = 0; i < kCounts.size(); ++i)
                others.push_back({kCounts[i], m_byCount[i].*without, m_byCount[i].scatter});
            m_profile.scatterMinWrites = CrossoverOf(others, kMostMinWrites) + 1;
            Tell("scatter shader", &Times::scatter);
        }
        Tell("copy regions", &Times::regions);
        Tell("updates", &Times::inlined);
    }

  private:
    // Even where longer or more updates are a little better, they make command buffers large: 4 MiB at most between two
    // barriers.
    static constexpr uint64_t kLongestUpdate = 4096;
    static constexpr uint64_t kMostUpdates = 1024;
    static constexpr uint64_t kMostMinWrites = 4096;

    static uint64_t StrideOf(uint64_t bytes) { return AlignUp(2 * bytes, 64); } // nothing merges, nothing overlaps
    static uint64_t PayloadBytes()
    {
        uint64_t most = kLanesBy.bytes * kLanesBy.writes;
        for (const Length& length : kLengths)
            most = std::max(most, length.bytes * length.writes);
        return most;
    }

    template <class F>
    Result<void> Keep(double& best, const F& record)
    {
        const auto ns = m_bench.TimeOnQueue0(record);
        if (!ns)
            return tl::unexpected(ns.error());
        best = best == 0 ? *ns : std::min(best, *ns);
        return {};
    }

    Result<void> All(const Length& length, Times& times)
    {
        auto timed = Keep(times.regions, [&](VkCommandBuffer cmd) { return RecordRegions(cmd, length); });
        if (timed)
            timed = Keep(times.inlined, [&](VkCommandBuffer cmd) { return RecordUpdates(cmd, length); });
        if (timed && m_hasScatter)
            timed = Keep(times.scatter, [&](VkCommandBuffer cmd) { return RecordScatter(cmd, length); });
        return timed;
    }

    VkResult RecordRegions(VkCommandBuffer cmd, const Length& length) const
    {
        const BufferMemory& target = m_bench.Target();
        const BufferMemory& staging = m_bench.Staging();
        std::vector<VkBufferCopy2> regions;
        for (uint64_t i = 0; i < length.writes; ++i)
            regions.push_back({VK_STRUCTURE_TYPE_BUFFER_COPY_2, nullptr,
                               staging.offset + kTableBytes + i * length.bytes,
                               target.offset + i * StrideOf(length.bytes), length.bytes});
        VkCopyBufferInfo2 copy{VK_STRUCTURE_TYPE_COPY_BUFFER_INFO_2};
        copy.srcBuffer = staging.buffer;
        copy.dstBuffer = target.buffer;
        copy.regionCount = static_cast<uint32_t>(regions.size());
        copy.pRegions = regions.data();
        Device().vk.CmdCopyBuffer2(cmd, &copy);
        return VK_SUCCESS;
    }

    VkResult RecordUpdates(VkCommandBuffer cmd, const Length& length) const
    {
        const BufferMemory& target = m_bench.Target();
        for (uint64_t i = 0; i < length.writes; ++i)
            Device().vk.CmdUpdateBuffer(cmd, target.buffer, target.offset + i * StrideOf(length.bytes), length.bytes,
                                        m_bench.Staging().mapped + kTableBytes + i * length.bytes);
        return VK_SUCCESS;
    }

    VkResult RecordScatter(VkCommandBuffer cmd, const Length& length) const
    {
        const BufferMemory& staging = m_bench.Staging();
        ScatterTable table(m_scatter);
        for (uint64_t i = 0; i < length.writes; ++i)
            table[0].Count(length.bytes);
        table.Begin(staging.mapped);
        for (uint64_t i = 0; i < length.writes; ++i)
            table[0].Put(m_bench.Target().address + i * StrideOf(length.bytes),
                         staging.address + kTableBytes + i * length.bytes, length.bytes);
        const VkResult flushed = m_bench.Core().Memory().Flush(staging, 0, table.BytesNeeded());
        if (flushed == VK_SUCCESS) // else the shader would read who knows what
            table.Record(Device().vk, cmd, m_scatter, staging.address);
        return flushed;
    }

    // For one of many writes; what a single one costs more is taken off.
    double CostOf(size_t length, double Times::*way) const
    {
        const double single = m_byCount.front().*way;
        return std::max((m_byLength[length].*way - single) / static_cast<double>(kLengths[length].writes - 1),
                        kLeastCostNs);
    }
    void Tell(const char* what, double Times::*way) const
    {
        std::string text;
        for (size_t i = 0; i < kLengths.size(); ++i)
            text += fmt::format("{}{:.1f} ns at {} B", i == 0 ? "" : ", ", CostOf(i, way), kLengths[i].bytes);
        for (size_t i = 0; i < kCounts.size(); ++i)
            text += fmt::format(", {:.1f} us for {}", m_byCount[i].*way / 1000, kCounts[i]);
        SEDX_CORE_INFO_TAG("PROFILE", "{}: {}", what, text);
    }
    DeviceState& Device() const { return m_bench.Core().Device(); }

    CalibrationBench& m_bench;
    TransferProfile& m_profile;
    ScatterRules m_scatter;
    bool m_hasScatter = false;
    std::array<Times, kLengths.size()> m_byLength;
    std::array<Times, kCounts.size()> m_byCount;
};
} // namespace

Result<void> MeasureShortWrites(CalibrationBench& bench, const CalibrationClock& clock, TransferProfile& profile)
{
    ShortWrites writes(bench, profile);
    if (auto chosen = writes.ChooseLanes(); !chosen)
        return chosen;
    for (int round = 0; round < kMostRounds && (round == 0 || !clock.IsOver(kShortWritesNs)); ++round)
        if (auto timed = writes.Round(); !timed)
            return timed;
    writes.Conclude();
    return {};
}
} // namespace sedx
