// bench: runs the scenarios, prints one table of figures, writes them as JSON.
#include "support/context.h"
#include "support/filter.h"
#include "support/memory_meter.h"
#include "support/random.h"

#include <sedx/log.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <thread>
#include <vector>

namespace
{
using namespace bench;

constexpr Scenario kScenarios[] = {
    {"buffer_create", BufferCreate},
    {"buffer_create_threads", BufferCreateThreads},
    {"memory_overhead", MemoryOverhead},
    {"pool_acquire", PoolAcquire},
    {"device_copy", DeviceCopy},
    {"small_updates", SmallUpdates},
    {"bulk_upload", BulkUpload},
    {"read_back", ReadBack},
    {"frame_constants", FrameConstants},
    {"resolve", Resolve},
    {"bindless_register", BindlessRegister},
    {"gpu_culling", GpuCulling},
    {"create_fill", CreateFill},
    {"streaming", Streaming},
    {"background_load", BackgroundLoad},
    {"transfer_threads", TransferThreads},
    {"transfer_queue", TransferQueue},
};

bool IsOptimised()
{
#if defined(NDEBUG) && !defined(SEDX_CHECKED)
    return true;
#else
    return false;
#endif
}

int Report(const Figures& figures, const Options& options, size_t scenarios)
{
    std::printf("%s", figures.Table().c_str());
    const size_t failed = figures.Failures().size();
    const size_t verified = scenarios - failed;
    std::printf("%zu scenario%s verified, %zu failed; seed %llu\n", verified, verified == 1 ? "" : "s", failed,
                static_cast<unsigned long long>(kSeed));
    std::ofstream file(options.out);
    file << figures.Json();
    file.close();
    if (!file)
    {
        std::fprintf(stderr, "bench: '%s' cannot be written\n", options.out.string().c_str());
        return static_cast<int>(ExitStatus::Failed);
    }
    std::printf("written: %s\n", options.out.string().c_str());
    return static_cast<int>(failed == 0 ? ExitStatus::Success : ExitStatus::Failed);
}

int Run(const Options& options, const std::vector<Scenario>& scenarios)
{
    const sedx::Device device = Require(
        sedx::Device::Create({.applicationName = "sedx_bench", .device = options.device, .hook = MemoryMeter::Hook()}),
        "making the device");
    Figures figures({.device = device.Name(),
                     .software = device.Properties().deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU,
                     .quick = options.quick,
                     .optimised = IsOptimised(),
                     .cores = std::thread::hardware_concurrency()});
    Context context{options, device, figures};
    if (options.calibrate)
        context.profile = Calibrate(context);
    for (const Scenario& scenario : scenarios)
    {
        std::fprintf(stderr, "bench: %s\n", scenario.name);
        try
        {
            scenario.run(context);
        }
        catch (const std::exception& error)
        {
            std::fprintf(stderr, "bench: %s: %s\n", scenario.name, error.what());
            figures.AddFailure(scenario.name, error.what());
        }
    }
    return Report(figures, options, scenarios.size());
}
} // namespace

int main(int argc, char** argv)
{
    Options options;
    if (const std::optional<int> status = ParseOptions(argc, argv, options))
        return *status;
    const std::optional<std::vector<Scenario>> scenarios = Select(kScenarios, options.filter);
    if (!scenarios)
    {
        std::fprintf(stderr, "bench: --filter '%s' is no regular expression\n", options.filter.c_str());
        return static_cast<int>(ExitStatus::BadInput);
    }
    if (scenarios->empty())
    {
        std::fprintf(stderr, "bench: --filter '%s' finds no scenario; there are:", options.filter.c_str());
        for (const Scenario& scenario : kScenarios)
            std::fprintf(stderr, " %s", scenario.name);
        std::fprintf(stderr, "\n");
        return static_cast<int>(ExitStatus::BadInput);
    }
    try
    {
        return Run(options, *scenarios);
    }
    catch (const std::exception& error)
    {
        std::fprintf(stderr, "bench: %s\n", error.what());
        return static_cast<int>(ExitStatus::Failed);
    }
}
