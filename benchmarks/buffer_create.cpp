// buffer_create: one thread creates and destroys 4 KiB buffers that the GPU never uses.
//
//  - pairs:  create, destroy, create, destroy …
//  - batch:  create 1,000, destroy them in shuffled order
//  - frames: a batch that is resolved in a frame before it is dropped, so that destruction is deferred
//
// Baseline: vmaCreateBuffer and vmaDestroyBuffer with the same size and usage, VMA set up as the library sets up its own.
// What VMA costs without asking the driver for budgets stands beside it. On each side one buffer stays alive, so that
// none gives its last memory block back in between.
#include "support/context.h"
#include "support/measure.h"
#include "support/random.h"
#include "support/verify.h"
#include "support/vma_baseline.h"

#include <numeric>

namespace bench
{
namespace
{
constexpr uint64_t kBytes = 4096;
constexpr size_t kBatch = 1000;

const sedx::BufferDesc& Desc()
{
    static const sedx::BufferDesc desc{.bytes = kBytes, .usage = sedx::BufferUsage::Storage};
    return desc;
}

std::vector<uint32_t> ShuffledBatch()
{
    std::vector<uint32_t> order(kBatch);
    std::iota(order.begin(), order.end(), 0u);
    Random random(kSeed);
    Shuffle(order, random);
    return order;
}

// All of a batch alive at once: apart from each other, and each keeps what is written.
void VerifyBatch(sedx::BufferSystem& system)
{
    std::vector<sedx::Buffer> buffers;
    for (size_t i = 0; i < kBatch; ++i)
        buffers.push_back(Require(system.CreateBuffer(Desc()), "CreateBuffer"));
    VerifyDisjoint(system, buffers);
    VerifyContents(system, buffers);
}

void Pairs(sedx::BufferSystem& system, benchmark::State& state)
{
    const sedx::Report before = system.GetReport();
    uint64_t created = 0;
    for ([[maybe_unused]] auto _ : state)
    {
        created += system.CreateBuffer(Desc()).has_value() ? 1 : 0; // dropped at once
    }
    Require(created == static_cast<uint64_t>(state.iterations()), "CreateBuffer failed");
    VerifyCounts(system, before, created);
}

void Batches(sedx::BufferSystem& system, const std::vector<uint32_t>& order, benchmark::State& state)
{
    const sedx::Report before = system.GetReport();
    std::vector<sedx::Buffer> buffers(kBatch);
    for ([[maybe_unused]] auto _ : state)
    {
        for (sedx::Buffer& buffer : buffers)
            buffer = Require(system.CreateBuffer(Desc()), "CreateBuffer");
        for (const uint32_t index : order)
            buffers[index] = {};
    }
    VerifyCounts(system, before, static_cast<uint64_t>(state.iterations()) * kBatch);
}

void Frames(sedx::BufferSystem& system, const std::vector<uint32_t>& order, benchmark::State& state)
{
    const sedx::Report before = system.GetReport();
    std::vector<sedx::Buffer> buffers(kBatch);
    size_t resolved = 0;
    for ([[maybe_unused]] auto _ : state)
    {
        for (sedx::Buffer& buffer : buffers)
            buffer = Require(system.CreateBuffer(Desc()), "CreateBuffer");
        const sedx::Frame frame = Require(system.BeginFrame(), "BeginFrame");
        for (const sedx::Buffer& buffer : buffers)
            resolved += frame.Resolve(buffer).size == kBytes ? 1 : 0;
        for (const uint32_t index : order)
            buffers[index] = {};
        Require(system.EndFrame(frame), "EndFrame");
    }
    const uint64_t created = static_cast<uint64_t>(state.iterations()) * kBatch;
    Require(resolved == created, "a buffer did not resolve");
    VerifyCounts(system, before, created);
    system.Poll();
    Require(system.GetReport().pendingDestroyed == 0, "frames have passed, yet what they used is not destroyed");
}

void VmaPairs(VmaBaseline& vma, VkBufferUsageFlags usage, benchmark::State& state)
{
    for ([[maybe_unused]] auto _ : state)
        vma.Destroy(vma.Create(kBytes, usage));
}

void VmaBatches(VmaBaseline& vma, VkBufferUsageFlags usage, const std::vector<uint32_t>& order, benchmark::State& state)
{
    std::vector<VmaBuffer> buffers(kBatch);
    for ([[maybe_unused]] auto _ : state)
    {
        for (VmaBuffer& buffer : buffers)
            buffer = vma.Create(kBytes, usage);
        for (const uint32_t index : order)
            vma.Destroy(buffers[index]);
    }
}
} // namespace

void BufferCreate(Context& context)
{
    const auto system = MakeSystem(context);
    VmaBaseline vma(context.device);
    VmaBaseline vmaPlain(context.device, VmaBaseline::Budget::Estimate);
    VerifyBatch(*system);

    const sedx::Buffer kept = Require(system->CreateBuffer(Desc()), "CreateBuffer");
    const auto usage = static_cast<VkBufferUsageFlags>(kept.Usage());
    const VmaBuffer vmaKept = vma.Create(kBytes, usage);
    const VmaBuffer plainKept = vmaPlain.Create(kBytes, usage);
    const std::vector<uint32_t> order = ShuffledBatch();

    Measurement measurement;
    measurement.Add("pairs", 1, [&](benchmark::State& state) { Pairs(*system, state); });
    measurement.Add("batch", kBatch, [&](benchmark::State& state) { Batches(*system, order, state); });
    measurement.Add("frames", kBatch, [&](benchmark::State& state) { Frames(*system, order, state); });
    measurement.Add("VMA pairs", 1, [&](benchmark::State& state) { VmaPairs(vma, usage, state); });
    measurement.Add("VMA batch", kBatch, [&](benchmark::State& state) { VmaBatches(vma, usage, order, state); });
    measurement.Add("plain VMA pairs", 1, [&](benchmark::State& state) { VmaPairs(vmaPlain, usage, state); });
    measurement.Add("plain VMA batch", kBatch,
                    [&](benchmark::State& state) { VmaBatches(vmaPlain, usage, order, state); });
    auto times = measurement.Run(context.options);

    vma.Destroy(vmaKept);
    vmaPlain.Destroy(plainKept);
    Require(vma.LiveAllocations() == 0 && vmaPlain.LiveAllocations() == 0, "the baseline leaks");
    VerifyBatch(*system); // still right after all of that

    const auto add = [&](const char* name, const char* variant, const char* baseline, const Targets& targets) {
        const Samples& ours = times[variant];
        const double theirs = times[baseline].Median();
        context.figures.Add({.scenario = "buffer_create",
                             .name = name,
                             .unit = "ns",
                             .value = ours.Median(),
                             .smallest = ours.Smallest(),
                             .largest = ours.Largest(),
                             .reference = baseline,
                             .referenceValue = theirs,
                             .ratio = theirs / ours.Median(),
                             .targets = targets});
    };
    const Targets targets{.gpu = {AtMost(150), RatioAtLeast(5)}, .software = {RatioAtLeast(10)}};
    add("pairs", "pairs", "VMA pairs", targets);
    add("1,000 shuffled", "batch", "VMA batch", targets);
    add("pairs, VMA without driver budgets", "pairs", "plain VMA pairs", {});
    add("1,000 shuffled, VMA without driver budgets", "batch", "plain VMA batch", {});
    add("1,000 resolved in a frame", "frames", "VMA batch", {});
}
} // namespace bench
