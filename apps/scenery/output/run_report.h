// report.json: the numbers of a run. docs/report.md says what each means.
#pragma once

#include <sedx/device.h>
#include <sedx/report.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace scenery
{
struct VerifyCounts
{
    uint64_t verified = 0; // read back and compared
    uint64_t mismatched = 0;
};

struct SimulationFindings
{
    std::string layout;
    std::vector<std::string> violations; // of Vulkan's rules, seen by the simulator
};

struct RunReport
{
    std::string device;
    uint32_t frames = 0;
    double frameMsMedian = 0.0;
    double frameMsP99 = 0.0;
    double frameMsMax = 0.0;
    uint64_t tiles = 0;
    uint64_t objects = 0;
    uint64_t triangles = 0;
    uint64_t instancesTested = 0; // of the last frame
    uint64_t instancesDrawn = 0;
    uint32_t draws = 0;     // written by the GPU
    uint32_t drawCalls = 0; // recorded
    std::optional<double> cullMsMedian;
    double uploadSeconds = 0.0;
    sedx::Report buffers;      // as the library saw it, before it was shut down
    sedx::WaitReport shutdown; // the wait after that
    std::optional<sedx::ValidationCounts> validation;
    std::optional<VerifyCounts> verify;
    std::optional<SimulationFindings> simulation;
    std::vector<std::string> faults;
};

void WriteReport(const RunReport& report, const std::filesystem::path& file); // throws Failure
} // namespace scenery
