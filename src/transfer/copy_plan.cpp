#include "transfer/copy_plan.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <queue>
#include <utility>

namespace sedx
{
namespace
{
// Writes of this length and more are copied whole, in a layer of their own, rather than cut by small ones above them: a
// copy region costs 0.2 to 2.8 microseconds whatever its size (docs/performance.md), as long as copying 4 to 64 KiB.
constexpr uint64_t kLongWrite = 64 * 1024;

using Key = PlanScratch::Key;
using Order = std::span<const Key>;

// By destination, in call order where it is equal. A radix sort: three or four passes over a hundred thousand writes cost a
// fifth of comparing them. Valid until the scratch is used again.
Order OrderByDestination(std::span<const CopyOp> ops, PlanScratch& scratch)
{
    constexpr uint32_t kBits = 11;
    constexpr size_t kBuckets = size_t{1} << kBits;
    std::vector<Key>& keys = scratch.keys;
    std::vector<Key>& sorted = scratch.sorted;
    keys.resize(ops.size());
    uint64_t largest = 0;
    for (uint32_t i = 0; i < ops.size(); ++i)
    {
        keys[i] = {ops[i].destination, i};
        largest |= ops[i].destination;
    }
    if (ops.size() < kBuckets / 4)
    {
        std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) {
            return a.destination != b.destination ? a.destination < b.destination : a.index < b.index;
        });
        return keys;
    }
    sorted.resize(ops.size());
    std::array<uint32_t, kBuckets> next;
    for (uint32_t shift = 0; shift < 64 && largest >> shift != 0; shift += kBits)
    {
        const auto bucketOf = [shift](const Key& key) { return (key.destination >> shift) & (kBuckets - 1); };
        next.fill(0);
        for (const Key& key : keys)
            ++next[bucketOf(key)];
        std::exclusive_scan(next.begin(), next.end(), next.begin(), 0u);
        for (const Key& key : keys)
            sorted[next[bucketOf(key)]++] = key;
        keys.swap(sorted);
    }
    return keys;
}

bool IsDisjoint(std::span<const CopyOp> ops, Order order)
{
    uint64_t end = 0;
    for (const Key& key : order)
    {
        if (key.destination < end)
            return false;
        end = key.destination + ops[key.index].bytes;
    }
    return true;
}

// A sweep over the destination: at every byte the newest write that covers it wins. `order`: writes that overlap.
void SweepCluster(std::span<const CopyOp> ops, Order order, CopyLayer& kept)
{
    const auto endOf = [&](uint32_t i) { return ops[i].destination + ops[i].bytes; };
    std::priority_queue<uint32_t> open; // newest on top; some may have ended already
    size_t next = 0;
    uint64_t at = 0;
    while (next < order.size() || !open.empty())
    {
        if (open.empty())
            at = std::max(at, order[next].destination);
        while (next < order.size() && order[next].destination <= at)
            open.push(order[next++].index);
        while (!open.empty() && endOf(open.top()) <= at)
            open.pop();
        if (open.empty())
            continue;
        const uint32_t top = open.top();
        uint64_t end = endOf(top);
        for (; next < order.size() && order[next].destination < end; ++next)
        {
            if (order[next].index > top) // a newer one begins here
            {
                end = order[next].destination;
                break;
            }
            open.push(order[next].index);
        }
        kept.push_back({at, ops[top].source + (at - ops[top].destination), end - at, ops[top].block});
        at = end;
    }
}

// Most writes overlap no other one: only clusters of those that do are swept.
CopyLayer KeepNewest(std::span<const CopyOp> ops, Order order)
{
    CopyLayer kept;
    kept.reserve(ops.size() + ops.size() / 8);
    for (size_t begin = 0; begin < order.size();)
    {
        const CopyOp& first = ops[order[begin].index];
        uint64_t clusterEnd = first.destination + first.bytes;
        size_t end = begin + 1;
        for (; end < order.size() && order[end].destination < clusterEnd; ++end)
            clusterEnd = std::max(clusterEnd, order[end].destination + ops[order[end].index].bytes);
        if (end - begin == 1)
            kept.push_back(first);
        else
            SweepCluster(ops, order.subspan(begin, end - begin), kept);
        begin = end;
    }
    return kept;
}

uint64_t TotalBytes(std::span<const CopyOp> ops)
{
    return std::accumulate(ops.begin(), ops.end(), uint64_t{0},
                           [](uint64_t sum, const CopyOp& op) { return sum + op.bytes; });
}

// On both sides.
bool Continues(const CopyOp& before, const CopyOp& op)
{
    return before.block == op.block && before.source + before.bytes == op.source &&
           before.destination + before.bytes == op.destination;
}
} // namespace

void WriteList::Append(const CopyOp& op)
{
    if (!m_ops.empty())
    {
        CopyOp& last = m_ops.back();
        if (Continues(last, op))
        {
            last.bytes += op.bytes;
            m_end += op.bytes;
            return;
        }
        m_ascending &= op.destination >= m_end;
    }
    m_ops.push_back(op);
    m_end = op.destination + op.bytes;
}

void WriteList::Append(std::vector<CopyOp> ops)
{
    if (!m_ops.empty())
    {
        for (const CopyOp& op : ops)
            Append(op);
        return;
    }
    // Nothing to continue: the memory is taken over, and they merge in place.
    m_ops.swap(ops);
    size_t last = 0;
    for (size_t i = 1; i < m_ops.size(); ++i)
    {
        CopyOp& before = m_ops[last];
        const CopyOp& op = m_ops[i];
        if (Continues(before, op))
            before.bytes += op.bytes;
        else
        {
            m_ascending &= op.destination >= before.destination + before.bytes;
            m_ops[++last] = op;
        }
    }
    if (m_ops.empty())
        return;
    m_ops.resize(last + 1);
    m_end = m_ops.back().destination + m_ops.back().bytes;
}

std::vector<CopyLayer> WriteList::TakePlan(PlanScratch& scratch, uint64_t& superseded)
{
    std::vector<CopyOp> ops = std::move(m_ops);
    m_ops.clear();
    m_end = 0;

    std::vector<CopyLayer> layers;
    if (std::exchange(m_ascending, true))
    {
        layers.push_back(std::move(ops));
        return layers;
    }
    const auto isLongWrite = [](const CopyOp& op) { return op.bytes >= kLongWrite; };
    const Order order = OrderByDestination(ops, scratch);
    const auto longWrites = static_cast<size_t>(std::count_if(ops.begin(), ops.end(), isLongWrite));
    if (longWrites == 0 || longWrites == ops.size() || IsDisjoint(ops, order))
    {
        layers.push_back(KeepNewest(ops, order));
        superseded += TotalBytes(ops) - TotalBytes(layers.back());
        return layers;
    }
    for (size_t begin = 0; begin < ops.size();)
    {
        // A run of writes that are all long, or all short.
        const bool isLong = isLongWrite(ops[begin]);
        size_t end = begin;
        while (end < ops.size() && isLongWrite(ops[end]) == isLong)
            ++end;
        const std::span<const CopyOp> run(ops.data() + begin, end - begin);
        layers.push_back(KeepNewest(run, OrderByDestination(run, scratch)));
        superseded += TotalBytes(run) - TotalBytes(layers.back());
        begin = end;
    }
    return layers;
}
} // namespace sedx
