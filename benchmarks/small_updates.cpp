// small_updates: 1,000 to 100,000 random updates of a 64 MiB buffer in each frame, from the first call until the GPU has
// them, by one WriteMany or by one Write each.
//
// The buffer is in use by an open frame, as one that is drawn from every frame; "idle" is the same without a frame. One update in
// twenty overlaps an earlier one. After each repeat the whole buffer is compared with a copy kept by the CPU.
//
// Baseline: vkCmdCopyBuffer2 with one region for each update, recorded, submitted and waited for; its staging is filled and
// its overlaps are removed before, which the library has to do while it is timed. Beside it the textbook way: staging, commands and
// a queue idle for each update, of which there are few, because it takes that long.
#include "support/context.h"
#include "support/measure.h"
#include "support/raw_copy.h"
#include "support/timed_upload.h"
#include "support/update_list.h"
#include "support/verify.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fmt/format.h>

namespace bench
{
namespace
{
using Clock = std::chrono::steady_clock;

constexpr uint64_t kBufferBytes = 64ull << 20;
constexpr size_t kTextbookUpdates = 100;
constexpr size_t kUpdatesInARepeat = 20'000; // small frames are repeated until there are about so many

struct Case
{
    uint64_t bytes = 64;
    size_t count = 0;
    const char* label = "";
    uint64_t alignment = 4;
};
constexpr Case kCases[] = {
    {64, 1000, "1,000 x 64 B"},        {64, 10'000, "10,000 x 64 B"},
    {64, 100'000, "100,000 x 64 B"},   {64, 10'000, "10,000 x 64 B at any byte", 1},
    {256, 1000, "1,000 x 256 B"},      {256, 10'000, "10,000 x 256 B"},
    {256, 100'000, "100,000 x 256 B"}, {4096, 1000, "1,000 x 4 KiB"},
    {4096, 10'000, "10,000 x 4 KiB"},
};
constexpr size_t kMost = 100'000; // with 64 bytes: the one with targets

// The library's buffer, and what it has to hold.
struct Ours
{
    explicit Ours(const Context& context) : system(MakeSystem(context)), shadow(MakeBytes(kBufferBytes))
    {
        buffer =
            Require(system->CreateBuffer({.bytes = kBufferBytes, .usage = sedx::BufferUsage::Storage}), "CreateBuffer");
        const auto ticket = Require(system->Uploads().Write(buffer, 0, std::span<const std::byte>(shadow)), "Write");
        Require(ticket.Wait(), "waiting for an upload");
    }
    std::unique_ptr<sedx::BufferSystem> system;
    sedx::Buffer buffer;
    std::vector<std::byte> shadow;
    uint64_t generation = 0;
};

enum class Calls
{
    Many,
    Single,
};

sedx::UploadTicket WriteAll(sedx::UploadQueue& uploads, std::span<const sedx::BufferWrite> writes, Calls calls)
{
    if (calls == Calls::Many)
        return Require(uploads.WriteMany(writes), "WriteMany");
    sedx::UploadTicket last; // completes with all before it
    for (const sedx::BufferWrite& write : writes)
    {
        auto ticket = uploads.Write(write.buffer, write.offset, write.bytes);
        Require(ticket.has_value(), "Write failed");
        last = std::move(*ticket);
    }
    return last;
}

size_t FramesInARepeat(size_t count) { return std::clamp<size_t>(kUpdatesInARepeat / count, 1, 10); }

void Update(Ours& ours, UpdateList& updates, Meets meets, Calls calls, benchmark::State& state)
{
    const std::vector<sedx::BufferWrite> writes = updates.Writes(ours.buffer);
    const size_t frames = FramesInARepeat(updates.Count());
    for ([[maybe_unused]] auto _ : state)
    {
        double seconds = 0;
        for (size_t i = 0; i < frames; ++i)
        {
            updates.Refresh(++ours.generation);
            seconds += SecondsToUpload(*ours.system, ours.buffer, meets,
                                       [&] { return WriteAll(ours.system->Uploads(), writes, calls); });
        }
        state.SetIterationTime(seconds / static_cast<double>(frames));
        updates.ApplyTo(ours.shadow);
        VerifyBytes(*ours.system, ours.buffer, 0, ours.shadow);
    }
}

// Plain Vulkan with a buffer of its own.
struct Plain
{
    Plain(const Context& context, uint64_t stagingBytes)
        : queue(context.device), staging(context.device, stagingBytes, RawBuffer::Memory::Staging),
          buffer(context.device, kBufferBytes, RawBuffer::Memory::Device), contents(kBufferBytes)
    {
    }
    RawQueue queue;
    RawBuffer staging;
    RawBuffer buffer;
    std::vector<std::byte> contents;
};

void VerifyUpdates(Plain& plain, std::span<const VkBufferCopy2> regions)
{
    plain.queue.Read(plain.buffer.Handle(), plain.contents);
    for (const VkBufferCopy2& region : regions)
        Require(std::memcmp(plain.contents.data() + region.dstOffset, plain.staging.Mapped().data() + region.srcOffset,
                            region.size) == 0,
                "the baseline did not write what it should");
}

void CopyRegions(Plain& plain, UpdateList& updates, std::span<const VkBufferCopy2> regions, benchmark::State& state)
{
    const size_t frames = FramesInARepeat(updates.Count());
    std::memcpy(plain.staging.Mapped().data(), updates.Payload().data(), updates.Payload().size());
    for ([[maybe_unused]] auto _ : state)
    {
        const auto begin = Clock::now();
        for (size_t i = 0; i < frames; ++i)
            plain.queue.CopyRegions(plain.staging.Handle(), plain.buffer.Handle(), regions);
        const std::chrono::duration<double> seconds = Clock::now() - begin;
        state.SetIterationTime(seconds.count() / static_cast<double>(frames));
        VerifyUpdates(plain, regions);
    }
}

void ByTheBook(Plain& plain, const UpdateList& updates, benchmark::State& state)
{
    const size_t count = std::min(kTextbookUpdates, updates.Count());
    for ([[maybe_unused]] auto _ : state)
    {
        const auto begin = Clock::now();
        for (size_t i = 0; i < count; ++i)
            plain.queue.UploadByTheBook(plain.buffer.Handle(), updates.Offset(i), updates.Bytes(i));
        const std::chrono::duration<double> seconds = Clock::now() - begin;
        state.SetIterationTime(seconds.count() / static_cast<double>(count));
    }
}

Targets TargetsOf(const Case& which, Calls calls)
{
    if (which.bytes != 64 || which.count != kMost)
        return {};
    return {.gpu = {AtMost(calls == Calls::Many ? 1.5 : 3), RatioAtLeast(100)}, .software = {RatioAtLeast(2.5)}};
}

void RunCase(Context& context, Ours& ours, const Case& which)
{
    Random random(kSeed);
    UpdateList updates({.bytes = which.bytes, .count = which.count, .alignment = which.alignment, .end = kBufferBytes},
                       random);
    const std::vector<VkBufferCopy2> regions = updates.Regions();
    Plain plain(context, updates.Payload().size());

    Measurement measurement;
    const auto add = [&](const char* name, Meets meets, Calls calls) {
        measurement.AddTimedByBody(
            name, [&, meets, calls](benchmark::State& state) { Update(ours, updates, meets, calls, state); });
    };
    add("WriteMany", Meets::InUse, Calls::Many);
    add("Write", Meets::InUse, Calls::Single);
    add("WriteMany, idle", Meets::Idle, Calls::Many);
    measurement.AddTimedByBody("copy regions",
                               [&](benchmark::State& state) { CopyRegions(plain, updates, regions, state); });
    measurement.AddTimedByBody("textbook", [&](benchmark::State& state) { ByTheBook(plain, updates, state); });
    auto times = measurement.Run(context.options);

    const double copies = times["copy regions"].Median();
    const auto report = [&](const char* name, const Targets& targets) {
        const Samples& samples = times[name];
        context.figures.Add({.scenario = "small_updates",
                             .name = fmt::format("{}, {}", which.label, name),
                             .unit = "ms",
                             .value = samples.Median() / 1e6,
                             .smallest = samples.Smallest() / 1e6,
                             .largest = samples.Largest() / 1e6,
                             .reference = "copy regions",
                             .referenceValue = copies / 1e6,
                             .ratio = copies / samples.Median(),
                             .targets = targets});
    };
    report("WriteMany", TargetsOf(which, Calls::Many));
    report("Write", TargetsOf(which, Calls::Single));
    report("WriteMany, idle", {});
    if (which.count != kMost || which.bytes != 64)
        return;
    const Samples& many = times["WriteMany"];
    const double textbook = times["textbook"].Median();
    const auto each = static_cast<double>(which.count) * 1e3; // in microseconds
    context.figures.Add({.scenario = "small_updates",
                         .name = fmt::format("{}, WriteMany, each", which.label),
                         .unit = "us",
                         .value = many.Median() / each,
                         .smallest = many.Smallest() / each,
                         .largest = many.Largest() / each,
                         .reference = "textbook",
                         .referenceValue = textbook / 1e3,
                         .ratio = textbook / 1e3 / (many.Median() / each)});
}
} // namespace

void SmallUpdates(Context& context)
{
    Ours ours(context);
    for (const Case& which : kCases)
        RunCase(context, ours, which);
}
} // namespace bench
