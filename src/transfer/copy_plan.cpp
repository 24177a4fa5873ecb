#include "transfer/copy_plan.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>

namespace sedx
{
namespace
{
// Writes of this length and more are copied whole, in a layer of their own, rather than cut by small ones above them: a
// copy region costs 0.2 to 2.8 microseconds whatever its size (docs/performance.md), as long as copying 4 to 64 KiB.
constexpr uint64_t kLongWrite = 64 * 1024;

std::vector<uint32_t> OrderByDestination(std::span<const CopyOp> ops)
{
    std::vector<uint32_t> order(ops.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        return ops[a].destination != ops[b].destination ? ops[a].destination < ops[b].destination : a < b;
    });
    return order;
}

bool HasOverlap(std::span<const CopyOp> ops, const std::vector<uint32_t>& order)
{
    uint64_t end = 0;
    for (const uint32_t i : order)
    {
        if (ops[i].destination < end)
            return true;
        end = ops[i].destination + ops[i].bytes;
    }
    return false;
}

// A sweep over the destination: at every byte the newest write that covers it wins.
CopyLayer KeepNewest(std::span<const CopyOp> ops, const std::vector<uint32_t>& order)
{
    const auto endOf = [&](uint32_t i) { return ops[i].destination + ops[i].bytes; };
    CopyLayer kept;
    kept.reserve(ops.size());
    std::priority_queue<uint32_t> open; // newest on top; some may have ended already
    size_t next = 0;
    uint64_t at = 0;
    while (next < order.size() || !open.empty())
    {
        if (open.empty())
            at = std::max(at, ops[order[next]].destination);
        while (next < order.size() && ops[order[next]].destination <= at)
            open.push(order[next++]);
        while (!open.empty() && endOf(open.top()) <= at)
            open.pop();
        if (open.empty())
            continue;
        const uint32_t top = open.top();
        uint64_t end = endOf(top);
        for (; next < order.size() && ops[order[next]].destination < end; ++next)
        {
            if (order[next] > top) // a newer one begins here
            {
                end = ops[order[next]].destination;
                break;
            }
            open.push(order[next]);
        }
        kept.push_back({at, ops[top].source + (at - ops[top].destination), end - at, ops[top].block});
        at = end;
    }
    return kept;
}

uint64_t TotalBytes(std::span<const CopyOp> ops)
{
    return std::accumulate(ops.begin(), ops.end(), uint64_t{0},
                           [](uint64_t sum, const CopyOp& op) { return sum + op.bytes; });
}

void SortByBlock(CopyLayer& layer)
{
    std::sort(layer.begin(), layer.end(), [](const CopyOp& a, const CopyOp& b) {
        return a.block != b.block ? std::less<>{}(a.block, b.block) : a.destination < b.destination;
    });
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

std::vector<CopyLayer> WriteList::TakePlan(uint64_t& superseded)
{
    const std::vector<CopyOp> ops = std::move(m_ops);
    const bool disjoint = m_ascending || !HasOverlap(ops, OrderByDestination(ops));
    m_ops.clear();
    m_end = 0;
    m_ascending = true;

    std::vector<CopyLayer> layers;
    if (disjoint)
        layers.push_back(ops);
    for (size_t begin = 0; !disjoint && begin < ops.size();)
    {
        // A run of writes that are all long, or all short.
        const bool isLong = ops[begin].bytes >= kLongWrite;
        size_t end = begin;
        while (end < ops.size() && (ops[end].bytes >= kLongWrite) == isLong)
            ++end;
        const std::span<const CopyOp> run(ops.data() + begin, end - begin);
        layers.push_back(KeepNewest(run, OrderByDestination(run)));
        superseded += TotalBytes(run) - TotalBytes(layers.back());
        begin = end;
    }
    for (CopyLayer& layer : layers)
        SortByBlock(layer);
    return layers;
}
} // namespace sedx
