// bulk_upload: 256 MiB and 1 GiB from ordinary memory into one buffer, by one Write and a wait.
//
// Twice: into a buffer that no frame uses, as a loader does, and into one that an open frame has resolved. Every time the
// source is new and what arrived is read back. Limits: vkCmdCopyBuffer from staging that is already filled, and memcpy by one
// thread; where the CPU does both (a software driver) they are taken one after the other. Beside it the textbook way, and the
// same source as imported memory, against the copy alone, with and without the time for importing it.
#include "support/context.h"
#include "support/measure.h"
#include "support/raw_copy.h"
#include "support/room.h"
#include "support/timed_upload.h"
#include "support/verify.h"

#include <chrono>
#include <cstring>
#include <fmt/format.h>

namespace bench
{
namespace
{
using Clock = std::chrono::steady_clock;

constexpr uint64_t kMiB = 1ull << 20;

void Upload(sedx::BufferSystem& system, const sedx::Buffer& buffer, std::span<std::byte> source, Meets meets,
            uint64_t& generation, benchmark::State& state)
{
    for ([[maybe_unused]] auto _ : state)
    {
        Stamp(source, ++generation);
        state.SetIterationTime(SecondsToUpload(system, buffer, meets, [&] {
            return Require(system.Uploads().Write(buffer, 0, std::span<const std::byte>(source)), "Write");
        }));
        VerifyBytes(system, buffer, 0, source);
    }
}

// Imported anew each time: within the time that is measured, or before it.
void UploadImported(sedx::BufferSystem& system, const sedx::Buffer& buffer, std::span<std::byte> source,
                    bool timesImport, uint64_t& generation, benchmark::State& state)
{
    for ([[maybe_unused]] auto _ : state)
    {
        Stamp(source, ++generation);
        const auto begin = Clock::now();
        sedx::ImportedMemory memory = Require(system.Uploads().Import(source), "Import");
        Require(memory.IsImported(), memory.Why());
        double seconds = SecondsToUpload(system, buffer, Meets::InUse,
                                         [&] { return Require(system.Uploads().Write(buffer, 0, memory), "Write"); });
        Require(memory.Release(), "Release");
        if (timesImport)
            seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        state.SetIterationTime(seconds);
        VerifyBytes(system, buffer, 0, source);
    }
}

template <class Work>
void Time(benchmark::State& state, const Work& work)
{
    for ([[maybe_unused]] auto _ : state)
    {
        const auto begin = Clock::now();
        work();
        state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
    }
}

void VerifyRaw(RawQueue& queue, const RawBuffer& buffer, std::span<const std::byte> expected)
{
    std::vector<std::byte> contents(expected.size());
    queue.Read(buffer.Handle(), contents);
    Require(std::memcmp(contents.data(), expected.data(), expected.size()) == 0,
            "the baseline did not write what it should");
}

void RunSize(Context& context, uint64_t bytes)
{
    const auto system = MakeSystem(context);
    const sedx::Buffer buffer =
        Require(system->CreateBuffer({.bytes = bytes, .usage = sedx::BufferUsage::Storage}), "CreateBuffer");
    std::vector<std::byte> source = MakeBytes(bytes);
    RawQueue queue(context.device);
    const RawBuffer staging(context.device, bytes, RawBuffer::Memory::Staging);
    const RawBuffer target(context.device, bytes, RawBuffer::Memory::Device);

    // Everything once before it is timed: memory is given page by page.
    const auto first = Require(system->Uploads().Write(buffer, 0, std::span<const std::byte>(source)), "Write");
    Require(first.Wait(), "waiting for an upload");
    std::memcpy(staging.Mapped().data(), source.data(), bytes);
    queue.Copy(staging.Handle(), target.Handle(), bytes);
    VerifyRaw(queue, target, source);

    uint64_t generation = 0;
    Measurement measurement;
    const auto ours = [&](const char* name, Meets meets) {
        measurement.AddTimedByBody(
            name, [&, meets](benchmark::State& state) { Upload(*system, buffer, source, meets, generation, state); });
    };
    ours("idle", Meets::Idle);
    ours("in use", Meets::InUse);
    sedx::ImportedMemory probe = Require(system->Uploads().Import(source), "Import");
    const bool imports = probe.IsImported();
    const std::string why = probe.Why();
    probe = {};
    if (imports)
    {
        const auto imported = [&](const char* name, bool timesImport) {
            measurement.AddTimedByBody(name, [&, timesImport](benchmark::State& state) {
                UploadImported(*system, buffer, source, timesImport, generation, state);
            });
        };
        imported("imported", false);
        imported("imported once", true);
    }
    measurement.AddTimedByBody("copy", [&](benchmark::State& state) {
        Time(state, [&] { queue.Copy(staging.Handle(), target.Handle(), bytes); });
    });
    measurement.AddTimedByBody("memcpy", [&](benchmark::State& state) {
        Time(state, [&] { std::memcpy(staging.Mapped().data(), source.data(), bytes); });
    });
    measurement.AddTimedByBody("textbook", [&](benchmark::State& state) {
        Time(state, [&] { queue.UploadByTheBook(target.Handle(), 0, source); });
        VerifyRaw(queue, target, source);
    });
    auto times = measurement.Run(context.options);

    const auto rate = [&](const char* name) { return GigabytesPerSecond(bytes, times[name].Median()); };
    const bool software = context.figures.Info().software;
    const double limit = software ? InSeries(rate("memcpy"), rate("copy")) : rate("copy");
    const auto report = [&](const char* figure, const char* variant, const char* reference, double referenceValue,
                            const Targets& targets) {
        const Samples& samples = times[variant];
        context.figures.Add({.scenario = "bulk_upload",
                             .name = fmt::format("{} MiB, {}", bytes / kMiB, figure),
                             .unit = "GB/s",
                             .value = rate(variant),
                             .smallest = GigabytesPerSecond(bytes, samples.Largest()),
                             .largest = GigabytesPerSecond(bytes, samples.Smallest()),
                             .reference = reference,
                             .referenceValue = referenceValue,
                             .ratio = rate(variant) / referenceValue,
                             .targets = targets});
    };
    const char* limitName = software ? "memcpy, then copy" : "copy from staging";
    const Targets targets{.gpu = {RatioAtLeast(0.85)}, .software = {RatioAtLeast(0.7)}};
    report("idle buffer", "idle", limitName, limit, targets);
    report("buffer in use", "in use", limitName, limit, targets);
    report("idle buffer, against memcpy alone", "idle", "memcpy", rate("memcpy"), {});
    report("idle buffer, against the textbook", "idle", "textbook", rate("textbook"), {});
    report("buffer in use, against the textbook", "in use", "textbook", rate("textbook"), {});
    if (!imports)
    {
        context.figures.AddSkipped(fmt::format("bulk_upload of {} MiB from imported memory", bytes / kMiB), why);
        return;
    }
    report("from imported memory", "imported", "copy from staging", rate("copy"),
           {.gpu = {RatioAtLeast(0.85)}, .software = {RatioAtLeast(0.7)}});
    report("import, one write, release", "imported once", "buffer in use", rate("in use"), {});
}
} // namespace

void BulkUpload(Context& context)
{
    RunSize(context, 256 * kMiB);
    constexpr uint64_t kLarge = 1024 * kMiB;
    if (context.options.quick)
        context.figures.AddSkipped("bulk_upload of 1 GiB", "a short run");
    else if (!HasRoom(context, 2 * kLarge, 3 * kLarge))
        context.figures.AddSkipped("bulk_upload of 1 GiB", "too little memory");
    else
        RunSize(context, kLarge);
}
} // namespace bench
