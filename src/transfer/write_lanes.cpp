#include "transfer/write_lanes.h"

#include "base/align.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sedx
{
namespace
{
constexpr uint64_t kFirstChunkBytes = 4096;

// Backing::writer: which lane writes a backing in which batch.
constexpr uint64_t kShared = 0xff; // more than one
static_assert(kThreadSlots < kShared);
constexpr uint64_t WriterOf(uint64_t batch, uint64_t lane) noexcept { return batch << 8 | lane; }

// A frame with far more writes than those that follow it does not keep their memory for ever.
template <class T>
void Empty(std::vector<T>& list) noexcept
{
    constexpr size_t kKept = 4096;
    if (list.capacity() > kKept && list.size() < list.capacity() / 8)
        list = {};
    list.clear();
}

void AddTo(std::atomic<uint64_t>& counter, uint64_t value) noexcept // one thread writes it
{
    counter.store(counter.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}
} // namespace

std::span<const CopyOp> LaneContents::OpsOf(size_t run) const noexcept
{
    const size_t begin = runs[run].firstOp;
    const size_t end = run + 1 < runs.size() ? runs[run + 1].firstOp : ops.size();
    return std::span(ops).subspan(begin, end - begin);
}

std::span<const uint64_t> LaneContents::StampsOf(size_t run) const noexcept
{
    if (runs[run].firstStamp == LaneRun::kUnstamped)
        return {};
    return std::span(stamps).subspan(runs[run].firstStamp, OpsOf(run).size());
}

void LaneContents::Clear() noexcept
{
    Empty(ops);
    Empty(runs);
    Empty(stamps);
    Empty(chunks);
    Empty(touched);
}

WriteLanes::WriteLanes(BufferCore& core, BlockPool& staging)
    : m_core(core), m_staging(staging),
      m_mostChunkBytes(std::clamp<uint64_t>(staging.Desc().blockBytes / 16, kFirstChunkBytes, 256 * 1024))
{
}

bool WriteLanes::IsInPlace(const Backing& backing, uint64_t bytes, uint64_t directMaxBytes) const noexcept
{
    return backing.memory.mapped != nullptr && (!backing.memory.deviceLocal || bytes <= directMaxBytes) &&
           !m_core.IsBackingInFlight(backing);
}

uint64_t WriteLanes::Room(const Lane& lane) noexcept
{
    return lane.contents.chunks.empty() ? 0 : lane.contents.chunks.back().bytes - lane.used;
}

bool WriteLanes::MakeRoom(Lane& lane, uint64_t bytes)
{
    lane.chunkBytes = std::clamp(lane.chunkBytes * 2, kFirstChunkBytes, m_mostChunkBytes);
    std::vector<Slice>& chunks = lane.contents.chunks;
    if (!chunks.empty())
        if (const uint64_t more = m_staging.Extend(chunks.back(), bytes - Room(lane), lane.chunkBytes); more != 0)
        {
            chunks.back().bytes += more;
            return true;
        }
    const Slice chunk = m_staging.TryAllocate(bytes, lane.chunkBytes, kStagingAlignment);
    if (chunk.block == nullptr)
        return false;
    chunks.push_back(chunk);
    lane.used = 0;
    return true;
}

bool WriteLanes::Touch(Lane& lane, uint32_t index, Backing& backing, uint64_t batch)
{
    const uint64_t mine = WriterOf(batch, index);
    const uint64_t shared = WriterOf(batch, kShared);
    uint64_t writer = backing.writer.load();
    while (writer != mine && writer != shared)
    {
        if (writer >> 8 == batch)
        {
            if (backing.writer.compare_exchange_weak(writer, shared))
                return true;
            continue;
        }
        // Before others rely on it: whoever sees a writer of this batch neither keeps the backing nor says that it is in
        // flight.
        Ref<Backing> kept(&backing);
        backing.lastBatch.store(batch);
        if (!backing.writer.compare_exchange_strong(writer, mine))
            continue;
        lane.contents.touched.push_back(std::move(kept));
        return false;
    }
    return writer == shared;
}

uint64_t WriteLanes::Write(BufferResource& resource, uint64_t offset, std::span<const std::byte> bytes,
                           uint64_t directMaxBytes)
{
    const uint32_t index = ThreadSlot::Take();
    if (index == kThreadSlots)
        return 0;
    const LaneLock lock(m_core.Lanes(), index, &resource);
    Backing* const backing = resource.current.load(); // alive while this lane names the buffer
    if (backing == nullptr || backing->queued.load() || IsInPlace(*backing, bytes.size(), directMaxBytes))
        return 0;
    Lane& lane = m_lanes[index];
    LaneContents& contents = lane.contents;
    if (Room(lane) < bytes.size() && !MakeRoom(lane, bytes.size()))
        return 0;
    const uint64_t batch = m_batch.load(std::memory_order_relaxed);
    const bool isStamped = Touch(lane, index, *backing, batch);
    const Slice& chunk = contents.chunks.back();
    std::memcpy(chunk.Data() + lane.used, bytes.data(), bytes.size());
    const bool isFirst = contents.ops.empty();
    Add(contents, *backing, {offset, chunk.offset + lane.used, bytes.size(), chunk.block}, isStamped);
    lane.used = std::min(AlignUp(lane.used + bytes.size(), kStagingAlignment), chunk.bytes);
    AddTo(lane.writes, 1);
    AddTo(lane.bytes, bytes.size());
    if (isFirst)
        m_filled.fetch_or(uint64_t{1} << index, std::memory_order_release);
    return batch;
}

void WriteLanes::Add(LaneContents& contents, Backing& backing, const CopyOp& op, bool isStamped)
{
    const bool continuesRun = !contents.runs.empty() && contents.runs.back().backing == &backing &&
                              (contents.runs.back().firstStamp != LaneRun::kUnstamped) == isStamped;
    if (!continuesRun)
        contents.runs.push_back({&backing, static_cast<uint32_t>(contents.ops.size()),
                                 isStamped ? static_cast<uint32_t>(contents.stamps.size()) : LaneRun::kUnstamped});
    if (isStamped)
        contents.stamps.push_back(m_stamps.Next());
    else if (continuesRun && Continues(contents.ops.back(), op))
    {
        contents.ops.back().bytes += op.bytes;
        return;
    }
    contents.ops.push_back(op);
}

void WriteLanes::TakeContents(uint32_t index, LaneContents& into)
{
    Lane& lane = m_lanes[index];
    if (!lane.contents.chunks.empty())
        m_staging.Shrink(lane.contents.chunks.back(), lane.used);
    std::swap(lane.contents, into);
    lane.used = 0;
    lane.chunkBytes = 0;
}

// All lanes are locked: of two writes in order, the later one is never collected without the earlier.
size_t WriteLanes::TakeAll(std::vector<LaneContents>& contents, uint64_t batch)
{
    for (uint32_t index = 0; index < kThreadSlots; ++index)
        m_core.Lanes().Lock(index, this);
    size_t count = 0;
    for (uint64_t filled = m_filled.exchange(0); filled != 0; filled &= filled - 1)
    {
        if (count == contents.size())
            contents.emplace_back();
        TakeContents(static_cast<uint32_t>(std::countr_zero(filled)), contents[count++]);
    }
    m_batch.store(batch, std::memory_order_relaxed);
    for (uint32_t index = 0; index < kThreadSlots; ++index)
        m_core.Lanes().Unlock(index);
    return count;
}

size_t WriteLanes::Collect(std::vector<LaneContents>& contents)
{
    return TakeAll(contents, m_batch.load(std::memory_order_relaxed));
}

size_t WriteLanes::EndBatch(std::vector<LaneContents>& contents, uint64_t nextBatch)
{
    return TakeAll(contents, nextBatch);
}

WriteLanes::Totals WriteLanes::Count() const noexcept
{
    Totals totals;
    for (const Lane& lane : m_lanes)
    {
        totals.writes += lane.writes.load(std::memory_order_relaxed);
        totals.bytes += lane.bytes.load(std::memory_order_relaxed);
    }
    return totals;
}
} // namespace sedx
