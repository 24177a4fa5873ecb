// read_back: 4 bytes, from Request until they are there, and by Read; and 1 GiB (256 MiB in a short run) by Read into memory of
// the caller's own.
//
// What the 4 bytes are read against is an empty submission and the wait for it: nothing that asks the GPU can be faster.
// The limit of the bulk is vkCmdCopyBuffer into mapped memory that is already there; where the CPU copies twice (a software
// driver) a memcpy follows. The source is new for every bulk read, and what arrived is compared with it.
#include "support/context.h"
#include "support/measure.h"
#include "support/raw_copy.h"
#include "support/room.h"
#include "support/timed_upload.h"

#include <chrono>
#include <cstring>
#include <fmt/format.h>

namespace bench
{
namespace
{
using Clock = std::chrono::steady_clock;

constexpr uint64_t kMiB = 1ull << 20;

sedx::Buffer MakeFilled(sedx::BufferSystem& system, std::span<const std::byte> bytes)
{
    const sedx::Buffer buffer =
        Require(system.CreateBuffer({.bytes = bytes.size(), .usage = sedx::BufferUsage::Storage}), "CreateBuffer");
    const auto ticket = Require(system.Uploads().Write(buffer, 0, bytes), "Write");
    Require(ticket.Wait(), "waiting for an upload");
    return buffer;
}

void Small(Context& context)
{
    const auto system = MakeSystem(context);
    RawQueue queue(context.device);
    const uint32_t expected = 0x5EDC'0DE5;
    const sedx::Buffer buffer = MakeFilled(*system, std::as_bytes(std::span(&expected, 1)));

    Measurement measurement;
    measurement.Add("sedx", 1, [&](benchmark::State& state) {
        uint64_t right = 0;
        for ([[maybe_unused]] auto _ : state)
        {
            const auto ticket = Require(system->Readbacks().Request({buffer, 0, sizeof expected}), "Request");
            Require(system->Readbacks().Submit(), "Submit");
            Require(ticket.Wait(), "waiting for a read-back");
            right += ticket.Span<uint32_t>()[0] == expected ? 1 : 0;
        }
        Require(right == static_cast<uint64_t>(state.iterations()), "a read-back has the wrong bytes");
    });
    measurement.Add("Read", 1, [&](benchmark::State& state) {
        uint64_t right = 0;
        for ([[maybe_unused]] auto _ : state)
        {
            uint32_t value = 0;
            Require(system->Readbacks().Read({buffer, 0, sizeof value}, std::span(&value, 1)), "Read");
            right += value == expected ? 1 : 0;
        }
        Require(right == static_cast<uint64_t>(state.iterations()), "a read-back has the wrong bytes");
    });
    measurement.Add("empty", 1, [&](benchmark::State& state) {
        for ([[maybe_unused]] auto _ : state)
            queue.SubmitNothingAndWait();
    });
    auto times = measurement.Run(context.options);
    const double empty = times["empty"].Median();
    const auto add = [&](const char* variant, const char* name) {
        const Samples& ours = times[variant];
        context.figures.Add({.scenario = "read_back",
                             .name = name,
                             .unit = "us",
                             .value = ours.Median() / 1e3,
                             .smallest = ours.Smallest() / 1e3,
                             .largest = ours.Largest() / 1e3,
                             .reference = "empty submission",
                             .referenceValue = empty / 1e3,
                             .ratio = ours.Median() / empty,
                             .targets = {.gpu = {RatioAtMost(1.3)}, .software = {RatioAtMost(1.5)}}});
    };
    add("sedx", "4 bytes");
    add("Read", "4 bytes by Read");
}

void Bulk(Context& context, uint64_t bytes)
{
    const auto system = MakeSystem(context);
    std::vector<std::byte> contents = MakeBytes(bytes);
    std::vector<std::byte> into(bytes, std::byte{1}); // touched
    const sedx::Buffer buffer = MakeFilled(*system, contents);
    RawQueue queue(context.device);
    const RawBuffer source(context.device, bytes, RawBuffer::Memory::Device);
    const RawBuffer mapped(context.device, bytes, RawBuffer::Memory::Readback);
    queue.UploadByTheBook(source.Handle(), 0, contents);
    queue.Copy(source.Handle(), mapped.Handle(), bytes);
    Require(std::memcmp(mapped.Mapped().data(), contents.data(), bytes) == 0,
            "the baseline did not read what it should");

    uint64_t generation = 0;
    Measurement measurement;
    measurement.AddTimedByBody("sedx", [&](benchmark::State& state) {
        for ([[maybe_unused]] auto _ : state)
        {
            Stamp(contents, ++generation);
            const auto written =
                Require(system->Uploads().Write(buffer, 0, std::span<const std::byte>(contents)), "Write");
            Require(written.Wait(), "waiting for an upload");
            const auto begin = Clock::now();
            Require(system->Readbacks().Read(buffer, std::span<std::byte>(into)), "Read");
            state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
            Require(std::memcmp(into.data(), contents.data(), bytes) == 0, "a read-back has the wrong bytes");
        }
    });
    const auto addLimit = [&](const char* name, const std::function<void()>& work) {
        measurement.AddTimedByBody(name, [work](benchmark::State& state) {
            for ([[maybe_unused]] auto _ : state)
            {
                const auto begin = Clock::now();
                work();
                state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
            }
        });
    };
    addLimit("copy", [&] { queue.Copy(source.Handle(), mapped.Handle(), bytes); });
    addLimit("memcpy", [&] { std::memcpy(into.data(), mapped.Mapped().data(), bytes); });
    auto times = measurement.Run(context.options);

    const auto rate = [&](const char* name) { return GigabytesPerSecond(bytes, times[name].Median()); };
    const bool software = context.figures.Info().software;
    const double limit = software ? InSeries(rate("copy"), rate("memcpy")) : rate("copy");
    const Samples& ours = times["sedx"];
    context.figures.Add({.scenario = "read_back",
                         .name = fmt::format("{} MiB into the caller's memory", bytes / kMiB),
                         .unit = "GB/s",
                         .value = rate("sedx"),
                         .smallest = GigabytesPerSecond(bytes, ours.Largest()),
                         .largest = GigabytesPerSecond(bytes, ours.Smallest()),
                         .reference = software ? "copy, then memcpy" : "copy to mapped memory",
                         .referenceValue = limit,
                         .ratio = rate("sedx") / limit,
                         .targets = {.gpu = {RatioAtLeast(0.7)}, .software = {RatioAtLeast(0.7)}}});
}
} // namespace

void ReadBack(Context& context)
{
    Small(context);
    constexpr uint64_t kLarge = 1024 * kMiB;
    Bulk(context, context.options.quick || !HasRoom(context, 2 * kLarge, 4 * kLarge) ? 256 * kMiB : kLarge);
}
} // namespace bench
