// Measures how long uploads should go: how many threads fill staging, in which chunks, on which queue.
#include "transfer/calibration.h"

#include "base/copy_workers.h"
#include "transfer/calibration_rules.h"
#include "transfer/transfer_profile.h"

#include <sedx/log.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <thread>

namespace sedx
{
namespace
{
constexpr uint64_t kBulkNs = 70'000'000; // since the calibration began; what was not measured then stays as it was
constexpr int kRepeats = 2;
constexpr std::array<uint32_t, 7> kThreads{1, 2, 3, 4, 6, 8, 12};
constexpr std::array<uint64_t, 4> kChunks{1ull << 20, 2ull << 20, 4ull << 20, 8ull << 20};
constexpr uint64_t kCommonChunk = 2ull << 20; // while threads are compared
constexpr uint64_t kSourceBytes = 8ull << 20; // read twice for one upload; as long as the longest chunk
// More threads, and larger chunks, must be worth it.
constexpr double kGoodShare = 0.92;
// A queue of its own must be clearly faster, as the order with queue 0 costs semaphores.
constexpr double kFasterQueue = 1.05;

using Clock = std::chrono::steady_clock;

// One upload of all staging memory: chunk by chunk filled by the workers and sent. Bytes for each nanosecond.
Result<double> PipelinedRate(CalibrationBench& bench, CopyWorkers& workers, const std::byte* source,
                             uint64_t chunkBytes)
{
    const BufferMemory& staging = bench.Staging();
    const uint64_t count = CalibrationBench::kBytes / chunkBytes;
    auto commands = bench.BeginMany(0, count);
    if (!commands)
        return Forward(commands);
    const Clock::time_point begin = Clock::now();
    for (uint64_t i = 0; i < count; ++i)
    {
        const uint64_t offset = i * chunkBytes;
        workers.Copy(staging.mapped + offset, source + offset % kSourceBytes, chunkBytes);
        const VkResult flushed = bench.Core().Memory().Flush(staging, offset, chunkBytes);
        if (flushed != VK_SUCCESS)
            return FailVk(flushed, "flushing staging of the calibration");
        const VkCommandBuffer cmd = (*commands)[i];
        bench.CopyAll(cmd, offset, chunkBytes);
        if (auto sent = bench.Send(cmd, 0); !sent)
            return Forward(sent);
    }
    if (auto waited = bench.WaitForAll(); !waited)
        return Forward(waited);
    const double ns = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
    return static_cast<double>(CalibrationBench::kBytes) / std::max(1.0, ns);
}

Result<SettingRate> BestRate(CalibrationBench& bench, CopyWorkers& workers, const std::byte* source,
                             uint64_t chunkBytes, uint64_t setting)
{
    SettingRate best{setting, 0};
    for (int i = 0; i < kRepeats; ++i)
    {
        const auto rate = PipelinedRate(bench, workers, source, chunkBytes);
        if (!rate)
            return tl::unexpected(rate.error());
        best.rate = std::max(best.rate, *rate);
    }
    return best;
}

Result<void> MeasureFill(CalibrationBench& bench, const CalibrationClock& clock, TransferProfile& profile)
{
    const std::unique_ptr<std::byte[]> source(new (std::nothrow) std::byte[kSourceBytes]);
    if (source == nullptr)
        return {}; // then nobody uploads much
    std::memset(source.get(), 1, kSourceBytes);
    std::memset(bench.Staging().mapped, 0, CalibrationBench::kBytes); // no fresh pages in what is measured
    const uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
    std::vector<SettingRate> byThreads;
    for (const uint32_t threads : kThreads)
    {
        if (threads > cores)
            break;
        if (clock.IsOver(kBulkNs))
            return {}; // a comparison needs all of them
        CopyWorkers workers(threads);
        workers.Copy(bench.Staging().mapped, source.get(), kCommonChunk); // starts the threads
        const auto rate = BestRate(bench, workers, source.get(), kCommonChunk, threads);
        if (!rate)
            return tl::unexpected(rate.error());
        byThreads.push_back(*rate);
        SEDX_CORE_INFO_TAG("PROFILE", "upload by {} threads: {:.1f} GB/s", threads, rate->rate);
        if (byThreads.size() >= 3 && rate->rate < byThreads[byThreads.size() - 3].rate)
            break; // two more numbers brought nothing
    }
    profile.copyThreads = static_cast<uint32_t>(FirstGoodSetting(byThreads, kGoodShare, profile.copyThreads));

    CopyWorkers workers(profile.copyThreads);
    std::vector<SettingRate> byChunks;
    for (const uint64_t chunkBytes : kChunks)
    {
        if (clock.IsOver(kBulkNs))
            return {};
        const auto rate = BestRate(bench, workers, source.get(), chunkBytes, chunkBytes);
        if (!rate)
            return tl::unexpected(rate.error());
        byChunks.push_back(*rate);
        SEDX_CORE_INFO_TAG("PROFILE", "upload in chunks of {} bytes: {:.1f} GB/s", chunkBytes, rate->rate);
    }
    profile.chunkBytes = FirstGoodSetting(byChunks, kGoodShare, profile.chunkBytes);
    return {};
}

Result<void> MeasureQueues(CalibrationBench& bench, TransferProfile& profile)
{
    const uint32_t own = bench.Core().Device().TransferQueue();
    profile.useTransferQueue = false;
    if (own == 0)
        return {};
    std::array<double, 2> times{};
    const std::array<uint32_t, 2> indices{0, own};
    for (int i = 0; i < kRepeats + 1; ++i)
        for (size_t k = 0; k < times.size(); ++k)
        {
            const auto ns = bench.TimeByClock(indices[k], [&](VkCommandBuffer cmd) {
                bench.CopyAll(cmd, 0, CalibrationBench::kBytes);
                return VK_SUCCESS;
            });
            if (!ns)
                return tl::unexpected(ns.error());
            times[k] = i == 0 ? *ns : std::min(times[k], *ns);
        }
    profile.useTransferQueue = times[0] > times[1] * kFasterQueue;
    SEDX_CORE_INFO_TAG("PROFILE", "16 MiB on queue 0: {:.0f} us; on queue {}, for transfers alone: {:.0f} us",
                       times[0] / 1000, indices[1], times[1] / 1000);
    return {};
}
} // namespace

Result<void> MeasureBulk(CalibrationBench& bench, const CalibrationClock& clock, TransferProfile& profile)
{
    if (auto queues = MeasureQueues(bench, profile); !queues)
        return queues;
    if (clock.IsOver(kBulkNs))
        return {};
    return MeasureFill(bench, clock, profile);
}
} // namespace sedx
