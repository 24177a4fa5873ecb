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
constexpr uint64_t kShortWritesNs = 35'000'000; // measured again and again until then
constexpr int kMostRounds = 6;

constexpr uint64_t kTableBytes = 64 * 1024; // of staging; the payload lies behind it
constexpr double kLeastCostNs = 0.1;        // below what a clock can tell

// Lengths that are measured, and how many writes of each: a millisecond of copy regions at most on the devices seen.
struct Length
{
    uint64_t bytes;
    uint64_t writes;
};
constexpr std::array<Length, 7> kLengths{
    {{4, 256}, {64, 256}, {256, 256}, {1024, 128}, {4096, 64}, {16'384, 32}, {65'532, 8}}};
constexpr size_t kTypical = 1; // of them: what fixed costs and numbers of writes are about
constexpr std::array<uint32_t, 4> kLaneBytes{4, 16, 64, 512};
constexpr Length kLanesBy{512, 256};

// One write by each way, and all of a length by each way: the shortest time so far, in nanoseconds; 0: none.
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
                if (auto timed = Keep(times[i], [&](VkCommandBuffer cmd) { return RecordScatter(cmd, kLanesBy); }); !timed)
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
        if (auto timed = All({kLengths[kTypical].bytes, 1}, m_single); !timed)
            return timed;
        for (size_t i = 0; i < kLengths.size(); ++i)
            if (auto timed = All(kLengths[i], m_times[i]); !timed)
                return timed;
        return {};
    }

    void Conclude()
    {
        const CostLine regions = LineOf(&Times::regions);
        const CostLine inlined = LineOf(&Times::inlined);
        std::vector<CostPair> updates;
        for (size_t i = 0; i < kLengths.size(); ++i)
            updates.push_back({kLengths[i].bytes, CostOf(i, inlined, &Times::inlined), CostOf(i, regions, &Times::regions)});
        m_profile.inlineMaxBytes = CrossoverBytes(updates, kInlineMost);
        m_profile.inlineMaxWrites =
            m_profile.inlineMaxBytes == 0 ? 0 : std::clamp<uint64_t>(kInlineTotal / m_profile.inlineMaxBytes, 1, 1024);
        if (m_hasScatter)
        {
            const CostLine scatter = LineOf(&Times::scatter);
            std::vector<CostPair> scatters;
            for (size_t i = 0; i < kLengths.size(); ++i)
                scatters.push_back(
                    {kLengths[i].bytes, CostOf(i, scatter, &Times::scatter), CostOf(i, regions, &Times::regions)});
            m_profile.scatterMaxBytes = CrossoverBytes(scatters, kScatterMost);
            const bool isInlined = kLengths[kTypical].bytes <= m_profile.inlineMaxBytes;
            m_profile.scatterMinWrites = WorthwhileWrites(scatter, isInlined ? inlined : regions, kMostMinWrites);
            Tell("scatter shader", scatter, &Times::scatter);
        }
        Tell("copy regions", regions, &Times::regions);
        Tell("updates", inlined, &Times::inlined);
    }

  private:
    static constexpr uint64_t kInlineTotal = 1ull << 20; // most bytes of updates in one level of a batch
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
            table.Count(length.bytes);
        table.Begin(staging.mapped);
        for (uint64_t i = 0; i < length.writes; ++i)
            table.Put(m_bench.Target().address + i * StrideOf(length.bytes),
                      staging.address + kTableBytes + i * length.bytes, length.bytes);
        const VkResult flushed = m_bench.Core().Memory().Flush(staging, 0, table.BytesNeeded());
        if (flushed == VK_SUCCESS) // else the shader would read who knows what
            table.Record(Device().vk, cmd, m_scatter, staging.address);
        return flushed;
    }

    double CostOf(size_t length, const CostLine& line, double Times::*way) const
    {
        const double cost = (m_times[length].*way - line.fixed) / static_cast<double>(kLengths[length].writes);
        return std::max(cost, kLeastCostNs);
    }
    // Of writes of the typical length.
    CostLine LineOf(double Times::*way) const
    {
        const double one = m_single.*way;
        const double many = m_times[kTypical].*way;
        const double each = std::max((many - one) / static_cast<double>(kLengths[kTypical].writes - 1),
                                     kLeastCostNs);
        return {std::max(0.0, one - each), each};
    }
    void Tell(const char* what, const CostLine& line, double Times::*way) const
    {
        std::string text;
        for (size_t i = 0; i < kLengths.size(); ++i)
            text += fmt::format("{}{:.1f} at {} B", i == 0 ? "" : ", ", CostOf(i, line, way), kLengths[i].bytes);
        SEDX_CORE_INFO_TAG("PROFILE", "{}: {:.0f} ns, and for each write {} ns", what, line.fixed, text);
    }
    DeviceState& Device() const { return m_bench.Core().Device(); }

    CalibrationBench& m_bench;
    TransferProfile& m_profile;
    ScatterRules m_scatter;
    bool m_hasScatter = false;
    Times m_single;
    std::array<Times, kLengths.size()> m_times;
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
