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

void AppendNumbers(const WriteKeys& keys, std::span<const uint64_t> run, std::vector<size_t>& numbers)
{
    for (const uint64_t key : run)
        numbers.push_back(keys.NumberOf(key));
}

// By destination, where keys know it up to a step only.
void SortExactly(std::span<const CopyOp> ops, const WriteKeys& keys, std::vector<size_t>& numbers)
{
    if (!keys.IsExact())
        std::sort(numbers.begin(), numbers.end(),
                  [&](size_t a, size_t b) { return ops[a].destination < ops[b].destination; });
}

// Where stretches begin that hold about equally many writes, by a sample of them; and where the last one ends.
void FindBorders(std::span<const CopyOp> ops, const WriteKeys& keys, size_t stretches, std::vector<uint64_t>& borders)
{
    constexpr size_t kSamples = 32; // for each stretch
    const size_t samples = kSamples * stretches;
    borders.clear();
    for (size_t i = 0; i < samples; ++i)
        borders.push_back(keys.StepOf(keys.KeyOf(ops[i * ops.size() / samples].destination, 0)));
    std::sort(borders.begin(), borders.end());
    for (size_t i = 1; i < stretches; ++i)
        borders[i] = borders[kSamples * i];
    borders[0] = 0;
    borders[stretches] = ~uint64_t{0};
    borders.resize(stretches + 1);
}

void CutWithin(std::span<CopyOp> ops, std::span<const uint64_t> stamps, const WriteKeys& keys, uint64_t steps,
               Stretch& stretch)
{
    stretch.head = std::min<size_t>(1, stretch.keys.size());
    stretch.tail = stretch.keys.size() - stretch.head;
    std::vector<size_t>& close = stretch.overlaps.close;
    close.clear();
    ForEachRun(stretch.keys, keys, steps, [&](size_t begin, size_t end) {
        if (begin == 0)
            stretch.head = end;
        if (end == stretch.keys.size())
            stretch.tail = begin;
        if (begin != 0 && end != stretch.keys.size())
            AppendNumbers(keys, stretch.keys.subspan(begin, end - begin), close);
    });
    // All runs at once: how they end is seen from the writes.
    SortExactly(ops, keys, close);
    OverlapCutter(ops, stamps, stretch.overlaps).Cut(close);
}

// Chains at the ends of stretches.
void CutBetween(std::span<CopyOp> ops, std::span<const uint64_t> stamps, const WriteKeys& keys,
                std::span<const Stretch> stretches, OverlapScratch& scratch)
{
    std::vector<size_t>& close = scratch.close;
    close.clear();
    for (const Stretch& stretch : stretches)
    {
        AppendNumbers(keys, stretch.keys.first(stretch.head), close);
        if (stretch.head < stretch.keys.size())
            AppendNumbers(keys, stretch.keys.subspan(stretch.tail), close);
    }
    SortExactly(ops, keys, close);
    OverlapCutter(ops, stamps, scratch).Cut(close);
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
    std::vector<size_t>& numbers = all.overlaps.close;
    numbers.clear();
    AppendNumbers(keys, OrderByDestination(ops, keys, all.order), numbers);
    SortExactly(ops, keys, numbers);
    const auto overlaps = [&](size_t a, size_t b) { return ops[b].destination < ops[a].destination + ops[a].bytes; };
    return std::adjacent_find(numbers.begin(), numbers.end(), overlaps) != numbers.end();
}

uint64_t KeepNewest(std::vector<CopyOp>& ops, std::span<const uint64_t> stamps, const WriteBounds& bounds,
                    PlanScratch& scratch, CopyWorkers* workers)
{
    const WriteKeys keys(bounds.varying, ops.size());
    const uint64_t steps = keys.StepsOf(bounds.longest);
    const size_t threads = workers == nullptr ? 1 : workers->Threads();
    const size_t count = std::clamp<size_t>(ops.size() / kForAThread, 1, std::min(threads, KeyHands::kMostStretches));
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
        if (scratch.hands.size() < count)
            scratch.hands.resize(count);
        const std::span hands(scratch.hands.data(), count);
        workers->ForEach(count, [&](size_t i) {
            hands[i].Deal(ops, i * ops.size() / count, (i + 1) * ops.size() / count, keys, scratch.borders);
        });
        workers->ForEach(count, [&](size_t i) {
            stretches[i].keys = OrderStretch(hands, i, keys, stretches[i].order);
            CutWithin(ops, stamps, keys, steps, stretches[i]);
        });
    }
    CutBetween(ops, stamps, keys, stretches, stretches[0].overlaps);
    Gather(stretches);
    CloseGaps(ops, stretches[0].overlaps);
    return std::exchange(stretches[0].overlaps.superseded, 0);
}
} // namespace sedx
