#include "sync/hazard_model.h"

#include "sync/use_table.h"

#include <algorithm>

namespace sedx
{
namespace
{
template <class F>
void ForEachBit(Use uses, const F& visit)
{
    for (uint32_t rest = static_cast<uint32_t>(uses); rest != 0; rest &= rest - 1)
        visit(static_cast<Use>(rest & (~rest + 1)));
}
} // namespace

// ---- ranges --------------------------------------------------------------------------------------------------------

void HazardModel::SplitAt(Segments& segments, uint64_t at)
{
    auto next = segments.upper_bound(at);
    if (next == segments.begin())
        return;
    const auto segment = std::prev(next);
    if (segment->first == at || segment->second.end <= at)
        return;
    Segment right = segment->second;
    segment->second.end = at;
    segments.emplace_hint(next, at, std::move(right));
}

template <class F>
void HazardModel::ForEachIn(const std::optional<MemoryRange>& range, const F& visit)
{
    if (!range)
    {
        for (auto& [memory, segments] : m_memory)
            for (auto& [begin, segment] : segments)
                visit(begin, segment);
        return;
    }
    const auto found = m_memory.find(range->memory);
    if (found == m_memory.end())
        return;
    Segments& segments = found->second;
    SplitAt(segments, range->begin);
    SplitAt(segments, range->end);
    for (auto it = segments.lower_bound(range->begin); it != segments.end() && it->first < range->end; ++it)
        visit(it->first, it->second);
}

template <class F>
void HazardModel::ForEachRecord(const std::optional<MemoryRange>& range, const F& visit)
{
    ForEachIn(range, [&](uint64_t, Segment& segment) {
        for (Record& record : segment.writes)
            visit(record);
        for (Record& record : segment.reads)
            visit(record);
    });
}

template <class F>
void HazardModel::ForgetRecords(const F& forgetIn)
{
    for (auto memory = m_memory.begin(); memory != m_memory.end();)
    {
        Segments& segments = memory->second;
        for (auto it = segments.begin(); it != segments.end();)
        {
            Segment& segment = it->second;
            forgetIn(segment);
            it = segment.writes.empty() && segment.reads.empty() ? segments.erase(it) : std::next(it);
        }
        memory = segments.empty() ? m_memory.erase(memory) : std::next(memory);
    }
}

size_t HazardModel::SegmentCount() const noexcept
{
    size_t count = 0;
    for (const auto& [memory, segments] : m_memory)
        count += segments.size();
    return count;
}

// ---- order ---------------------------------------------------------------------------------------------------------

// Whether all that comes behind position `seq` of the queue, by a semaphore, comes behind the access.
bool HazardModel::IsBefore(const Record& record, uint32_t queue, uint64_t seq) noexcept
{
    return (record.queue == queue && record.seq <= seq) || record.orders[queue].since <= seq;
}

bool HazardModel::IsInSource(const Record& record, uint32_t queue, const SyncScope& source) noexcept
{
    const bool isDirect = record.queue == queue && Any(record.stage & source.stages);
    return isDirect || Any(record.orders[queue].stages & source.stages);
}

void HazardModel::Apply(Record& record, uint32_t queue, const SyncScope& target) const noexcept
{
    Order& order = record.orders[queue];
    order.stages |= target.stages;
    order.since = std::min(order.since, m_seq[queue]);
    if (record.isAvailable)
        order.visible |= target.uses;
}

void HazardModel::Wait(uint32_t queue, TimelinePoint point, const SyncScope& target)
{
    // A timeline that has reached a value has reached the ones before: the smallest that was signalled and is enough.
    if (point.value <= m_passedValues[point.queue])
        return;
    const Sent* sent = nullptr;
    for (const Sent& candidate : m_sent)
        if (candidate.point.queue == point.queue && candidate.point.value >= point.value &&
            (sent == nullptr || candidate.point.value < sent->point.value))
            sent = &candidate;
    // A value that nobody told of, such as that of a sparse bind, comes after all smaller ones.
    if (sent == nullptr)
        for (const Sent& candidate : m_sent)
            if (candidate.point.queue == point.queue && (sent == nullptr || candidate.point.value > sent->point.value))
                sent = &candidate;
    if (sent == nullptr)
        return;
    ForEachRecord({}, [&](Record& record) {
        if (!IsBefore(record, sent->queue, sent->seq))
            return;
        record.isAvailable = true; // a signal makes all writes before it available
        Apply(record, queue, target);
    });
}

void HazardModel::Barrier(uint32_t queue, const ModelBarrier& barrier)
{
    ++m_seq[queue];
    if (barrier.isFromHost)
        m_hostBarriers[queue].push_back({barrier.range, barrier.target.uses});
    ForEachRecord(barrier.range, [&](Record& record) {
        if (!IsInSource(record, queue, barrier.source))
            return;
        record.isAvailable |= record.queue == queue && Any(record.use & barrier.source.uses);
        Apply(record, queue, barrier.target);
    });
}

void HazardModel::SetEvent(uint32_t queue, uint64_t serial, std::span<const ModelBarrier> barriers)
{
    ++m_seq[queue];
    for (uint32_t i = 0; i < barriers.size(); ++i)
        ForEachRecord(barriers[i].range, [&](Record& record) {
            if (IsInSource(record, queue, barriers[i].source))
                record.events.push_back(
                    {serial, i, record.queue == queue && Any(record.use & barriers[i].source.uses)});
        });
}

void HazardModel::WaitEvent(uint32_t queue, uint64_t serial, std::span<const ModelBarrier> barriers)
{
    ++m_seq[queue];
    for (uint32_t i = 0; i < barriers.size(); ++i)
        ForEachRecord(barriers[i].range, [&](Record& record) {
            const auto half = std::ranges::find_if(
                record.events, [&](const SetHalf& set) { return set.serial == serial && set.barrier == i; });
            if (half == record.events.end())
                return;
            record.isAvailable |= half->isAvailable;
            record.events.erase(half);
            Apply(record, queue, barriers[i].target);
        });
}

void HazardModel::Signal(uint32_t queue, TimelinePoint point, uint64_t frame)
{
    m_hostBarriers[queue].clear();
    m_sent.push_back({point, queue, m_seq[queue]++, frame}); // what comes next has a position of its own
}

void HazardModel::Skip(TimelinePoint point) noexcept
{
    m_passedValues[point.queue] = std::max(m_passedValues[point.queue], point.value);
}

// ---- accesses ------------------------------------------------------------------------------------------------------

void HazardModel::Compare(const Record& earlier, const Record& later, HazardKind kind, const MemoryRange& range,
                          std::vector<Conflict>& conflicts, size_t first) const
{
    const Order& order = earlier.orders[later.queue];
    const bool isOrdered =
        kind == HazardKind::WriteAfterRead ? Any(later.stage & order.stages) : Any(later.use & order.visible);
    if (isOrdered || (!m_comparesQueues && earlier.queue != later.queue))
        return;
    for (size_t i = first; i < conflicts.size(); ++i)
        if (conflicts[i].earlier == earlier.note && conflicts[i].kind == kind)
        {
            conflicts[i].range.begin = std::min(conflicts[i].range.begin, range.begin);
            conflicts[i].range.end = std::max(conflicts[i].range.end, range.end);
            return;
        }
    conflicts.push_back({kind, earlier.note, later.note, earlier.use, later.use, range});
}

bool HazardModel::AwaitsHost(uint32_t queue, const MemoryRange& range, Use use) const noexcept
{
    return std::ranges::any_of(m_hostBarriers[queue], [&](const HostBarrier& barrier) {
        return Any(use & barrier.uses) &&
               (!barrier.range || (barrier.range->memory == range.memory && barrier.range->begin <= range.begin &&
                                   range.end <= barrier.range->end));
    });
}

void HazardModel::Access(uint32_t queue, uint64_t frame, const MemoryRange& range, Use uses,
                         const std::shared_ptr<const AccessNote>& note, std::vector<Conflict>& conflicts)
{
    if (range.begin >= range.end)
        return;
    const uint64_t seq = ++m_seq[queue];
    const size_t first = conflicts.size();
    std::vector<Record> reads;
    std::vector<Record> writes;
    ForEachBit(Spelled(uses), [&](Use use) {
        Record record;
        record.use = use;
        record.stage = StageOf(use);
        record.awaitsHost = AwaitsHost(queue, range, use);
        record.queue = queue;
        record.seq = seq;
        record.frame = frame;
        record.note = note;
        (Any(use & kWriteUses) ? writes : reads).push_back(std::move(record));
    });

    Segments& segments = m_memory[range.memory];
    // Bytes that nobody has touched get segments of their own, so that all of the range is covered.
    SplitAt(segments, range.begin);
    SplitAt(segments, range.end);
    uint64_t at = range.begin;
    for (auto it = segments.lower_bound(range.begin); at < range.end; ++it)
    {
        if (it == segments.end() || it->first > at)
        {
            const uint64_t end = it == segments.end() ? range.end : std::min(range.end, it->first);
            it = segments.emplace_hint(it, at, Segment{end, {}, {}});
        }
        Segment& segment = it->second;
        const MemoryRange here{range.memory, it->first, segment.end};
        at = segment.end;
        for (const Record& read : reads)
            for (const Record& write : segment.writes)
                Compare(write, read, HazardKind::ReadAfterWrite, here, conflicts, first);
        for (const Record& write : writes)
        {
            for (const Record& read : segment.reads)
                Compare(read, write, HazardKind::WriteAfterRead, here, conflicts, first);
            // Reads since then were ordered behind the last write, and this one behind them; or that was said.
            if (segment.reads.empty())
                for (const Record& last : segment.writes)
                    Compare(last, write, HazardKind::WriteAfterWrite, here, conflicts, first);
        }
        if (!writes.empty())
        {
            segment.writes = writes;
            segment.reads.clear();
            continue;
        }
        for (const Record& read : reads)
        {
            // What is ordered behind the newer one of two reads of a queue is ordered behind the older one.
            const auto older = std::ranges::find_if(segment.reads, [&](const Record& record) {
                return record.use == read.use && record.queue == read.queue;
            });
            if (older != segment.reads.end())
                *older = read;
            else
                segment.reads.push_back(read);
        }
    }
}

// ---- the CPU -------------------------------------------------------------------------------------------------------

void HazardModel::Host(const MemoryRange& range, bool isWrite, const std::shared_ptr<const AccessNote>& note,
                       std::vector<Conflict>& conflicts) const
{
    const auto found = m_memory.find(range.memory);
    if (found == m_memory.end())
        return;
    const Segments& segments = found->second;
    auto it = segments.upper_bound(range.begin);
    if (it != segments.begin())
        --it;
    const HazardKind kind = isWrite ? HazardKind::HostWriteInFlight : HazardKind::HostReadInFlight;
    const size_t first = conflicts.size();
    for (; it != segments.end() && it->first < range.end; ++it)
    {
        const MemoryRange here{range.memory, std::max(range.begin, it->first), std::min(range.end, it->second.end)};
        if (here.begin >= here.end)
            continue;
        const auto compare = [&](const std::vector<Record>& records) {
            for (const Record& record : records)
            {
                if (isWrite && record.awaitsHost)
                    continue;
                const auto known =
                    std::find_if(conflicts.begin() + static_cast<ptrdiff_t>(first), conflicts.end(),
                                 [&](const Conflict& conflict) { return conflict.earlier == record.note; });
                if (known != conflicts.end())
                    known->range.end = std::max(known->range.end, here.end);
                else
                    conflicts.push_back(
                        {kind, record.note, note, record.use, isWrite ? Use::HostWrite : Use::HostRead, here});
            }
        };
        compare(it->second.writes);
        if (isWrite)
            compare(it->second.reads);
    }
}

void HazardModel::Retire(const std::function<bool(const Sent&)>& hasPassed)
{
    bool isNew = false;
    std::erase_if(m_sent, [&](const Sent& sent) {
        if (!hasPassed(sent))
            return false;
        isNew = true;
        m_passed[sent.queue] = std::max(m_passed[sent.queue], sent.seq);
        m_passedValues[sent.point.queue] = std::max(m_passedValues[sent.point.queue], sent.point.value);
        return true;
    });
    if (!isNew)
        return;
    const auto isGone = [this](const Record& record) {
        for (uint32_t queue = 0; queue < kMaxQueues; ++queue)
            if (IsBefore(record, queue, m_passed[queue]))
                return true;
        return false;
    };
    ForgetRecords([&](Segment& segment) {
        std::erase_if(segment.reads, isGone);
        std::erase_if(segment.writes, isGone);
    });
}

void HazardModel::Drop(uint64_t frame)
{
    std::erase_if(m_sent, [frame](const Sent& sent) { return sent.frame == frame; });
    const auto isGone = [frame](const Record& record) { return record.frame == frame; };
    ForgetRecords([&](Segment& segment) {
        std::erase_if(segment.reads, isGone);
        std::erase_if(segment.writes, isGone);
    });
}
} // namespace sedx
