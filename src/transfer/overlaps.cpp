#include "transfer/overlaps.h"

#include "transfer/copy_plan.h"

#include <algorithm>

namespace sedx
{
namespace
{
uint64_t EndOf(const CopyOp& op) noexcept { return op.destination + op.bytes; }

CopyOp PartOf(const CopyOp& op, uint64_t begin, uint64_t end) noexcept
{
    return {begin, op.source + (begin - op.destination), end - begin, op.block};
}
} // namespace

void OverlapCutter::Cut(std::span<const size_t> run)
{
    for (size_t begin = 0; begin < run.size();)
    {
        uint64_t clusterEnd = EndOf(m_ops[run[begin]]);
        size_t end = begin + 1;
        for (; end < run.size() && m_ops[run[end]].destination < clusterEnd; ++end)
            clusterEnd = std::max(clusterEnd, EndOf(m_ops[run[end]]));
        if (end - begin == 2)
            CutPair(run[begin], run[begin + 1]);
        else if (end - begin > 2)
            Sweep(run.subspan(begin, end - begin));
        begin = end;
    }
}

// Nearly all that overlap do so in pairs. `second` begins within `first`.
void OverlapCutter::CutPair(size_t first, size_t second)
{
    CopyOp& before = m_ops[first];
    CopyOp& after = m_ops[second];
    const uint64_t covered = std::min(EndOf(before), EndOf(after)) - after.destination;
    m_scratch.superseded += covered;
    if (IsNewer(first, second))
    {
        after = PartOf(after, after.destination + covered, EndOf(after));
        if (after.bytes == 0)
            m_scratch.gone.push_back(second);
        return;
    }
    const CopyOp rest = PartOf(before, after.destination + covered, EndOf(before));
    before.bytes = after.destination - before.destination;
    if (before.bytes == 0)
        before = rest;
    else if (rest.bytes != 0)
        m_scratch.extra.push_back(rest);
    if (before.bytes == 0)
        m_scratch.gone.push_back(first);
}

// A sweep over the destination: at every byte the newest write that covers it wins.
void OverlapCutter::Sweep(std::span<const size_t> cluster)
{
    const auto isOlder = [this](size_t a, size_t b) { return IsNewer(b, a); };
    std::vector<size_t>& open = m_scratch.open; // a heap, the newest on top; some may have ended already
    std::vector<CopyOp>& pieces = m_scratch.pieces;
    const auto push = [&](size_t number) {
        open.push_back(number);
        std::push_heap(open.begin(), open.end(), isOlder);
    };
    pieces.clear();
    uint64_t all = 0;
    uint64_t kept = 0;
    size_t next = 0;
    uint64_t at = 0;
    while (next < cluster.size() || !open.empty())
    {
        if (open.empty())
            at = std::max(at, m_ops[cluster[next]].destination);
        while (next < cluster.size() && m_ops[cluster[next]].destination <= at)
            push(cluster[next++]);
        while (!open.empty() && EndOf(m_ops[open.front()]) <= at)
        {
            std::pop_heap(open.begin(), open.end(), isOlder);
            open.pop_back();
        }
        if (open.empty())
            continue;
        const size_t top = open.front();
        uint64_t end = EndOf(m_ops[top]);
        for (; next < cluster.size() && m_ops[cluster[next]].destination < end; ++next)
        {
            if (IsNewer(cluster[next], top)) // it begins here
            {
                end = m_ops[cluster[next]].destination;
                break;
            }
            push(cluster[next]);
        }
        pieces.push_back(PartOf(m_ops[top], at, end));
        kept += end - at;
        at = end;
    }
    // The pieces take the places of the writes.
    for (size_t i = 0; i < cluster.size(); ++i)
    {
        all += m_ops[cluster[i]].bytes;
        if (i < pieces.size())
            m_ops[cluster[i]] = pieces[i];
        else
        {
            m_ops[cluster[i]].bytes = 0;
            m_scratch.gone.push_back(cluster[i]);
        }
    }
    if (pieces.size() > cluster.size())
        m_scratch.extra.insert(m_scratch.extra.end(), pieces.begin() + static_cast<ptrdiff_t>(cluster.size()),
                               pieces.end());
    m_scratch.superseded += all - kept;
}

void CloseGaps(std::vector<CopyOp>& ops, OverlapScratch& scratch)
{
    std::vector<CopyOp>& extra = scratch.extra;
    std::vector<size_t>& gone = scratch.gone;
    while (!gone.empty() && !extra.empty())
    {
        ops[gone.back()] = extra.back();
        gone.pop_back();
        extra.pop_back();
    }
    ops.insert(ops.end(), extra.begin(), extra.end());
    extra.clear();
    // The last ones fill what is left of the gaps.
    const auto dropGoneAtEnd = [&] {
        while (!ops.empty() && ops.back().bytes == 0)
            ops.pop_back();
    };
    dropGoneAtEnd();
    for (; !gone.empty(); gone.pop_back())
    {
        if (gone.back() >= ops.size())
            continue;
        ops[gone.back()] = ops.back();
        ops.pop_back();
        dropGoneAtEnd();
    }
}
} // namespace sedx
