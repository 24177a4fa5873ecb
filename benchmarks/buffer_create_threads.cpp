// buffer_create_threads: several threads create and destroy 4 KiB buffers together, in the patterns of buffer_create.
//
// Threads wait for each other, then work for a given time; the throughput is the sum of what each did in its own time. The
// figure is the ratio to what one thread does. VMA with as many threads stands beside it.
#include "support/context.h"
#include "support/measure.h"
#include "support/random.h"
#include "support/verify.h"
#include "support/vma_baseline.h"

#include <atomic>
#include <barrier>
#include <chrono>
#include <fmt/format.h>
#include <functional>
#include <thread>

namespace bench
{
namespace
{
using Clock = std::chrono::steady_clock;

constexpr uint64_t kBytes = 4096;
constexpr unsigned kThreads[] = {1, 2, 4, 8};
constexpr unsigned kMost = 8;
constexpr size_t kBatch = 1000;
constexpr size_t kPairsBetweenLooks = 256; // at the clock
constexpr auto kWarmUp = std::chrono::milliseconds(20);
constexpr auto kWorkTime = std::chrono::milliseconds(200);

const sedx::BufferDesc& Desc()
{
    static const sedx::BufferDesc desc{.bytes = kBytes, .usage = sedx::BufferUsage::Storage};
    return desc;
}

// What one thread does again and again; says how many buffers it created and destroyed.
using Work = std::function<uint64_t()>;

struct Total
{
    double perSecond = 0;
    uint64_t buffers = 0; // warm-up included
};

// Each thread has a Work of its own. Throws what a thread threw.
Total WorkTogether(unsigned threads, const std::function<Work()>& makeWork)
{
    std::barrier start(static_cast<std::ptrdiff_t>(threads));
    std::vector<double> rates(threads);
    std::vector<std::exception_ptr> failures(threads);
    std::atomic<uint64_t> buffers{0};
    const auto workFor = [](const Work& work, Clock::duration time, uint64_t& done) {
        const auto begin = Clock::now();
        auto now = begin;
        while (now - begin < time)
        {
            done += work();
            now = Clock::now();
        }
        return std::chrono::duration<double>(now - begin).count();
    };
    const auto run = [&](unsigned index) {
        uint64_t warm = 0;
        uint64_t timed = 0;
        try
        {
            const Work work = makeWork();
            workFor(work, kWarmUp, warm);
            start.arrive_and_wait();
            rates[index] = 1 / workFor(work, kWorkTime, timed) * static_cast<double>(timed);
        }
        catch (...)
        {
            failures[index] = std::current_exception();
            start.arrive_and_drop();
        }
        buffers += warm + timed;
    };
    {
        std::vector<std::jthread> team;
        for (unsigned i = 0; i < threads; ++i)
            team.emplace_back(run, i);
    }
    for (const std::exception_ptr& failure : failures)
    {
        if (failure)
            std::rethrow_exception(failure);
    }
    Total total{.buffers = buffers};
    for (const double rate : rates)
        total.perSecond += rate;
    return total;
}

Work Pairs(sedx::BufferSystem& system)
{
    return [&system] {
        for (size_t i = 0; i < kPairsBetweenLooks; ++i)
            Require(system.CreateBuffer(Desc()), "CreateBuffer");
        return kPairsBetweenLooks;
    };
}

Work Batches(sedx::BufferSystem& system)
{
    std::vector<uint32_t> order(kBatch);
    for (size_t i = 0; i < kBatch; ++i)
        order[i] = static_cast<uint32_t>(i);
    Random random(kSeed);
    Shuffle(order, random);
    return [&system, order, buffers = std::vector<sedx::Buffer>(kBatch)]() mutable {
        for (sedx::Buffer& buffer : buffers)
            buffer = Require(system.CreateBuffer(Desc()), "CreateBuffer");
        for (const uint32_t index : order)
            buffers[index] = {};
        return kBatch;
    };
}

Work VmaPairs(VmaBaseline& vma, VkBufferUsageFlags usage)
{
    return [&vma, usage] {
        for (size_t i = 0; i < kPairsBetweenLooks; ++i)
            vma.Destroy(vma.Create(kBytes, usage));
        return kPairsBetweenLooks;
    };
}

// Buffers made by several threads at once: apart from each other, and each keeps what is written.
void VerifyTogether(sedx::BufferSystem& system)
{
    constexpr size_t kEach = 250;
    std::vector<sedx::Buffer> buffers(kEach * kMost);
    {
        std::barrier start(static_cast<std::ptrdiff_t>(kMost));
        std::vector<std::jthread> team;
        for (size_t thread = 0; thread < kMost; ++thread)
            team.emplace_back([&, thread] {
                start.arrive_and_wait();
                for (size_t i = 0; i < 2 * kEach; ++i) // the second round replaces the first
                {
                    if (auto made = system.CreateBuffer(Desc()))
                        buffers[thread * kEach + i % kEach] = std::move(*made);
                }
            });
    }
    for (const sedx::Buffer& buffer : buffers)
        Require(static_cast<bool>(buffer), "CreateBuffer failed on one of several threads");
    VerifyDisjoint(system, buffers);
    VerifyContents(system, buffers);
}
} // namespace

void BufferCreateThreads(Context& context)
{
    const auto system = MakeSystem(context);
    VmaBaseline vma(context.device);
    VerifyTogether(*system);

    const sedx::Buffer kept = Require(system->CreateBuffer(Desc()), "CreateBuffer");
    const auto usage = static_cast<VkBufferUsageFlags>(kept.Usage());
    const VmaBuffer vmaKept = vma.Create(kBytes, usage);

    Measurement measurement;
    const auto add = [&](const std::string& name, unsigned threads, std::function<Work()> makeWork, bool ours) {
        measurement.AddTimedByBody(name, [=, &system](benchmark::State& state) {
            const sedx::Report before = system->GetReport();
            for ([[maybe_unused]] auto _ : state)
            {
                const Total total = WorkTogether(threads, makeWork);
                state.SetIterationTime(1 / total.perSecond); // of one buffer
                if (ours)
                    VerifyCounts(*system, before, total.buffers);
            }
        });
    };
    const auto name = [](const char* what, unsigned threads) { return fmt::format("{} {}", what, threads); };
    for (const unsigned threads : kThreads)
    {
        add(
            name("pairs", threads), threads, [&] { return Pairs(*system); }, true);
        add(
            name("batch", threads), threads, [&] { return Batches(*system); }, true);
        if (threads == 1 || threads == kMost)
            add(
                name("VMA", threads), threads, [&] { return VmaPairs(vma, usage); }, false);
    }
    auto times = measurement.Run(context.options);

    vma.Destroy(vmaKept);
    Require(vma.LiveAllocations() == 0, "the baseline leaks");
    VerifyTogether(*system); // still right after all of that

    const unsigned cores = context.figures.Info().cores;
    const auto report = [&](const std::string& figure, const char* what, unsigned threads, Targets targets) {
        const Samples& samples = times[name(what, threads)];
        const double one = 1e3 / times[name(what, 1)].Median(); // millions a second
        const double value = 1e3 / samples.Median();
        std::string note;
        if (!targets.gpu.empty() && cores < kMost)
        {
            targets = {};
            note = fmt::format("no target: {} cores are fewer than {} threads", cores, kMost);
        }
        context.figures.Add({.scenario = "buffer_create_threads",
                             .name = figure,
                             .unit = "M/s",
                             .value = value,
                             .smallest = 1e3 / samples.Largest(),
                             .largest = 1e3 / samples.Smallest(),
                             .reference = threads == 1 ? "" : "one thread",
                             .referenceValue = one,
                             .ratio = threads == 1 ? 0 : value / one,
                             .targets = std::move(targets),
                             .note = std::move(note)});
    };
    for (const auto& [pattern, label] : {std::pair{"pairs", "pairs"}, std::pair{"batch", "1,000 shuffled"}})
    {
        for (const unsigned threads : kThreads)
            report(fmt::format("{}, {} thread{}", label, threads, threads == 1 ? "" : "s"), pattern, threads,
                   threads == kMost ? Targets{.gpu = {RatioAtLeast(4)}} : Targets{});
    }
    report("VMA pairs, 8 threads", "VMA", kMost, {});
}
} // namespace bench
