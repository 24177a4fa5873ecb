// Figures: what a run of the benchmarks has to say. A figure is read as a ratio to a limit or a baseline that was measured in
// the same run; absolute values travel badly between machines.
//
//     figures.Add({.scenario = "buffer_create", .name = "pairs", .unit = "ns", .value = ours, .reference = "VMA",
//                  .referenceValue = theirs, .ratio = theirs / ours,
//                  .targets = {.gpu = {AtMost(150), RatioAtLeast(5)}, .software = {RatioAtLeast(10)}}});
//
// Not thread-safe.
#pragma once

#include <string>
#include <vector>

namespace bench
{
struct Target
{
    enum class Of
    {
        Value,
        Ratio,
    };
    Of of = Of::Value;
    bool atMost = true; // else: at least
    double bound = 0;
};
constexpr Target AtMost(double bound) { return {Target::Of::Value, true, bound}; }
constexpr Target AtLeast(double bound) { return {Target::Of::Value, false, bound}; }
constexpr Target RatioAtMost(double bound) { return {Target::Of::Ratio, true, bound}; }
constexpr Target RatioAtLeast(double bound) { return {Target::Of::Ratio, false, bound}; }

// All of a list must be met. An empty list: no target on such a device.
struct Targets
{
    std::vector<Target> gpu{};
    std::vector<Target> software{}; // a driver without a GPU: VK_PHYSICAL_DEVICE_TYPE_CPU
};

enum class Verdict
{
    NoTarget, // on this device
    Met,
    NotMet,
};
const char* ToString(Verdict verdict) noexcept;

struct Figure
{
    std::string scenario{};
    std::string name{};
    std::string unit{};
    double value = 0;
    double smallest = 0; // of the repeats; 0 with `largest`: measured once
    double largest = 0;
    std::string reference{}; // what `referenceValue` is, "" if there is none
    double referenceValue = 0;
    double ratio = 0; // 0: none. The scenario chooses the direction so that its targets read well
    Targets targets{};
    std::string note{};
    // Filled by Add.
    std::string targetText{};
    Verdict verdict = Verdict::NoTarget;
};

// A scenario, or a part of one, that did not run or did not verify.
struct Remark
{
    std::string scenario{};
    std::string text{};
};

struct RunInfo
{
    std::string device{};
    bool software = false;
    bool quick = false;
    bool optimised = false; // a release build without checked mode
    unsigned cores = 0;
};

class Figures
{
  public:
    explicit Figures(RunInfo info) : m_info(std::move(info)) {}

    void Add(Figure figure);
    void AddSkipped(std::string scenario, std::string reason);
    void AddFailure(std::string scenario, std::string reason);

    const RunInfo& Info() const noexcept { return m_info; }
    const std::vector<Figure>& All() const noexcept { return m_figures; }
    const std::vector<Remark>& Failures() const noexcept { return m_failures; }

    std::string Table() const;
    std::string Json() const;

  private:
    RunInfo m_info;
    std::vector<Figure> m_figures;
    std::vector<Remark> m_skipped;
    std::vector<Remark> m_failures;
};
} // namespace bench
