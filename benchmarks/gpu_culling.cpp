// gpu_culling: the application's shaders decide which of 100,000 instances are in the picture, and write the draws of those.
//
// Time of the GPU between two timestamps: both passes and the barrier between them. What they wrote is compared with
// what the CPU says.
#include "support/culling_passes.h"
#include "support/measure.h"

namespace bench
{
namespace
{
constexpr uint32_t kInstances = 100'000;
constexpr int kRuns = 50; // a repeat is the median of these
} // namespace

void GpuCulling(Context& context)
{
    if (context.device.Queues()[0].timestampValidBits == 0)
    {
        context.figures.AddSkipped("gpu_culling", "the queue has no timestamps");
        return;
    }
    const CullingScene scene = MakeCullingScene(kInstances);
    CullingPasses passes(context, scene);
    Measurement measurement;
    measurement.AddTimedByBody("cull", [&](benchmark::State& state) {
        for ([[maybe_unused]] auto _ : state)
        {
            Samples runs;
            for (int run = 0; run < kRuns; ++run)
                runs.values.push_back(passes.Run());
            state.SetIterationTime(runs.Median());
        }
        passes.Verify();
    });
    auto times = measurement.Run(context.options);

    constexpr double kMsPerNs = 1e-6;
    const Samples& ours = times["cull"];
    context.figures.Add({.scenario = "gpu_culling",
                         .name = "100,000 instances",
                         .unit = "ms",
                         .value = ours.Median() * kMsPerNs,
                         .smallest = ours.Smallest() * kMsPerNs,
                         .largest = ours.Largest() * kMsPerNs,
                         .targets = {.gpu = {AtMost(0.03)}}});
}
} // namespace bench
