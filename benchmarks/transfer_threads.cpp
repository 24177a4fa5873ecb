// transfer_threads: 1 to 16 threads call Write together, with 100,000 updates of 64 bytes or with 256 MiB split among them.
//
// Every thread has a part of the buffer of its own, because nobody says in which order writes of different threads arrive.
// From the moment all threads may start until the GPU has everything; the buffer is in use by an open frame, and compared
// with a copy kept by the CPU after each repeat. The figure is the ratio to one thread.
#include "support/context.h"
#include "support/measure.h"
#include "support/timed_upload.h"
#include "support/update_list.h"
#include "support/verify.h"

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
constexpr unsigned kThreads[] = {1, 2, 4, 8, 16};
constexpr unsigned kWithTarget = 8;
constexpr uint64_t kUpdateBytes = 64;
constexpr size_t kUpdates = 100'000;
constexpr uint64_t kUpdatedBytes = 64ull << 20;
constexpr uint64_t kBulkBytes = 256ull << 20;

struct Destination
{
    Destination(const Context& context, uint64_t bytes) : system(MakeSystem(context)), shadow(MakeBytes(bytes))
    {
        buffer = Require(system->CreateBuffer({.bytes = bytes, .usage = sedx::BufferUsage::Storage}), "CreateBuffer");
        const auto ticket = Require(system->Uploads().Write(buffer, 0, std::span<const std::byte>(shadow)), "Write");
        Require(ticket.Wait(), "waiting for an upload");
    }
    std::unique_ptr<sedx::BufferSystem> system;
    sedx::Buffer buffer;
    std::vector<std::byte> shadow; // what the buffer has to hold
    uint64_t generation = 0;
};

// `work` is called once on each thread, with its index, and says whether all of its writes succeeded.
double SecondsTogether(Destination& target, unsigned threads, const std::function<bool(unsigned)>& work)
{
    std::barrier meet(static_cast<std::ptrdiff_t>(threads) + 1); // the start, then the end
    std::atomic<unsigned> succeeded{0};
    std::vector<std::jthread> team;
    for (unsigned i = 0; i < threads; ++i)
        team.emplace_back([&, i] {
            meet.arrive_and_wait();
            succeeded += work(i) ? 1 : 0;
            meet.arrive_and_wait();
        });
    bool met = false;
    const auto start = [&] {
        met = true;
        meet.arrive_and_wait();
        meet.arrive_and_wait();
    };
    double seconds = 0;
    try
    {
        seconds = SecondsToUpload(*target.system, target.buffer, Meets::InUse, [&] {
            start();
            return target.system->Uploads().LastTransfer(target.buffer);
        });
    }
    catch (...)
    {
        if (!met)
            start(); // nobody is left waiting
        throw;
    }
    Require(succeeded == threads, "Write failed on one of several threads");
    return seconds;
}

void UpdateTogether(Destination& target, unsigned threads, benchmark::State& state)
{
    Random random(kSeed);
    std::vector<UpdateList> lists;
    const uint64_t part = kUpdatedBytes / threads;
    for (unsigned i = 0; i < threads; ++i)
        lists.emplace_back(
            UpdateShape{.bytes = kUpdateBytes, .count = kUpdates / threads, .begin = i * part, .end = (i + 1) * part},
            random);
    for ([[maybe_unused]] auto _ : state)
    {
        for (UpdateList& list : lists)
            list.Refresh(++target.generation);
        state.SetIterationTime(SecondsTogether(target, threads, [&](unsigned index) {
            const UpdateList& list = lists[index];
            bool succeeded = true;
            for (size_t i = 0; i < list.Count(); ++i)
                succeeded &= target.system->Uploads().Write(target.buffer, list.Offset(i), list.Bytes(i)).has_value();
            return succeeded;
        }));
        for (const UpdateList& list : lists)
            list.ApplyTo(target.shadow);
        VerifyBytes(*target.system, target.buffer, 0, target.shadow);
    }
}

void UploadTogether(Destination& target, unsigned threads, benchmark::State& state)
{
    const uint64_t part = kBulkBytes / threads;
    for ([[maybe_unused]] auto _ : state)
    {
        Stamp(target.shadow, ++target.generation);
        state.SetIterationTime(SecondsTogether(target, threads, [&](unsigned index) {
            const auto bytes = std::span<const std::byte>(target.shadow).subspan(index * part, part);
            return target.system->Uploads().Write(target.buffer, index * part, bytes).has_value();
        }));
        VerifyBytes(*target.system, target.buffer, 0, target.shadow);
    }
}
} // namespace

void TransferThreads(Context& context)
{
    Destination updated(context, kUpdatedBytes);
    Destination uploaded(context, kBulkBytes);
    const auto name = [](const char* what, unsigned threads) { return fmt::format("{} {}", what, threads); };
    Measurement measurement;
    for (const unsigned threads : kThreads)
    {
        measurement.AddTimedByBody(name("updates", threads),
                                   [&, threads](benchmark::State& state) { UpdateTogether(updated, threads, state); });
        measurement.AddTimedByBody(name("bulk", threads),
                                   [&, threads](benchmark::State& state) { UploadTogether(uploaded, threads, state); });
    }
    auto times = measurement.Run(context.options);

    const unsigned cores = context.figures.Info().cores;
    const auto report = [&](const char* label, const char* what, unsigned threads, Targets targets) {
        const Samples& samples = times[name(what, threads)];
        const double one = times[name(what, 1)].Median();
        std::string note;
        if (!targets.gpu.empty() && cores < kWithTarget)
        {
            targets = {};
            note = fmt::format("no target: {} cores are fewer than {} threads", cores, kWithTarget);
        }
        context.figures.Add({.scenario = "transfer_threads",
                             .name = fmt::format("{}, {} thread{}", label, threads, threads == 1 ? "" : "s"),
                             .unit = "ms",
                             .value = samples.Median() / 1e6,
                             .smallest = samples.Smallest() / 1e6,
                             .largest = samples.Largest() / 1e6,
                             .reference = threads == 1 ? "" : "one thread",
                             .referenceValue = one / 1e6,
                             .ratio = threads == 1 ? 0 : one / samples.Median(),
                             .targets = std::move(targets),
                             .note = std::move(note)});
    };
    for (const unsigned threads : kThreads)
        report("100,000 x 64 B", "updates", threads,
               threads == kWithTarget ? Targets{.gpu = {RatioAtLeast(3)}} : Targets{});
    for (const unsigned threads : kThreads)
        report("256 MiB", "bulk", threads, {});
}
} // namespace bench
