#include "transfer/copy_plan.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace sedx
{
namespace
{
// Writes of this length and more are copied whole, in a layer of their own, rather than cut by small ones above them: a
// copy region costs 0.2 to 2.8 microseconds whatever its size (docs/performance.md), as long as copying 4 to 64 KiB.
constexpr uint64_t kLongWrite = 64 * 1024;

bool IsLong(const CopyOp& op) noexcept { return op.bytes >= kLongWrite; }

void SortByStamp(std::vector<CopyOp>& ops, std::span<const uint64_t> stamps)
{
    std::vector<size_t> order(ops.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return stamps[a] < stamps[b]; });
    std::vector<CopyOp> sorted;
    sorted.reserve(ops.size());
    for (const size_t number : order)
        sorted.push_back(ops[number]);
    ops.swap(sorted);
}

// Runs of writes that are all long, or all short, each in a layer of its own.
CopyPlan LayersOf(std::span<const CopyOp> ops, PlanScratch& scratch, uint64_t& superseded)
{
    CopyPlan plan;
    for (size_t begin = 0; begin < ops.size();)
    {
        size_t end = begin;
        while (end < ops.size() && IsLong(ops[end]) == IsLong(ops[begin]))
            ++end;
        CopyLayer layer(ops.begin() + static_cast<ptrdiff_t>(begin), ops.begin() + static_cast<ptrdiff_t>(end));
        superseded += KeepNewest(layer, {}, BoundsOf(layer), scratch, nullptr);
        if (begin == 0)
            plan.first = std::move(layer);
        else
            plan.above.push_back(std::move(layer));
        begin = end;
    }
    return plan;
}
} // namespace

WriteShape ShapeOf(std::span<const CopyOp> ops) noexcept
{
    WriteShape shape;
    for (const CopyOp& op : ops)
        shape.Note(op);
    return shape;
}

void WriteList::Append(const CopyOp& op, uint64_t stamp)
{
    const bool isStamped = stamp != 0 || !m_stamps.empty();
    if (isStamped)
        m_stamps.resize(m_ops.size()); // 0 for those before the first stamp
    if (!m_ops.empty() && Continues(m_ops.back(), op))
    {
        if (!isStamped || m_stamps.back() == stamp)
        {
            m_ops.back().bytes += op.bytes;
            m_shape.NoteLonger(m_ops.back());
            return;
        }
        m_shape.continues = true;
    }
    if (isStamped)
    {
        m_shape.isInOrder &= m_stamps.empty() || stamp >= m_stamps.back();
        m_shape.latest = std::max(m_shape.latest, stamp);
        m_stamps.push_back(stamp);
    }
    m_shape.Note(op);
    m_ops.push_back(op);
}

void WriteList::Append(std::vector<CopyOp> ops, const WriteShape& shape)
{
    if (ops.empty())
        return;
    if (m_ops.empty())
    {
        m_shape = shape;
        m_ops.swap(ops);
        return;
    }
    const uint64_t latest = m_shape.latest;
    m_shape.Note(shape);
    size_t first = 0;
    if (Continues(m_ops.back(), ops.front()) && (m_stamps.empty() || m_stamps.back() == latest))
    {
        m_ops.back().bytes += ops.front().bytes;
        m_shape.longest = std::max(m_shape.longest, m_ops.back().bytes);
        first = 1;
    }
    m_shape.continues |= first == 0 && Continues(m_ops.back(), ops.front());
    m_ops.insert(m_ops.end(), ops.begin() + static_cast<ptrdiff_t>(first), ops.end());
    if (!m_stamps.empty())
        m_stamps.resize(m_ops.size(), latest);
}

void WriteList::Append(std::span<const CopyOp> ops, std::span<const uint64_t> stamps)
{
    if (ops.empty())
        return;
    Append(ops.front(), stamps.empty() ? 0 : stamps.front());
    const std::span rest = ops.subspan(1);
    m_shape.Note(ShapeOf(rest));
    m_ops.insert(m_ops.end(), rest.begin(), rest.end());
    if (stamps.empty())
    {
        if (!m_stamps.empty())
            m_stamps.resize(m_ops.size());
        return;
    }
    m_stamps.insert(m_stamps.end(), stamps.begin() + 1, stamps.end());
    m_shape.latest = std::max(m_shape.latest, stamps.back());
    for (size_t i = 1; i < ops.size() && !m_shape.continues; ++i)
        m_shape.continues = Continues(ops[i - 1], ops[i]);
}

CopyPlan WriteList::TakePlan(PlanScratch& scratch, uint64_t& superseded, CopyWorkers* workers)
{
    CopyPlan plan{std::exchange(m_ops, {}), {}};
    std::vector<uint64_t> stamps = std::exchange(m_stamps, {});
    const WriteShape shape = std::exchange(m_shape, {});
    WriteBounds bounds{shape.varying, shape.longest};
    CopyLayer& ops = plan.first;
    if (shape.isInOrder)
    {
        stamps.clear();
        if (shape.continues)
        {
            MergeContinued(ops);
            bounds = BoundsOf(ops);
        }
    }
    const bool mixesLengths = bounds.longest >= kLongWrite && !std::all_of(ops.begin(), ops.end(), IsLong);
    if (!shape.isAscending && !mixesLengths)
        superseded += KeepNewest(ops, stamps, bounds, scratch, workers);
    if (!shape.isAscending && mixesLengths)
    {
        if (!stamps.empty())
            SortByStamp(ops, stamps);
        if (Overlap(ops, bounds, scratch))
            plan = LayersOf(CopyLayer(std::move(ops)), scratch, superseded);
    }
    if (shape.continues && !shape.isInOrder)
    {
        // Where nothing overlaps the order means nothing any more.
        MergeContinued(plan.first);
        for (CopyLayer& layer : plan.above)
            MergeContinued(layer);
    }
    return plan;
}
} // namespace sedx
