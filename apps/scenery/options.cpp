#include "options.h"

#include "failure.h"

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdio>

namespace scenery
{
namespace
{
constexpr uint32_t kMinSize = 16;
constexpr uint32_t kMaxSize = 16384;
constexpr uint64_t kMaxBudgetMiB = 1ull << 20;

// "1280x720"; an empty string if it is fine, else what is wrong, as CLI11 wants it.
std::string ParseSize(const std::string& text, uint32_t& width, uint32_t& height)
{
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, width);
    if (first.ec == std::errc{} && first.ptr != end && (*first.ptr == 'x' || *first.ptr == 'X'))
    {
        const auto second = std::from_chars(first.ptr + 1, end, height);
        if (second.ec == std::errc{} && second.ptr == end && width >= kMinSize && width <= kMaxSize &&
            height >= kMinSize && height <= kMaxSize)
            return {};
    }
    return "'" + text + "' is not WIDTHxHEIGHT with both from " + std::to_string(kMinSize) + " to " +
           std::to_string(kMaxSize);
}
} // namespace

std::optional<int> ParseOptions(int argc, char** argv, Options& options)
{
    CLI::App app{"Flies over scenery that lives in the buffers of sedx, and writes pictures and a report.", "scenery"};
    std::string size;
    uint64_t budgetMiB = 0;
    std::string out = options.out.string();

    app.add_option("--scenery", options.scenery,
                   "FlightGear scenery folder, or a model or glTF file; without it a built-in island");
    app.add_option("--frames", options.frames, "Frames to draw")
        ->check(CLI::Range(1u, 1'000'000u))
        ->capture_default_str();
    app.add_option("--size", size, "Pixels of a picture, WxH (default 1280x720)")
        ->check([&options](const std::string& text) { return ParseSize(text, options.width, options.height); });
    auto* budget = app.add_option("--budget", budgetMiB, "Device memory that the scene's buffers may use, MiB")
                       ->check(CLI::Range(uint64_t{1}, kMaxBudgetMiB));
    app.add_option("--device", options.device, "Index or part of the name of the Vulkan device");
    auto* simulate =
        app.add_option("--simulate", options.simulate,
                       "Present another device on top of the real one: name or JSON file of a device layout");
    app.add_flag("--settle", options.settle,
                 "A frame waits until all that it needs is there (pictures can be compared)");
    app.add_option("--out", out, "Folder for pictures, report.json and trace.json")->capture_default_str();
    app.add_option("--every", options.every, "Write a picture of each k-th frame")
        ->check(CLI::Range(1u, 1'000'000u))
        ->capture_default_str();
    app.add_option("--in-flight", options.framesInFlight, "Frames that the CPU may be ahead of the device")
        ->check(CLI::Range(1u, 16u))
        ->capture_default_str();
    app.add_flag("--validate", options.validate, "Run under the Vulkan validation layer and count its messages");
    app.add_flag("--verify", options.verify, "Read every buffer back at the end and compare it with its source");

    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
            return app.exit(error); // --help
        std::fprintf(stderr, "scenery: %s\n", error.what());
        return static_cast<int>(ExitStatus::BadInput);
    }
    if (simulate->count() > 0 && options.simulate.empty())
    {
        std::fprintf(stderr, "scenery: --simulate needs the name or the file of a device layout\n");
        return static_cast<int>(ExitStatus::BadInput);
    }
    if (budget->count() > 0)
        options.budgetBytes = budgetMiB << 20;
    options.out = out;
    return std::nullopt;
}
} // namespace scenery
