// streaming: 200 frames upload 16 MiB each from ordinary memory, three frames in flight.
//
// Each frame writes a buffer of its own (of three) that its submission uses. The system is new in each repeat; the first of
// the 200 frames counts too. The throughput is read against one Write of 256 MiB into a buffer in use, the longest frame
// against the median one. The last three frames are read back.
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

constexpr size_t kFrames = 200;
constexpr uint64_t kFrameBytes = 16ull << 20;
constexpr uint32_t kInFlight = 3;
constexpr uint64_t kSourceBytes = 256ull << 20;
constexpr uint64_t kSourceStep = 5ull << 20; // from frame to frame, so that each has other bytes

class Stream
{
  public:
    Stream(const Context& context, RawQueue& queue, std::span<const std::byte> source)
        : m_system(MakeSystem(context, kInFlight)), m_queue(queue), m_source(source)
    {
        for (sedx::Buffer& buffer : m_buffers)
            buffer = Require(m_system->CreateBuffer({.bytes = kFrameBytes, .usage = sedx::BufferUsage::Storage}),
                             "CreateBuffer");
        Require(m_system->Uploads().Prewarm(kInFlight * kFrameBytes).has_value(), "Prewarm");
    }

    // Adds what each frame took, in seconds; returns what all of them took until the GPU had the last bytes.
    double Run(Samples& frames)
    {
        const auto begin = Clock::now();
        for (size_t i = 1; i <= kFrames; ++i)
        {
            const auto frameBegin = Clock::now();
            RunFrame(i);
            frames.values.push_back(std::chrono::duration<double>(Clock::now() - frameBegin).count());
        }
        Require(m_last.Wait(), "waiting for an upload");
        return std::chrono::duration<double>(Clock::now() - begin).count();
    }

    void Verify()
    {
        for (size_t i = kFrames + 1 - kInFlight; i <= kFrames; ++i)
            VerifyBytes(*m_system, m_buffers[i % kInFlight], 0, BytesOf(i));
    }

  private:
    std::span<const std::byte> BytesOf(size_t frame) const
    {
        return m_source.subspan(frame * kSourceStep % (kSourceBytes - kFrameBytes), kFrameBytes);
    }

    void RunFrame(size_t index)
    {
        const sedx::Buffer& buffer = m_buffers[index % kInFlight];
        const sedx::Frame frame = Require(m_system->BeginFrame(), "BeginFrame");
        Require(static_cast<bool>(frame.Resolve(buffer)), "a buffer does not resolve");
        m_last = Require(m_system->Uploads().Write(buffer, 0, BytesOf(index)), "Write");
        const sedx::SubmitSync sync = Require(frame.SubmitSync(0), "SubmitSync");
        m_queue.SubmitNothing(sync); // what an engine draws
        Require(m_system->EndFrame(frame), "EndFrame");
    }

    std::unique_ptr<sedx::BufferSystem> m_system;
    RawQueue& m_queue;
    std::span<const std::byte> m_source;
    std::array<sedx::Buffer, kInFlight> m_buffers;
    sedx::UploadTicket m_last;
};
} // namespace

void Streaming(Context& context)
{
    RawQueue queue(context.device);
    const std::vector<std::byte> source = MakeBytes(kSourceBytes);
    const auto bulkSystem = MakeSystem(context);
    const sedx::Buffer bulk =
        Require(bulkSystem->CreateBuffer({.bytes = kSourceBytes, .usage = sedx::BufferUsage::Storage}), "CreateBuffer");
    const auto uploadBulk = [&](Meets meets) {
        return SecondsToUpload(*bulkSystem, bulk, meets, [&] {
            return Require(bulkSystem->Uploads().Write(bulk, 0, std::span<const std::byte>(source)), "Write");
        });
    };
    uploadBulk(Meets::Idle); // touched before it is timed
    uploadBulk(Meets::InUse);

    Samples longest; // of the frames of a repeat, as a multiple of their median
    Measurement measurement;
    measurement.AddTimedByBody("stream", [&](benchmark::State& state) {
        for ([[maybe_unused]] auto _ : state)
        {
            Stream stream(context, queue, source);
            Samples frames;
            state.SetIterationTime(stream.Run(frames));
            longest.values.push_back(frames.Largest() / frames.Median());
            stream.Verify();
        }
    });
    measurement.AddTimedByBody("bulk", [&](benchmark::State& state) {
        for ([[maybe_unused]] auto _ : state)
            state.SetIterationTime(uploadBulk(Meets::InUse));
    });
    auto times = measurement.Run(context.options);
    VerifyBytes(*bulkSystem, bulk, 0, source);

    constexpr uint64_t kStreamed = kFrames * kFrameBytes;
    const Samples& stream = times["stream"];
    const double value = GigabytesPerSecond(kStreamed, stream.Median());
    const double limit = GigabytesPerSecond(kSourceBytes, times["bulk"].Median());
    context.figures.Add({.scenario = "streaming",
                         .name = "200 frames of 16 MiB",
                         .unit = "GB/s",
                         .value = value,
                         .smallest = GigabytesPerSecond(kStreamed, stream.Largest()),
                         .largest = GigabytesPerSecond(kStreamed, stream.Smallest()),
                         .reference = "one Write of 256 MiB",
                         .referenceValue = limit,
                         .ratio = value / limit,
                         .targets = {.gpu = {RatioAtLeast(0.9)}, .software = {RatioAtLeast(0.8)}}});
    context.figures.Add({.scenario = "streaming",
                         .name = "longest frame / median frame",
                         .value = longest.Median(),
                         .smallest = longest.Smallest(),
                         .largest = longest.Largest(),
                         .reference = "median frame",
                         .referenceValue = 1,
                         .ratio = longest.Median(),
                         .targets = {.gpu = {RatioAtMost(2)}, .software = {RatioAtMost(3)}}});
}
} // namespace bench
