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

// Indices by destination, in call order where it is equal. A radix sort: three or four passes over a hundred thousand
// writes cost a fifth of comparing them.
std::vector<uint32_t> OrderByDestination(std::span<const CopyOp> ops)
{
    constexpr uint32_t kBits = 11;
    constexpr size_t kBuckets = size_t{1} << kBits;
    std::vector<uint32_t> order(ops.size());
    std::iota(order.begin(), order.end(), 0u);
    if (ops.size() < kBuckets / 4)
    {
        std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
            return ops[a].destination != ops[b].destination ? ops[a].destination < ops[b].destination : a < b;
        });
        return order;
    }
    struct Key
    {
        uint64_t destination;
        uint32_t index;
    };
    std::vector<Key> keys(ops.size());
    uint64_t largest = 0;
    for (uint32_t i = 0; i < ops.size(); ++i)
    {
        keys[i] = {ops[i].destination, i};
        largest |= ops[i].destination;
    }
    std::vector<Key> sorted(ops.size());
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
    for (size_t i = 0; i < keys.size(); ++i)
        order[i] = keys[i].index;
    return order;
}

bool IsDisjoint(std::span<const CopyOp> ops, std::span<const uint32_t> order)
{
    uint64_t end = 0;
    for (const uint32_t i : order)
    {
        if (ops[i].destination < end)
            return false;
        end = ops[i].destination + ops[i].bytes;
    }
    return true;
}

// A sweep over the destination: at every byte the newest write that covers it wins. `order`: writes that overlap.
void SweepCluster(std::span<const CopyOp> ops, std::span<const uint32_t> order, CopyLayer& kept)
{
    const auto endOf = [&](uint32_t i) { return ops[i].destination + ops[i].bytes; };
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
}

// Most writes overlap no other one: only clusters of those that do are swept.
CopyLayer KeepNewest(std::span<const CopyOp> ops, std::span<const uint32_t> order)
{
    CopyLayer kept;
    kept.reserve(ops.size());
    for (size_t begin = 0; begin < order.size();)
    {
        const CopyOp& first = ops[order[begin]];
        uint64_t clusterEnd = first.destination + first.bytes;
        size_t end = begin + 1;
        for (; end < order.size() && ops[order[end]].destination < clusterEnd; ++end)
            clusterEnd = std::max(clusterEnd, ops[order[end]].destination + ops[order[end]].bytes);
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
    const std::vector<uint32_t> order = OrderByDestination(ops);
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
        layers.push_back(KeepNewest(run, OrderByDestination(run)));
        superseded += TotalBytes(run) - TotalBytes(layers.back());
        begin = end;
    }
    return layers;
}
} // namespace sedx
