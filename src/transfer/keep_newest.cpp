#include "transfer/keep_newest.h"

#include "base/copy_workers.h"
#include "transfer/copy_plan.h"

#include <algorithm>
#include <utility>

namespace sedx
{
namespace
{
using Stretch = PlanScratch::Stretch;

// Writes for each thread: fewer are planned sooner than another thread wakes up.
constexpr size_t kForAThread = 10'000;

// Numbers of the writes of some keys, by destination.
void AppendNumbers(std::span<const CopyOp> ops, const WriteKeys& keys, std::span<const uint64_t> run,
                   std::vector<size_t>& numbers)
{
    for (const uint64_t key : run)
        numbers.push_back(keys.NumberOf(key));
    if (!keys.IsExact())
        std::sort(numbers.begin(), numbers.end(),
                  [&](size_t a, size_t b) { return ops[a].destination < ops[b].destination; });
}

// Where stretches begin that hold about equally many writes, by a sample of them; and where the last one ends.
void FindBorders(std::span<const CopyOp> ops, const WriteKeys& keys, size_t stretches, std::vector<uint64_t>& borders)
{
    const size_t samples = 64 * stretches;
    borders.clear();
    for (size_t i = 0; i < samples; ++i)
        borders.push_back(keys.StepOf(keys.KeyOf(ops[i * ops.size() / samples].destination, 0)));
    std::sort(borders.begin(), borders.end());
    for (size_t i = 1; i < stretches; ++i)
        borders[i] = borders[64 * i];
    borders[0] = 0;
    borders[stretches] = ~uint64_t{0};
    borders.resize(stretches + 1);
}

void CutWithin(std::span<CopyOp> ops, std::span<const uint64_t> stamps, const WriteKeys& keys, uint64_t steps,
               Stretch& stretch)
{
    stretch.head = std::min<size_t>(1, stretch.keys.size());
    stretch.tail = stretch.keys.size() - stretch.head;
    OverlapCutter cutter(ops, stamps, stretch.overlaps);
    std::vector<size_t>& run = stretch.overlaps.run;
    ForEachRun(stretch.keys, keys, steps, [&](size_t begin, size_t end) {
        if (begin == 0)
            stretch.head = end;
        if (end == stretch.keys.size())
            stretch.tail = begin;
        if (begin == 0 || end == stretch.keys.size())
            return;
        run.clear();
        AppendNumbers(ops, keys, stretch.keys.subspan(begin, end - begin), run);
        cutter.Cut(run);
    });
}

// Chains at the ends of stretches.
void CutBetween(std::span<CopyOp> ops, std::span<const uint64_t> stamps, const WriteKeys& keys, uint64_t steps,
                std::span<const Stretch> stretches, OverlapScratch& scratch)
{
    OverlapCutter cutter(ops, stamps, scratch);
    std::vector<size_t>& run = scratch.run;
    run.clear();
    uint64_t last = 0;
    const auto append = [&](std::span<const uint64_t> chain) {
        if (!run.empty() && keys.StepOf(chain.front()) - last >= steps)
        {
            cutter.Cut(run);
            run.clear();
        }
        AppendNumbers(ops, keys, chain, run);
        last = keys.StepOf(chain.back());
    };
    for (const Stretch& stretch : stretches)
    {
        if (stretch.head != 0)
            append(stretch.keys.first(stretch.head));
        if (stretch.head < stretch.keys.size())
            append(stretch.keys.subspan(stretch.tail));
    }
    cutter.Cut(run);
}

// All that were cut into the scratch of one.
void Gather(std::span<Stretch> stretches)
{
    OverlapScratch& all = stretches[0].overlaps;
    for (Stretch& stretch : stretches.subspan(1))
    {
        OverlapScratch& part = stretch.overlaps;
        all.gone.insert(all.gone.end(), part.gone.begin(), part.gone.end());
        all.extra.insert(all.extra.end(), part.extra.begin(), part.extra.end());
        all.superseded += std::exchange(part.superseded, 0);
        part.gone.clear();
        part.extra.clear();
    }
}
} // namespace

WriteBounds BoundsOf(std::span<const CopyOp> ops) noexcept
{
    WriteBounds bounds;
    for (const CopyOp& op : ops)
    {
        bounds.varying |= op.destination ^ ops.front().destination;
        bounds.longest = std::max(bounds.longest, op.bytes);
    }
    return bounds;
}

bool Overlap(std::span<const CopyOp> ops, const WriteBounds& bounds, PlanScratch& scratch)
{
    Stretch& all = scratch.stretches[0];
    const WriteKeys keys(bounds.varying, ops.size());
    all.keys = OrderByDestination(ops, keys, all.order);
    std::vector<size_t>& run = all.overlaps.run;
    bool overlap = false;
    ForEachRun(all.keys, keys, keys.StepsOf(bounds.longest), [&](size_t begin, size_t end) {
        run.clear();
        AppendNumbers(ops, keys, all.keys.subspan(begin, end - begin), run);
        for (size_t i = 1; i < run.size(); ++i)
            overlap |= ops[run[i]].destination < ops[run[i - 1]].destination + ops[run[i - 1]].bytes;
    });
    return overlap;
}

uint64_t KeepNewest(std::vector<CopyOp>& ops, std::span<const uint64_t> stamps, const WriteBounds& bounds,
                    PlanScratch& scratch, CopyWorkers* workers)
{
    const WriteKeys keys(bounds.varying, ops.size());
    const uint64_t steps = keys.StepsOf(bounds.longest);
    const size_t threads = workers == nullptr ? 1 : workers->Threads();
    const size_t count = std::clamp<size_t>(ops.size() / kForAThread, 1, threads);
    if (scratch.stretches.size() < count)
        scratch.stretches.resize(count);
    const std::span stretches(scratch.stretches.data(), count);
    if (count == 1)
    {
        stretches[0].keys = OrderByDestination(ops, keys, stretches[0].order);
        CutWithin(ops, stamps, keys, steps, stretches[0]);
    }
    else
    {
        FindBorders(ops, keys, count, scratch.borders);
        workers->ForEach(count, [&](size_t i) {
            stretches[i].keys =
                OrderByDestination(ops, keys, scratch.borders[i], scratch.borders[i + 1], stretches[i].order);
        });
        workers->ForEach(count, [&](size_t i) { CutWithin(ops, stamps, keys, steps, stretches[i]); });
    }
    CutBetween(ops, stamps, keys, steps, stretches, stretches[0].overlaps);
    Gather(stretches);
    CloseGaps(ops, stretches[0].overlaps);
    return std::exchange(stretches[0].overlaps.superseded, 0);
}
} // namespace sedx
