// background_load: 64 MiB arrive while frames run, two in flight. How long is the longest frame until the GPU has them?
//
// The frame in which they arrive writes them in 16 calls, as normal writes or as background writes with the default cap, whose
// bytes are kept by the caller or copied. The longest frame of background writes is read against that of normal ones.
#include "support/context.h"
#include "support/measure.h"
#include "support/raw_copy.h"
#include "support/timed_upload.h"
#include "support/verify.h"

#include <array>
#include <chrono>

namespace bench
{
namespace
{
using Clock = std::chrono::steady_clock;

constexpr uint64_t kLoadBytes = 64ull << 20;
constexpr uint64_t kWriteBytes = 4ull << 20;
constexpr size_t kWarmFrames = 10;

struct Way
{
    const char* name;
    sedx::WriteOptions options;
};
const std::array<Way, 3> kWays{
    Way{"normal", {}},
    Way{"background, kept",
        {.priority = sedx::UploadPriority::Background, .source = sedx::SourceLifetime::KeptUntilComplete}},
    Way{"background, copied", {.priority = sedx::UploadPriority::Background}},
};

class Frames
{
  public:
    Frames(const Context& context, RawQueue& queue)
        : m_system(Require(sedx::BufferSystem::Create({.device = context.device, .framesInFlight = 2}),
                           "BufferSystem::Create")),
          m_queue(queue),
          m_buffer(Require(m_system->CreateBuffer({.bytes = kLoadBytes, .usage = sedx::BufferUsage::Storage}),
                           "CreateBuffer"))
    {
    }

    // The longest frame in seconds, from the one that writes until the bytes are there.
    double Load(std::span<const std::byte> source, const sedx::WriteOptions& options)
    {
        for (size_t i = 0; i < kWarmFrames; ++i)
            Run([] {});
        sedx::UploadTicket ticket;
        double longest = Run([&] {
            for (uint64_t at = 0; at < kLoadBytes; at += kWriteBytes) // the last one is sent last
                ticket =
                    Require(m_system->Uploads().Write(m_buffer, at, source.subspan(at, kWriteBytes), options), "Write");
        });
        while (!ticket.Ready())
            longest = std::max(longest, Run([] {}));
        Require(ticket.Wait(), "waiting for an upload");
        return longest;
    }

    void Verify(std::span<const std::byte> source) { VerifyBytes(*m_system, m_buffer, 0, source); }

  private:
    template <class F>
    double Run(F&& write)
    {
        const auto begin = Clock::now();
        const sedx::Frame frame = Require(m_system->BeginFrame(), "BeginFrame");
        Require(static_cast<bool>(frame.Resolve(m_buffer)), "a buffer does not resolve");
        write();
        const sedx::SubmitSync sync = Require(frame.SubmitSync(0), "SubmitSync");
        m_queue.SubmitNothing(sync); // what an engine draws
        Require(m_system->EndFrame(frame), "EndFrame");
        return std::chrono::duration<double>(Clock::now() - begin).count();
    }

    std::unique_ptr<sedx::BufferSystem> m_system;
    RawQueue& m_queue;
    sedx::Buffer m_buffer;
};
} // namespace

void BackgroundLoad(Context& context)
{
    RawQueue queue(context.device);
    const std::vector<std::byte> source = MakeBytes(kLoadBytes);
    Frames frames(context, queue);
    for (const Way& way : kWays)
        frames.Load(source, way.options); // touched before it is timed
    Measurement measurement;
    for (const Way& way : kWays)
        measurement.AddTimedByBody(way.name, [&](benchmark::State& state) {
            for ([[maybe_unused]] auto _ : state)
                state.SetIterationTime(frames.Load(source, way.options));
        });
    auto times = measurement.Run(context.options);
    frames.Verify(source);

    const Samples& normal = times[kWays[0].name];
    for (size_t i = 1; i < kWays.size(); ++i)
    {
        const Samples& longest = times[kWays[i].name];
        context.figures.Add({.scenario = "background_load",
                             .name = std::string("longest frame, ") + kWays[i].name,
                             .unit = "ms",
                             .value = longest.Median() / 1e6,
                             .smallest = longest.Smallest() / 1e6,
                             .largest = longest.Largest() / 1e6,
                             .reference = "the same by normal writes",
                             .referenceValue = normal.Median() / 1e6,
                             .ratio = longest.Median() / normal.Median()});
    }
}
} // namespace bench
