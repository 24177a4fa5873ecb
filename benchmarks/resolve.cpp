// resolve: a thread asks a frame for the raw data of 1,000 buffers, as often as a renderer that records a thousand draws.
#include "support/context.h"
#include "support/measure.h"

#include <vector>

namespace bench
{
namespace
{
constexpr size_t kBuffers = 1'000;
constexpr uint64_t kBytes = 4096;
} // namespace

void Resolve(Context& context)
{
    const auto system = MakeSystem(context);
    std::vector<sedx::Buffer> buffers;
    for (size_t i = 0; i < kBuffers; ++i)
        buffers.push_back(
            Require(system->CreateBuffer({.bytes = kBytes, .usage = sedx::BufferUsage::Storage}), "creating a buffer"));
    const sedx::Frame frame = Require(system->BeginFrame(), "BeginFrame");

    Measurement measurement;
    measurement.Add("resolve", kBuffers, [&](benchmark::State& state) {
        for ([[maybe_unused]] auto _ : state)
            for (const sedx::Buffer& buffer : buffers)
                benchmark::DoNotOptimize(frame.Resolve(buffer));
    });
    auto times = measurement.Run(context.options);
    for (const sedx::Buffer& buffer : buffers)
    {
        const sedx::ResolvedBuffer resolved = frame.Resolve(buffer);
        Require(resolved && resolved.size == kBytes, "a buffer was not resolved");
    }
    Require(system->EndFrame(frame), "EndFrame");
    Require(!frame.Resolve(buffers.front()), "a frame that has ended still resolves");

    const Samples& ours = times["resolve"];
    context.figures.Add({.scenario = "resolve",
                         .name = "one of 1,000 buffers",
                         .unit = "ns",
                         .value = ours.Median(),
                         .smallest = ours.Smallest(),
                         .largest = ours.Largest()});
}
} // namespace bench
