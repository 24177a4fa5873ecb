// Measures copies on the device, by command and by shader, and writes in place into device memory that the CPU can map.
#include "transfer/calibration.h"

#include "base/copy_workers.h"
#include "transfer/calibration_rules.h"
#include "transfer/device_copy.h"

#include <sedx/log.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace sedx
{
namespace
{
constexpr uint64_t kCopiesNs = 85'000'000; // since the calibration began; what was not measured then stays as it was
constexpr int kMostRounds = 3;
constexpr std::array<uint64_t, 4> kDeviceSizes{64ull << 10, 256ull << 10, 1ull << 20, 4ull << 20};
constexpr std::array<uint64_t, 4> kDirectSizes{16ull << 10, 128ull << 10, 1ull << 20, 8ull << 20};
constexpr uint64_t kHalf = CalibrationBench::kBytes / 2; // of the target: copies go from one to the other
constexpr double kLeastCostNs = 0.1;                     // below what a clock can tell

using Clock = std::chrono::steady_clock;

// Measures each pair again and again, and keeps the shortest. False: not all were measured once, and so they compare nothing.
template <class F, class G>
Result<bool> Compare(std::span<CostPair> costs, const CalibrationClock& clock, const F& timeCandidate,
                     const G& timeOther)
{
    const auto keep = [](double& cost, double ns) {
        ns = std::max(ns, kLeastCostNs);
        cost = cost == 0 ? ns : std::min(cost, ns);
    };
    for (int round = 0; round < kMostRounds; ++round)
        for (CostPair& cost : costs)
        {
            if (clock.IsOver(kCopiesNs))
                return round != 0;
            const Result<double> candidate = timeCandidate(cost.at);
            if (!candidate)
                return tl::unexpected(candidate.error());
            const Result<double> other = timeOther(cost.at);
            if (!other)
                return tl::unexpected(other.error());
            keep(cost.candidate, *candidate);
            keep(cost.other, *other);
        }
    return true;
}

template <size_t N>
std::array<CostPair, N> PairsAt(const std::array<uint64_t, N>& sizes) noexcept
{
    std::array<CostPair, N> costs;
    for (size_t i = 0; i < N; ++i)
        costs[i].at = sizes[i];
    return costs;
}

Result<void> MeasureDeviceCopies(CalibrationBench& bench, const CalibrationClock& clock, TransferProfile& profile)
{
    const DeviceState& device = bench.Core().Device();
    TransferProfile always = profile;
    always.computeCopyMinBytes = 0;
    const DeviceCopyRules byShader = DeviceCopyRulesOf(device, 0, TransferPath::Auto, always);
    if (byShader.kernels == nullptr || bench.Target().address == 0)
        return {};
    auto costs = PairsAt(kDeviceSizes);
    const auto time = [&](const DeviceCopyRules& rules, uint64_t bytes) {
        return bench.TimeOnQueue0([&](VkCommandBuffer cmd) {
            const DeviceCopyRegion region{0, kHalf, bytes};
            DeviceCopyStats stats;
            RecordDeviceCopies(device.vk, cmd, rules, bench.Target(), bench.Target(), {&region, 1}, stats);
            return VK_SUCCESS;
        });
    };
    const auto compared = Compare(
        costs, clock, [&](uint64_t bytes) { return time({}, bytes); },
        [&](uint64_t bytes) { return time(byShader, bytes); });
    if (!compared)
        return tl::unexpected(compared.error());
    if (!*compared)
        return {};
    // Shorter ones are not measured.
    profile.computeCopyMinBytes = std::max(CrossoverOf(costs, ~uint64_t{0}), kDeviceSizes.front());
    for (const CostPair& cost : costs)
        SEDX_CORE_INFO_TAG("PROFILE", "{} bytes on the device: {:.1f} us by command, {:.1f} by shader", cost.at,
                           cost.candidate / 1000, cost.other / 1000);
    return {};
}

// Bytes by the CPU into mapped memory, made visible. In nanoseconds.
Result<double> TimeToFill(CalibrationBench& bench, CopyWorkers& workers, const BufferMemory& memory,
                          std::span<const std::byte> bytes)
{
    const Clock::time_point begin = Clock::now();
    workers.Copy(memory.mapped, bytes.data(), bytes.size());
    if (const VkResult flushed = bench.Core().Memory().Flush(memory, 0, bytes.size()); flushed != VK_SUCCESS)
        return FailVk(flushed, "flushing memory of the calibration");
    return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

Result<void> MeasureDirect(CalibrationBench& bench, const CalibrationClock& clock, TransferProfile& profile)
{
    const BufferMemory& target = bench.Target();
    if (target.mapped == nullptr || !target.deviceLocal || clock.IsOver(kCopiesNs))
        return {};
    const std::unique_ptr<std::byte[]> source(new (std::nothrow) std::byte[kDirectSizes.back()]);
    if (source == nullptr)
        return {};
    std::memset(source.get(), 1, kDirectSizes.back());
    std::memset(target.mapped, 0, kDirectSizes.back()); // no fresh pages in what is measured
    CopyWorkers workers(profile.copyThreads);
    auto costs = PairsAt(kDirectSizes);
    const auto timeStaged = [&](uint64_t bytes) -> Result<double> {
        auto fill = TimeToFill(bench, workers, bench.Staging(), {source.get(), bytes});
        if (!fill)
            return fill;
        const auto copy = bench.TimeOnQueue0([&](VkCommandBuffer cmd) {
            bench.CopyAll(cmd, 0, bytes);
            return VK_SUCCESS;
        });
        return copy ? Result<double>(std::max(*fill, *copy)) : copy; // one goes on while the other does
    };
    const auto compared = Compare(
        costs, clock,
        [&](uint64_t bytes) {
            return TimeToFill(bench, workers, target, {source.get(), bytes});
        },
        timeStaged);
    if (!compared)
        return tl::unexpected(compared.error());
    if (!*compared)
        return {};
    profile.directMaxBytes = CrossoverOf(costs, ~uint64_t{0});
    for (const CostPair& cost : costs)
        SEDX_CORE_INFO_TAG("PROFILE", "{} bytes into mapped device memory: {:.1f} us in place, {:.1f} by staging",
                           cost.at, cost.candidate / 1000, cost.other / 1000);
    return {};
}
} // namespace

Result<void> MeasureCopies(CalibrationBench& bench, const CalibrationClock& clock, TransferProfile& profile)
{
    if (auto copies = MeasureDeviceCopies(bench, clock, profile); !copies)
        return copies;
    return MeasureDirect(bench, clock, profile);
}
} // namespace sedx
