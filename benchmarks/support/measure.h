// Timing: variants of one task, run by Google Benchmark in random order among each other, so that what the machine does
// meanwhile (clock, temperature, neighbours) falls on all of them alike. Read the median.
//
//     Measurement measurement;
//     measurement.Add("sedx", 1, [&](benchmark::State& state) { for (auto _ : state) Ours(); });
//     measurement.Add("VMA", 1, [&](benchmark::State& state) { for (auto _ : state) Theirs(); });
//     auto times = measurement.Run(context.options);   // times["sedx"].Median(), in ns
//
// Google Benchmark finds out how many iterations fill a repeat by running shorter ones first: that is the warm-up.
#pragma once

#include "support/options.h"

#include <benchmark/benchmark.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace bench
{
struct Samples
{
    std::vector<double> values;
    double Median() const;
    double Smallest() const;
    double Largest() const;
};

class Measurement
{
  public:
    using Body = std::function<void(benchmark::State&)>;

    // Wall time of one iteration, divided by `items`. A body that throws ends the scenario.
    void Add(std::string name, double items, Body body);
    // The body times one iteration itself and says so by State::SetIterationTime.
    void AddTimedByBody(std::string name, Body body);

    // Nanoseconds, one value for each repeat. Throws what a body threw.
    std::map<std::string, Samples> Run(const Options& options);

  private:
    struct Variant
    {
        std::string name;
        double items = 1;
        bool timedByBody = false;
        Body body;
    };
    std::vector<Variant> m_variants;
};
} // namespace bench
