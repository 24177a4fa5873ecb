// transfer_queue: 16 MiB arrive in each of 100 frames while queue 0 draws, here: copies 128 MiB on the device; by queue 0 and by
// the queue for transfers alone. No figures on devices without such a queue.
//
// Each frame writes a buffer of its own (of three), which its submission waits for: what a transfer queue can gain is that bytes
// of one frame arrive while an earlier one is drawn. The last three frames are read back.
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

constexpr size_t kFrames = 100;
constexpr uint64_t kFrameBytes = 16ull << 20;
constexpr uint64_t kDrawnBytes = 128ull << 20; // about as long as the upload on an H200
constexpr uint32_t kInFlight = 3;
constexpr uint64_t kSourceStep = 1ull << 20; // from frame to frame, so that each has other bytes

// Frames of a system that draw the same again and again.
class Frames
{
  public:
    Frames(const Context& context, sedx::TransferQueue transferQueue, std::span<const std::byte> source)
        : m_system(MakeSystem(context, kInFlight, transferQueue)), m_queue(context.device), m_source(source),
          m_from(context.device, kDrawnBytes, RawBuffer::Memory::Device),
          m_to(context.device, kDrawnBytes, RawBuffer::Memory::Device)
    {
        for (sedx::Buffer& buffer : m_buffers)
            buffer = Require(m_system->CreateBuffer({.bytes = kFrameBytes, .usage = sedx::BufferUsage::Storage}),
                             "CreateBuffer");
        Require(m_system->Uploads().Prewarm(kInFlight * kFrameBytes).has_value(), "Prewarm");
        const VkCommandBuffer cmd = m_queue.BeginForManySubmissions();
        const VkBufferCopy whole{0, 0, kDrawnBytes};
        context.device.Functions().CmdCopyBuffer(cmd, m_from.Handle(), m_to.Handle(), 1, &whole);
        m_queue.End();
    }
    ~Frames() { m_queue.SubmitNothingAndWait(); }

    // Seconds for all frames, until the GPU has passed them.
    double Run(bool uploads)
    {
        const auto begin = Clock::now();
        for (size_t i = 1; i <= kFrames; ++i)
            RunFrame(i, uploads);
        m_queue.SubmitNothingAndWait();
        return std::chrono::duration<double>(Clock::now() - begin).count();
    }
    void Verify()
    {
        for (size_t i = kFrames + 1 - kInFlight; i <= kFrames; ++i)
            VerifyBytes(*m_system, m_buffers[i % kInFlight], 0, BytesOf(i));
    }
    bool UsedTransferQueue() const { return m_system->GetReport().transferQueueSubmissions != 0; }

  private:
    std::span<const std::byte> BytesOf(size_t frame) const
    {
        return m_source.subspan(frame * kSourceStep % (m_source.size() - kFrameBytes), kFrameBytes);
    }
    void RunFrame(size_t index, bool uploads)
    {
        const sedx::Buffer& buffer = m_buffers[index % kInFlight];
        const sedx::Frame frame = Require(m_system->BeginFrame(), "BeginFrame");
        Require(static_cast<bool>(frame.Resolve(buffer)), "a buffer does not resolve");
        if (uploads)
            Require(m_system->Uploads().Write(buffer, 0, BytesOf(index)).has_value(), "Write");
        m_queue.SubmitRecorded(Require(frame.SubmitSync(0), "SubmitSync"));
        Require(m_system->EndFrame(frame), "EndFrame");
    }

    std::unique_ptr<sedx::BufferSystem> m_system;
    RawQueue m_queue;
    std::span<const std::byte> m_source;
    RawBuffer m_from;
    RawBuffer m_to;
    std::array<sedx::Buffer, kInFlight> m_buffers;
};
} // namespace

void TransferQueue(Context& context)
{
    const std::vector<std::byte> source = MakeBytes(64ull << 20);
    Frames off(context, sedx::TransferQueue::Off, source);
    Frames always(context, sedx::TransferQueue::Always, source);
    always.Run(true); // everything touched before it is timed
    if (!always.UsedTransferQueue())
        return;
    off.Run(true);

    Measurement measurement;
    const auto add = [&](const char* name, Frames& frames, bool uploads) {
        measurement.AddTimedByBody(name, [&frames, uploads](benchmark::State& state) {
            for ([[maybe_unused]] auto _ : state)
                state.SetIterationTime(frames.Run(uploads) / kFrames);
        });
    };
    add("off", off, true);
    add("always", always, true);
    add("drawing alone", off, false);
    auto times = measurement.Run(context.options);
    always.Run(true);
    always.Verify();
    off.Run(true);
    off.Verify();

    const double queue0 = times["off"].Median();
    const auto report = [&](const char* name, const char* key) {
        const Samples& samples = times[key];
        context.figures.Add({.scenario = "transfer_queue",
                             .name = name,
                             .unit = "ms",
                             .value = samples.Median() / 1e6,
                             .smallest = samples.Smallest() / 1e6,
                             .largest = samples.Largest() / 1e6,
                             .reference = "queue 0",
                             .referenceValue = queue0 / 1e6,
                             .ratio = queue0 / samples.Median()});
    };
    report("a frame, 16 MiB by the transfer queue", "always");
    report("a frame, nothing uploaded", "drawing alone");
}
} // namespace bench
