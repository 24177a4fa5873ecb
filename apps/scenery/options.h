// What a person may type after `scenery`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace scenery
{
struct Options
{
    std::string scenery; // empty: the built-in island
    uint32_t frames = 60;
    uint32_t width = 1280; // pixels
    uint32_t height = 720;
    std::optional<uint64_t> budgetBytes; // not given: most of what the device's heaps have
    std::string device;                  // index or part of a name; empty: the best one
    std::string simulate;                // layout to present on top of that device; empty: the device itself
    uint32_t framesInFlight = 2;
    std::filesystem::path out = "out";
    uint32_t every = 1; // a picture of each k-th frame
    bool settle = false;
    bool validate = false;
    bool verify = false;
};

// Fills `options`. Returns the status to exit with at once (after --help or a mistake, which it prints), or nothing.
std::optional<int> ParseOptions(int argc, char** argv, Options& options);
} // namespace scenery
