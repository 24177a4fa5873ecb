// pool_acquire: one thread acquires a buffer of a pool and releases it, again and again. What that costs must not depend on
// how many buffers the pool owns.
//
// The pools hold the same ten size classes, one buffer or a thousand of each; what is acquired is always of the same class.
// Baseline: creating and dropping a buffer of that size and type, which is what a pool is there to avoid.
#include "support/context.h"
#include "support/measure.h"
#include "support/verify.h"

#include <sedx/buffer_pool_manager.h>

#include <array>
#include <chrono>
#include <fmt/format.h>
#include <thread>

namespace bench
{
namespace
{
// Four for each doubling: what is asked for is what a class holds.
constexpr std::array<uint64_t, 10> kClassBytes{2048, 2560, 3072, 3584, 4096, 5120, 6144, 7168, 8192, 10'240};
constexpr uint64_t kAcquiredBytes = 4096;
constexpr uint32_t kFew = kClassBytes.size();
constexpr uint32_t kMany = 10'000;

struct Kind
{
    sedx::BufferPoolKind pool;
    const char* name;
    sedx::BufferUsage usage;
    sedx::MemoryType memory;
};
constexpr std::array<Kind, 3> kKinds{{
    {sedx::BufferPoolKind::Staging, "staging", sedx::BufferUsage::TransferSrc, sedx::MemoryType::CPU},
    {sedx::BufferPoolKind::Uniform, "uniform", sedx::BufferUsage::Uniform, sedx::MemoryType::CPU},
    {sedx::BufferPoolKind::Storage, "storage", sedx::BufferUsage::Storage, sedx::MemoryType::GPU},
}};

// A system of its own with `count` buffers in each pool, spread evenly over the classes.
struct Pools
{
    Pools(const Context& context, uint32_t count) : system(MakeSystem(context))
    {
        // Exactly what WarmUp makes: no warm start, no smallest size above the classes, no trimming while we look.
        manager = &system->Modules().Emplace<sedx::BufferPoolManager>(
            *system, sedx::BufferPoolManagerDesc{.initialPoolSize = 1,
                                                 .stagingSizes = {},
                                                 .storageSizes = {},
                                                 .minStagingBytes = 1,
                                                 .standardUniformBytes = 1,
                                                 .maxUnusedFrames = ~uint64_t{0},
                                                 .maxUnusedNs = ~uint64_t{0}});
        for (const Kind& kind : kKinds)
        {
            for (const uint64_t bytes : kClassBytes)
                Require(manager->WarmUp(kind.pool, bytes, count / kFew), "WarmUp");
            RequireReady(kind, count);
        }
    }

    void RequireReady(const Kind& kind, uint64_t count) const
    {
        const sedx::BufferPoolReport report = manager->GetReport(kind.pool);
        Require(report.buffers == count && report.ready == count,
                fmt::format("the {} pool has {} buffers, {} of them ready, instead of {}", kind.name, report.buffers,
                            report.ready, count));
    }

    std::unique_ptr<sedx::BufferSystem> system;
    sedx::BufferPoolManager* manager = nullptr; // of the system
};

// After frames and copies the pool hands out again what the GPU has passed.
void WaitUntilReady(const Pools& pools, const Kind& kind)
{
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::seconds(10);
    for (;;)
    {
        const sedx::Frame frame = Require(pools.system->BeginFrame(), "BeginFrame");
        Require(pools.system->EndFrame(frame), "EndFrame");
        const sedx::BufferPoolReport report = pools.manager->GetReport(kind.pool);
        if (report.ready == report.buffers)
            return;
        Require(Clock::now() < deadline, fmt::format("{} buffers of the {} pool are not ready after ten seconds",
                                                     report.buffers - report.ready, kind.name));
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

// All of a pool leased at once: no lease shares memory with another and none is too small; few enough to read back also
// keep what is written.
void VerifyLeases(const Pools& pools, const Kind& kind, uint32_t count)
{
    std::vector<sedx::PooledBuffer> leases;
    std::vector<sedx::Buffer> buffers;
    for (uint32_t i = 0; i < count; ++i)
    {
        const uint64_t bytes = kClassBytes[i % kFew];
        leases.push_back(Require(pools.manager->Acquire(kind.pool, bytes), "Acquire"));
        buffers.push_back(leases.back().Get());
        Require(buffers.back().GetSize() >= bytes,
                fmt::format("a lease of {} bytes was asked for, it has {}", bytes, buffers.back().GetSize()));
    }
    const sedx::BufferPoolReport report = pools.manager->GetReport(kind.pool);
    Require(report.leased == count && report.buffers == count,
            fmt::format("{} leases: the {} pool says {} of {}", count, kind.name, report.leased, report.buffers));
    VerifyDisjoint(*pools.system, buffers);
    if (count == kFew)
        VerifyContents(*pools.system, buffers);
    buffers.clear();
    leases.clear();
    WaitUntilReady(pools, kind);
    pools.RequireReady(kind, count);
}

// One of the three public functions, as a program calls it.
template <sedx::BufferPoolKind kKind>
sedx::Result<sedx::PooledBuffer> AcquireOne(sedx::BufferPoolManager& pools)
{
    if constexpr (kKind == sedx::BufferPoolKind::Staging)
        return pools.AcquireStagingBuffer(kAcquiredBytes);
    else if constexpr (kKind == sedx::BufferPoolKind::Uniform)
        return pools.AcquireUniformBuffer(kAcquiredBytes);
    else
        return pools.AcquireStorageBuffer(kAcquiredBytes);
}

template <sedx::BufferPoolKind kKind>
void Pairs(sedx::BufferPoolManager& pools, benchmark::State& state)
{
    const sedx::BufferPoolReport before = pools.GetReport(kKind);
    uint64_t acquired = 0;
    for ([[maybe_unused]] auto _ : state)
    {
        if (auto lease = AcquireOne<kKind>(pools))
        {
            ++acquired;
            lease->Release();
        }
    }
    const auto iterations = static_cast<uint64_t>(state.iterations());
    const sedx::BufferPoolReport after = pools.GetReport(kKind);
    Require(acquired == iterations, "an Acquire failed");
    Require(after.acquired - before.acquired == iterations && after.reused - before.reused == iterations,
            fmt::format("{} leases, none of which needed a new buffer; the pool says {}, {} of them reused", iterations,
                        after.acquired - before.acquired, after.reused - before.reused));
    Require(
        after.buffers == before.buffers && after.ready == before.ready,
        fmt::format("the {} pool had {} buffers ready and has {}", sedx::ToString(kKind), before.ready, after.ready));
}

void AddPairs(Measurement& measurement, std::string name, sedx::BufferPoolKind kind, sedx::BufferPoolManager& pools)
{
    const auto add = [&]<sedx::BufferPoolKind kKind>() {
        measurement.Add(std::move(name), 1, [&pools](benchmark::State& state) { Pairs<kKind>(pools, state); });
    };
    switch (kind)
    {
    case sedx::BufferPoolKind::Staging: return add.operator()<sedx::BufferPoolKind::Staging>();
    case sedx::BufferPoolKind::Uniform: return add.operator()<sedx::BufferPoolKind::Uniform>();
    case sedx::BufferPoolKind::Storage: return add.operator()<sedx::BufferPoolKind::Storage>();
    case sedx::BufferPoolKind::Count: break;
    }
}

void CreateAndDrop(sedx::BufferSystem& system, const Kind& kind, benchmark::State& state)
{
    const sedx::BufferDesc desc{.bytes = kAcquiredBytes, .usage = kind.usage, .memory = kind.memory};
    const sedx::Report before = system.GetReport();
    uint64_t created = 0;
    for ([[maybe_unused]] auto _ : state)
        created += system.CreateBuffer(desc).has_value() ? 1 : 0; // dropped at once
    Require(created == static_cast<uint64_t>(state.iterations()), "CreateBuffer failed");
    VerifyCounts(system, before, created);
}

void AddFigures(Context& context, const std::map<std::string, Samples>& times, const std::string& kind)
{
    const Samples& few = times.at(kind + ", few");
    const Samples& many = times.at(kind + ", many");
    const double create = times.at(kind + ", create").Median();
    const auto add = [&](const char* count, const Samples& samples, const char* reference, double referenceValue,
                         double ratio, const std::vector<Target>& targets) {
        context.figures.Add({.scenario = "pool_acquire",
                             .name = fmt::format("{}, {} buffers", kind, count),
                             .unit = "ns",
                             .value = samples.Median(),
                             .smallest = samples.Smallest(),
                             .largest = samples.Largest(),
                             .reference = reference,
                             .referenceValue = referenceValue,
                             .ratio = ratio,
                             .targets = {.gpu = targets, .software = targets}});
    };
    add("10", few, "create + drop", create, create / few.Median(), {AtMost(100)});
    add("10,000", many, "10 buffers", few.Median(), many.Median() / few.Median(), {AtMost(100), RatioAtMost(1.3)});
}
} // namespace

void PoolAcquire(Context& context)
{
    const Pools few(context, kFew);
    const Pools many(context, kMany);
    for (const Kind& kind : kKinds)
    {
        VerifyLeases(few, kind, kFew);
        VerifyLeases(many, kind, kMany);
    }

    Measurement measurement;
    for (const Kind& kind : kKinds)
    {
        const std::string name = kind.name;
        AddPairs(measurement, name + ", few", kind.pool, *few.manager);
        AddPairs(measurement, name + ", many", kind.pool, *many.manager);
        measurement.Add(name + ", create", 1,
                        [&few, &kind](benchmark::State& state) { CreateAndDrop(*few.system, kind, state); });
    }
    const auto times = measurement.Run(context.options);
    for (const Kind& kind : kKinds)
    {
        VerifyLeases(few, kind, kFew); // still right after all of that
        AddFigures(context, times, kind.name);
    }
}
} // namespace bench
