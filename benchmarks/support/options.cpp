#include "support/options.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>

namespace bench
{
namespace
{
// Where the real sizes are if the command line does not say.
std::filesystem::path DefaultWorkloads()
{
    const char* data = std::getenv("SEDX_TEST_DATA");
    return data ? std::filesystem::path(data) / "workloads" : std::filesystem::path(SEDX_BENCH_WORKLOADS_FALLBACK);
}
} // namespace

std::optional<int> ParseOptions(int argc, char** argv, Options& options)
{
    CLI::App app{"Measures sedx, verifies every result, prints figures as ratios to limits measured in the same run.",
                 "bench"};
    std::string workloads;
    std::string out = options.out.string();
    app.add_flag("--quick", options.quick, "Fewer and shorter repeats; under a minute in all");
    app.add_flag("--calibrate", options.calibrate,
                 "Measure a transfer profile first instead of taking the built-in one");
    app.add_option("--filter", options.filter, "Regular expression: only the scenarios whose name it finds");
    app.add_option("--device", options.device, "Index or part of the name of the Vulkan device");
    app.add_option("--workloads", workloads, "Folder with the CSV files of real sizes")->check(CLI::ExistingDirectory);
    app.add_option("--out", out, "JSON file to write")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->capture_default_str();
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
            return app.exit(error); // --help
        std::fprintf(stderr, "bench: %s\n", error.what());
        return static_cast<int>(ExitStatus::BadInput);
    }
    options.out = out;
    if (!workloads.empty())
        options.workloads = workloads;
    else if (const auto folder = DefaultWorkloads(); std::filesystem::is_directory(folder))
        options.workloads = folder;
    return std::nullopt;
}
} // namespace bench
