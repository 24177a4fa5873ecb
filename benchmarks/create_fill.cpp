// create_fill: 10,000 buffers of 4 KiB are created and filled, until the GPU has all of them; then they are destroyed.
//
// What arrived is read back each time. Limit of creating and filling: the same bytes by one memcpy into staging and one
// vkCmdCopyBuffer. Beside it the textbook way with VMA: a buffer, staging, commands and a queue idle each, for few of them.
#include "support/context.h"
#include "support/measure.h"
#include "support/raw_copy.h"
#include "support/timed_upload.h"
#include "support/vma_baseline.h"

#include <chrono>
#include <cstring>

namespace bench
{
namespace
{
using Clock = std::chrono::steady_clock;

constexpr uint64_t kBytes = 4096;
constexpr size_t kBuffers = 10'000;
constexpr size_t kTextbookBuffers = 500;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

struct Round
{
    sedx::BufferSystem& system;
    std::vector<std::byte> bytes = MakeBytes(kBuffers * kBytes); // each buffer has its own
    std::vector<sedx::Buffer> buffers = std::vector<sedx::Buffer>(kBuffers);
    uint64_t generation = 0;

    std::span<const std::byte> BytesOf(size_t index) const
    {
        return std::span<const std::byte>(bytes).subspan(index * kBytes, kBytes);
    }

    double CreateAndFill()
    {
        Stamp(bytes, ++generation);
        const auto begin = Clock::now();
        sedx::UploadTicket last; // completes with all before it
        for (size_t i = 0; i < kBuffers; ++i)
        {
            buffers[i] =
                Require(system.CreateBuffer({.bytes = kBytes, .usage = sedx::BufferUsage::Storage}), "CreateBuffer");
            last = Require(system.Uploads().Write(buffers[i], 0, BytesOf(i)), "Write");
        }
        Require(last.Wait(), "waiting for uploads");
        return SecondsSince(begin);
    }

    void Verify()
    {
        std::vector<sedx::ReadbackTicket> tickets;
        for (const sedx::Buffer& buffer : buffers)
            tickets.push_back(Require(system.Readbacks().Request(buffer), "Request"));
        for (size_t i = 0; i < kBuffers; ++i)
        {
            const auto back = Require(tickets[i].Wait(), "waiting for a read-back");
            Require(back.size() == kBytes && std::memcmp(back.data(), BytesOf(i).data(), kBytes) == 0,
                    "a buffer does not hold what was written");
        }
    }

    double Destroy()
    {
        system.Poll();
        const auto begin = Clock::now();
        for (sedx::Buffer& buffer : buffers)
            buffer = {};
        system.Poll(); // what could not go at once
        const double seconds = SecondsSince(begin);
        const sedx::Report report = system.GetReport();
        Require(report.liveBuffers == 0 && report.pendingDestroyed == 0, "buffers are alive that were dropped");
        return seconds;
    }
};

double ByTheBook(VmaBaseline& vma, RawQueue& queue, const Round& round, VkBufferUsageFlags usage)
{
    std::vector<VmaBuffer> made(kTextbookBuffers);
    const auto begin = Clock::now();
    for (size_t i = 0; i < kTextbookBuffers; ++i)
    {
        made[i] = vma.Create(kBytes, usage);
        queue.UploadByTheBook(made[i].buffer, 0, round.BytesOf(i));
    }
    const double seconds = SecondsSince(begin);
    std::vector<std::byte> contents(kBytes);
    for (size_t i = 0; i < kTextbookBuffers; i += kTextbookBuffers / 10)
    {
        queue.Read(made[i].buffer, contents);
        Require(std::memcmp(contents.data(), round.BytesOf(i).data(), kBytes) == 0,
                "the baseline did not write what it should");
    }
    for (const VmaBuffer& buffer : made)
        vma.Destroy(buffer);
    return seconds;
}
} // namespace

void CreateFill(Context& context)
{
    const auto system = MakeSystem(context);
    VmaBaseline vma(context.device);
    RawQueue queue(context.device);
    const RawBuffer staging(context.device, kBuffers * kBytes, RawBuffer::Memory::Staging);
    const RawBuffer target(context.device, kBuffers * kBytes, RawBuffer::Memory::Device);
    Round round{*system};
    round.CreateAndFill();
    const auto usage = static_cast<VkBufferUsageFlags>(round.buffers[0].Usage());
    round.Verify();
    round.Destroy();

    Samples destroy;
    Measurement measurement;
    measurement.AddTimedByBody("create", [&](benchmark::State& state) {
        for ([[maybe_unused]] auto _ : state)
        {
            state.SetIterationTime(round.CreateAndFill() / kBuffers);
            round.Verify();
            destroy.values.push_back(round.Destroy() / kBuffers * 1e9);
        }
    });
    measurement.AddTimedByBody("copy", [&](benchmark::State& state) {
        for ([[maybe_unused]] auto _ : state)
        {
            const auto begin = Clock::now();
            std::memcpy(staging.Mapped().data(), round.bytes.data(), round.bytes.size());
            queue.Copy(staging.Handle(), target.Handle(), round.bytes.size());
            state.SetIterationTime(SecondsSince(begin) / kBuffers);
        }
    });
    measurement.AddTimedByBody("textbook", [&](benchmark::State& state) {
        for ([[maybe_unused]] auto _ : state)
            state.SetIterationTime(ByTheBook(vma, queue, round, usage) / kTextbookBuffers);
    });
    auto times = measurement.Run(context.options);

    const auto report = [&](const char* name, const Samples& samples, const char* reference, double referenceValue,
                            double ratio, const Targets& targets) {
        context.figures.Add({.scenario = "create_fill",
                             .name = name,
                             .unit = "us",
                             .value = samples.Median() / 1e3,
                             .smallest = samples.Smallest() / 1e3,
                             .largest = samples.Largest() / 1e3,
                             .reference = reference,
                             .referenceValue = referenceValue / 1e3,
                             .ratio = ratio,
                             .targets = targets});
    };
    const Samples& create = times["create"];
    const double copy = times["copy"].Median();
    const double textbook = times["textbook"].Median();
    report("create and fill", create, "memcpy + copy alone", copy, create.Median() / copy,
           {.gpu = {AtMost(0.8)}, .software = {AtMost(2.2)}});
    report("create and fill, against the textbook", create, "textbook", textbook, textbook / create.Median(), {});
    report("destroy", destroy, "", 0, 0, {.gpu = {AtMost(0.05)}, .software = {AtMost(0.1)}});
}
} // namespace bench
