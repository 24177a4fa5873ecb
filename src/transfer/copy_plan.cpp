#include "transfer/copy_plan.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

namespace sedx
{
namespace
{
bool HasOverlap(const std::vector<CopyOp>& ops)
{
    std::vector<uint32_t> order(ops.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return ops[a].destination < ops[b].destination; });
    uint64_t end = 0;
    for (const uint32_t i : order)
    {
        if (ops[i].destination < end)
            return true;
        end = ops[i].destination + ops[i].bytes;
    }
    return false;
}

// Newest first: each write keeps what no newer one covers.
std::vector<CopyOp> ResolveOverlaps(const std::vector<CopyOp>& ops, uint64_t& superseded)
{
    std::vector<CopyOp> kept;
    kept.reserve(ops.size());
    std::map<uint64_t, uint64_t> covered; // begin -> end, disjoint and not touching
    for (auto op = ops.rbegin(); op != ops.rend(); ++op)
    {
        const uint64_t begin = op->destination;
        const uint64_t end = begin + op->bytes;
        uint64_t at = begin;
        uint64_t newBegin = begin;
        uint64_t newEnd = end;
        const auto keep = [&](uint64_t from, uint64_t to) {
            kept.push_back({from, op->source + (from - begin), to - from, op->block});
        };
        auto range = covered.upper_bound(begin);
        if (range != covered.begin() && std::prev(range)->second >= begin)
            --range;
        while (range != covered.end() && range->first <= end)
        {
            if (range->first > at)
                keep(at, range->first);
            const uint64_t hidden = std::min(range->second, end);
            const uint64_t from = std::max(range->first, begin);
            superseded += hidden > from ? hidden - from : 0;
            at = std::max(at, hidden);
            newBegin = std::min(newBegin, range->first);
            newEnd = std::max(newEnd, range->second);
            range = covered.erase(range);
        }
        if (at < end)
            keep(at, end);
        covered.emplace(newBegin, newEnd);
    }
    return kept;
}
} // namespace

void WriteList::Append(const CopyOp& op)
{
    if (!m_ops.empty())
    {
        CopyOp& last = m_ops.back();
        if (last.block == op.block && last.source + last.bytes == op.source &&
            last.destination + last.bytes == op.destination)
        {
            last.bytes += op.bytes;
            m_end = last.destination + last.bytes;
            return;
        }
        m_ascending &= op.destination >= m_end;
    }
    m_ops.push_back(op);
    m_end = op.destination + op.bytes;
}

std::vector<CopyOp> WriteList::TakePlan(uint64_t& superseded)
{
    std::vector<CopyOp> plan = std::move(m_ops);
    const bool overlaps = !m_ascending && HasOverlap(plan);
    m_ops.clear();
    m_end = 0;
    m_ascending = true;
    if (overlaps)
        plan = ResolveOverlaps(plan, superseded);
    std::sort(plan.begin(), plan.end(), [](const CopyOp& a, const CopyOp& b) {
        return a.block != b.block ? std::less<>{}(a.block, b.block) : a.destination < b.destination;
    });
    return plan;
}
} // namespace sedx
