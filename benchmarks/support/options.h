// What the command line says.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace bench
{
// The exit status of the program. A missed target is no failure: figures depend on the machine.
enum class ExitStatus : int
{
    Success = 0,
    Failed = 1,   // a result was wrong, or a scenario could not run
    BadInput = 2, // options that cannot be used
};

struct Options
{
    bool quick = false;     // fewer repeats
    bool calibrate = false; // systems use a profile that is measured first
    std::string filter = ".*";
    std::string device;              // as in sedx::DeviceDesc
    std::filesystem::path workloads; // folder with the real sizes; empty: none there
    std::filesystem::path out = "bench.json";

    // Repeats of each timed figure, and how long one of them takes at least.
    int Repeats() const noexcept { return quick ? 3 : 9; }
    double RepeatSeconds() const noexcept { return quick ? 0.05 : 0.2; }
};

// Empty: go on. Otherwise the exit status of a program that is done (--help, or an error that was printed).
std::optional<int> ParseOptions(int argc, char** argv, Options& options);
} // namespace bench
