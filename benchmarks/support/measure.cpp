#include "support/measure.h"

#include "support/context.h"

#include <algorithm>
#include <array>
#include <exception>

namespace bench
{
namespace
{
// Takes the values of single repeats; says nothing.
class Collector : public benchmark::BenchmarkReporter
{
  public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override
    {
        for (const Run& run : runs)
        {
            if (run.run_type == Run::RT_Iteration)
                nanoseconds[run.run_name.function_name].push_back(run.GetAdjustedRealTime());
        }
    }
    std::map<std::string, std::vector<double>> nanoseconds;
};

void InitializeOnce()
{
    static const bool done = [] {
        std::array<char, 16> program{"bench"};
        std::array<char, 64> interleave{"--benchmark_enable_random_interleaving=true"};
        std::array<char*, 3> arguments{program.data(), interleave.data(), nullptr};
        int count = 2;
        benchmark::Initialize(&count, arguments.data());
        return true;
    }();
    static_cast<void>(done);
}
} // namespace

double Samples::Median() const
{
    std::vector<double> sorted = values;
    std::ranges::sort(sorted);
    const size_t middle = sorted.size() / 2;
    return sorted.size() % 2 != 0 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
double Samples::Smallest() const { return std::ranges::min(values); }
double Samples::Largest() const { return std::ranges::max(values); }

void Measurement::Add(std::string name, double items, Body body)
{
    m_variants.push_back({std::move(name), items, false, std::move(body)});
}

void Measurement::AddTimedByBody(std::string name, Body body)
{
    m_variants.push_back({std::move(name), 1, true, std::move(body)});
}

std::map<std::string, Samples> Measurement::Run(const Options& options)
{
    InitializeOnce();
    std::exception_ptr failure;
    for (const Variant& variant : m_variants)
    {
        auto* registered =
            benchmark::RegisterBenchmark(variant.name.c_str(), [&variant, &failure](benchmark::State& state) {
                // Google Benchmark is compiled by somebody else: nothing is thrown through it.
                try
                {
                    if (failure)
                        state.SkipWithError("an earlier one failed");
                    else
                        variant.body(state);
                }
                catch (...)
                {
                    failure = std::current_exception();
                    state.SkipWithError("failed");
                }
            });
        registered->Repetitions(options.Repeats());
        if (variant.timedByBody)
            registered->UseManualTime()->Iterations(1);
        else
            registered->UseRealTime()->MinTime(options.RepeatSeconds());
    }
    Collector collector;
    benchmark::RunSpecifiedBenchmarks(&collector);
    benchmark::ClearRegisteredBenchmarks();
    if (failure)
        std::rethrow_exception(failure);

    std::map<std::string, Samples> samples;
    for (const Variant& variant : m_variants)
    {
        Samples& sample = samples[variant.name];
        for (const double nanoseconds : collector.nanoseconds[variant.name])
            sample.values.push_back(nanoseconds / variant.items);
        Require(!sample.values.empty(), "no time was measured for " + variant.name);
    }
    return samples;
}
} // namespace bench
