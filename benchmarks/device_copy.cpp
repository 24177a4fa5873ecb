// device_copy: one large copy from a buffer in device memory to another, by UploadQueue::Copy.
//
// From the call until the GPU has passed it. Baseline: vkCmdCopyBuffer between the same two buffers, recorded, submitted
// and waited for by hand. After each copy the destination is read back; something in every page of the source is new
// each time.
#include "support/context.h"
#include "support/measure.h"
#include "support/raw_copy.h"
#include "support/timed_upload.h"
#include "support/verify.h"

#include <chrono>
#include <fmt/format.h>

namespace bench
{
namespace
{
constexpr uint64_t kBytes = 1ull << 30;
constexpr uint64_t kFewerBytes = 256ull << 20; // a short run, or a driver that copies with the CPU

class Copies
{
  public:
    Copies(const Context& context, uint64_t bytes)
        : m_system(MakeSystem(context)), m_queue(context.device), m_bytes(MakeBytes(bytes))
    {
        const sedx::BufferDesc desc{.bytes = bytes, .usage = sedx::BufferUsage::Storage};
        m_source = Require(m_system->CreateBuffer(desc), "CreateBuffer");
        m_destination = Require(m_system->CreateBuffer(desc), "CreateBuffer");
        // Touched before anything is timed: a software driver's memory is given page by page.
        const auto ticket =
            Require(m_system->Uploads().Write(m_destination, 0, std::span<const std::byte>(m_bytes)), "Write");
        Require(ticket.Wait(), "waiting for an upload");
    }

    void Ours(benchmark::State& state)
    {
        Run(state, [&](const sedx::Frame&) {
            const auto ticket = Require(m_system->Uploads().Copy(m_source, m_destination), "Copy");
            Require(ticket.Wait(), "waiting for a copy");
        });
    }

    void Plain(benchmark::State& state)
    {
        Run(state, [&](const sedx::Frame& frame) {
            const sedx::ResolvedBuffer from = frame.Resolve(m_source);
            const sedx::ResolvedBuffer to = frame.Resolve(m_destination);
            const VkBufferCopy region{from.offset, to.offset, m_bytes.size()};
            const VkCommandBuffer cmd = m_queue.Begin();
            m_system->GetDevice().Functions().CmdCopyBuffer(cmd, from.buffer, to.buffer, 1, &region);
            const sedx::SubmitSync sync = Require(frame.SubmitSync(0), "SubmitSync");
            m_queue.SubmitAndWait(&sync);
        });
    }

  private:
    template <class F>
    void Run(benchmark::State& state, const F& copy)
    {
        using Clock = std::chrono::steady_clock;
        for ([[maybe_unused]] auto _ : state)
        {
            Fill();
            const sedx::Frame frame = Require(m_system->BeginFrame(), "BeginFrame");
            const auto begin = Clock::now();
            copy(frame);
            state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
            Require(m_system->EndFrame(frame), "EndFrame");
            VerifyBytes(*m_system, m_destination, 0, m_bytes);
        }
    }

    // The source anew: a copy that did not happen shows.
    void Fill()
    {
        Stamp(m_bytes, ++m_generation);
        const auto ticket =
            Require(m_system->Uploads().Write(m_source, 0, std::span<const std::byte>(m_bytes)), "Write");
        Require(ticket.Wait(), "waiting for an upload");
    }

    std::unique_ptr<sedx::BufferSystem> m_system;
    RawQueue m_queue;
    std::vector<std::byte> m_bytes; // what the source holds
    sedx::Buffer m_source;
    sedx::Buffer m_destination;
    uint64_t m_generation = 0;
};
} // namespace

void DeviceCopy(Context& context)
{
    const uint64_t bytes = context.options.quick || context.figures.Info().software ? kFewerBytes : kBytes;
    Copies copies(context, bytes);
    Measurement measurement;
    measurement.AddTimedByBody("sedx", [&](benchmark::State& state) { copies.Ours(state); });
    measurement.AddTimedByBody("plain", [&](benchmark::State& state) { copies.Plain(state); });
    auto times = measurement.Run(context.options);

    const Samples& ours = times["sedx"];
    const double value = GigabytesPerSecond(bytes, ours.Median());
    const double plain = GigabytesPerSecond(bytes, times["plain"].Median());
    context.figures.Add({.scenario = "device_copy",
                         .name = fmt::format("{} MiB", bytes >> 20),
                         .unit = "GB/s",
                         .value = value,
                         .smallest = GigabytesPerSecond(bytes, ours.Largest()),
                         .largest = GigabytesPerSecond(bytes, ours.Smallest()),
                         .reference = "vkCmdCopyBuffer",
                         .referenceValue = plain,
                         .ratio = value / plain,
                         .targets = {.gpu = {RatioAtLeast(4)}, .software = {RatioAtLeast(0.95)}}});
}
} // namespace bench
