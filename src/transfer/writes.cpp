// Collecting: what Write and WriteMany do on the caller's thread.
#include "transfer/transfer_engine.h"

#include "base/align.h"
#include "transfer/cut_writes.h"
#include "transfer/packed_writes.h"

#include <algorithm>
#include <utility>

namespace sedx
{
namespace
{
// Writes of this length and more may be split to use up the rest of a block; shorter ones stay in one piece.
constexpr uint64_t kSplittable = 4096;

uint64_t TotalBytes(std::span<const BufferWrite> writes) noexcept
{
    uint64_t bytes = 0;
    for (const BufferWrite& write : writes)
        bytes += write.bytes.size();
    return bytes;
}

// Those at the front that go into the same buffer.
std::span<const BufferWrite> FirstGroup(std::span<const BufferWrite> writes) noexcept
{
    const BufferResource* const resource = writes.front().buffer.Resource();
    const auto end = std::find_if(writes.begin(), writes.end(),
                                  [resource](const BufferWrite& write) { return write.buffer.Resource() != resource; });
    return writes.first(static_cast<size_t>(end - writes.begin()));
}

void Add(UploadTicket::Carriers& all, const UploadTicket::Carriers& more) noexcept
{
    if (all.firstBatch == 0)
        all.firstBatch = more.firstBatch;
    all.lastBatch = std::max(all.lastBatch, more.lastBatch);
    all.inPlace |= more.inPlace;
}
} // namespace

Epoch& TransferEngine::EpochForWrite(uint64_t key)
{
    // A write must not overtake a read or a move of the same thing: it begins a new epoch.
    if (m_current->epochs.empty() || m_current->epochs.back().DelaysWrite(key))
        m_current->epochs.emplace_back();
    return m_current->epochs.back();
}

Epoch& TransferEngine::EpochForRead()
{
    if (m_current->epochs.empty())
        m_current->epochs.emplace_back();
    return m_current->epochs.back();
}

Result<UploadTicket::Carriers> TransferEngine::Write(std::span<const BufferWrite> writes, const WriteOptions& options)
{
    Carriers all;
    const bool isMany = writes.size() > 1; // one by itself was tried as a short one by the caller
    while (!writes.empty())
    {
        // Neighbours that go into the same buffer share the work.
        const std::span group = FirstGroup(writes);
        const bool isSingle = isMany && group.size() == 1;
        const uint64_t batch = isSingle ? WriteShort(group[0].buffer, group[0].offset, group[0].bytes) : 0;
        const auto written = batch != 0 ? Result<Carriers>(Carriers{batch, batch, 0}) : WriteGroup(group, options);
        if (!written)
            return written;
        Add(all, *written);
        writes = writes.subspan(group.size());
    }
    return all;
}

// `writes`: to one buffer. A bad one fails, but those before it stand.
Result<UploadTicket::Carriers> TransferEngine::WriteGroup(std::span<const BufferWrite> writes,
                                                          const WriteOptions& options)
{
    if (PackedWrites packed(m_workers, writes, m_staging->Desc().blockBytes);
        packed.Measure() && IsWritable(writes.front().buffer, 0, 0))
        return WritePacked(packed, writes, options);

    Carriers all;
    const auto isStreamed = [&](const BufferWrite& write) { return IsStreamed(write.bytes.size(), options); };
    while (!writes.empty())
    {
        size_t count = 0;
        Result<void> writable;
        const size_t most = isStreamed(writes[0]) ? 1 : writes.size(); // alone
        for (; count < most; ++count)
        {
            const BufferWrite& write = writes[count];
            if (count != 0 && isStreamed(write))
                break;
            if (writable = CheckWritable(write.buffer, write.offset, write.bytes.size()); !writable)
                break;
        }
        if (count != 0)
        {
            const auto written = WriteTo(*writes[0].buffer.Resource(), writes.first(count), options);
            if (!written)
                return written;
            Add(all, *written);
        }
        if (!writable)
            return Forward(writable);
        writes = writes.subspan(count);
    }
    return all;
}

WriteList& TransferEngine::ListFor(Backing& backing) { return EpochForWrite(KeyOf(&backing)).ListFor(backing); }

void TransferEngine::CollectLanes()
{
    if (m_lanes.HasWrites())
        AppendCollected(m_lanes.Collect(m_collected));
}

void TransferEngine::AppendCollected(size_t count)
{
    const std::span lanes(m_collected.data(), count);
    // Stamps order what is in one epoch: all of it joins the same one.
    const auto isDelayed = [this](const LaneRun& run) {
        return m_current->epochs.back().DelaysWrite(KeyOf(run.backing));
    };
    if (!m_current->epochs.empty() &&
        std::ranges::any_of(lanes, [&](const LaneContents& lane) { return std::ranges::any_of(lane.runs, isDelayed); }))
        m_current->epochs.emplace_back();
    for (LaneContents& lane : lanes)
    {
        for (size_t run = 0; run < lane.runs.size(); ++run)
        {
            const std::span ops = lane.OpsOf(run);
            WriteList& list = ListFor(*lane.runs[run].backing);
            if (list.IsEmpty() && count == 1 && ops.size() == lane.ops.size() && lane.stamps.empty())
            {
                list.Append(std::exchange(lane.ops, {})); // gives its memory away
                continue;
            }
            if (list.IsEmpty() && ops.size() >= kManyWrites)
                list.UseMemory(TakeSpareOps());
            list.Append(ops, lane.StampsOf(run));
        }
        for (const Slice& chunk : lane.chunks)
            m_current->Hold(chunk.block);
    }
    // Not before: what one lane touched first, others may name.
    for (LaneContents& lane : lanes)
    {
        lane.Clear();
        if (lane.ops.capacity() != 0)
            continue;
        lane.ops = TakeSpareOps();
        lane.ops.clear();
    }
}

uint64_t TransferEngine::WriteShort(const Buffer& buffer, uint64_t offset, std::span<const std::byte> bytes)
{
    if (bytes.empty() || bytes.size() > WriteLanes::kMostBytes || !IsWritable(buffer, offset, bytes.size()))
        return 0;
    return m_lanes.Write(*buffer.Resource(), offset, bytes, m_directMaxBytes.load(std::memory_order_relaxed));
}

void TransferEngine::Join(BufferResource& resource, std::vector<CopyOp> ops, const WriteShape& shape,
                          std::span<const Slice> slices, Carriers& carriers)
{
    const std::lock_guard lock(m_mutex);
    CollectLanes();
    const Ref<Backing> backing = BackingOf(resource);
    m_openSlices -= slices.size();
    m_sliceAppended.notify_all();
    if (backing->queued.load(std::memory_order_relaxed))
        for (const CopyOp& op : ops)
            SupersedeQueued(*backing, op.destination, op.bytes);
    ListFor(*backing).Append(std::move(ops), shape);
    for (const Slice& slice : slices)
        m_current->Hold(slice.block);
    backing->lastBatch.store(m_current->number);
    carriers.firstBatch = carriers.firstBatch == 0 ? m_current->number : carriers.firstBatch;
    carriers.lastBatch = m_current->number;
}

bool TransferEngine::WriteDirect(BufferResource& resource, std::span<const BufferWrite> writes, uint64_t total)
{
    // No frame resolves the buffer in between. Frames that reach it otherwise, by a slot or an address, come after Write.
    const std::lock_guard lock(resource.mutex);
    const Ref<Backing>& backing = resource.backing;
    if (!backing || backing->memory.mapped == nullptr || m_core->IsBackingInFlight(*backing))
        return false;
    if (backing->memory.deviceLocal && total > m_directMaxBytes.load(std::memory_order_relaxed))
        return false;
    for (const BufferWrite& write : writes)
    {
        if (write.bytes.empty())
            continue;
        // Flushing writes whole atoms: what the GPU wrote beside these bytes must be known to the CPU first.
        if (m_core->Memory().Invalidate(backing->memory, write.offset, write.bytes.size()) != VK_SUCCESS)
            return false;
        m_workers.Copy(backing->memory.mapped + write.offset, write.bytes.data(), write.bytes.size());
        if (m_core->Memory().Flush(backing->memory, write.offset, write.bytes.size()) != VK_SUCCESS)
            return false; // the staged path writes all of it again, or reports what is wrong
    }
    m_counters.directBytes.fetch_add(total, std::memory_order_relaxed);
    return true;
}

std::optional<UploadTicket::Carriers> TransferEngine::WriteAtOnce(BufferResource& resource,
                                                                  std::span<const BufferWrite> writes, uint64_t total)
{
    if (total == 0)
        return Carriers{};
    m_counters.writes.fetch_add(writes.size(), std::memory_order_relaxed);
    if (!WriteDirect(resource, writes, total))
        return {};
    m_counters.uploadedBytes.fetch_add(total, std::memory_order_relaxed);
    return Carriers{.inPlace = true};
}

// `writes`: all into this buffer, checked. First all of them are cut, then all are filled, then they join the batch at hand
// together, so that no submission sends a half.
Result<UploadTicket::Carriers> TransferEngine::WriteTo(BufferResource& resource, std::span<const BufferWrite> writes,
                                                       const WriteOptions& options)
{
    const uint64_t total = TotalBytes(writes);
    if (const auto done = WriteAtOnce(resource, writes, total))
        return *done;
    if (writes.size() == 1 && IsStreamed(total, options))
        return WriteStreamed(resource, writes[0].offset, writes[0].bytes, options);

    CutWrites cut(m_workers, writes.size());
    Carriers carriers;
    CutWrites::Mark whole; // the end of the last write that is cut completely
    const auto commit = [&] {
        if (cut.IsEmpty())
            return;
        std::vector<CopyOp> ops = cut.Fill();
        const WriteShape shape = ShapeOf(ops);
        Join(resource, std::move(ops), shape, cut.Slices(), carriers);
        cut.Clear();
        whole = {};
    };
    const uint64_t most = m_staging->Desc().blockBytes;
    uint64_t missing = total;
    Slice slice; // for short writes: what is left of the last one
    for (size_t i = 0; i < writes.size(); ++i)
    {
        whole = cut.End();
        const uint64_t missingBefore = missing;
        uint64_t at = writes[i].offset;
        for (std::span<const std::byte> rest = writes[i].bytes; !rest.empty();)
        {
            const bool splittable = rest.size() >= kSplittable;
            if (splittable || slice.bytes < rest.size())
            {
                uint64_t wanted = rest.size();
                if (!splittable) // with the short ones behind it
                    for (size_t k = i + 1; k < writes.size() && writes[k].bytes.size() < kSplittable && wanted < most;
                         ++k)
                        wanted = AlignUp(wanted, kStagingAlignment) + writes[k].bytes.size();
                auto staging =
                    AllocateStaging(splittable ? 1 : rest.size(), std::min(wanted, most),
                                    splittable ? kStagingCacheLine : kStagingAlignment, missing, options, commit);
                if (!staging) // the writes before this one stand
                {
                    GiveBack(cut.TakeFrom(whole));
                    commit();
                    m_counters.uploadedBytes.fetch_add(total - missingBefore, std::memory_order_relaxed);
                    return Forward(staging);
                }
                cut.Add(*staging);
                slice = *staging;
            }
            const uint64_t bytes = std::min<uint64_t>(rest.size(), slice.bytes);
            cut.Add(CopyOp{at, slice.offset, bytes, slice.block}, rest.data());
            at += bytes;
            missing -= bytes;
            rest = rest.subspan(bytes);
            const uint64_t used = std::min(AlignUp(bytes, kStagingAlignment), slice.bytes);
            slice.offset += used;
            slice.bytes -= used;
        }
    }
    commit();
    m_counters.uploadedBytes.fetch_add(total, std::memory_order_relaxed);
    return carriers;
}

Result<UploadTicket::Carriers> TransferEngine::WritePacked(PackedWrites& packed, std::span<const BufferWrite> writes,
                                                           const WriteOptions& options)
{
    const uint64_t total = packed.Bytes();
    BufferResource& resource = *writes.front().buffer.Resource();
    if (const auto done = WriteAtOnce(resource, writes, total))
        return *done;
    {
        const std::lock_guard lock(m_mutex);
        packed.UseMemory(TakeSpareOps());
    }
    Carriers carriers;
    const auto commit = [&] {
        if (packed.Slices().empty())
            return;
        PackedWrites::Filled filled = packed.Fill();
        Join(resource, std::move(filled.ops), filled.shape, packed.Slices(), carriers);
        packed.ForgetSlices();
    };
    uint64_t missing = total;
    Result<void> staged;
    for (size_t part = 0; part < packed.Parts() && staged; ++part)
    {
        const uint64_t bytes = packed.BytesOf(part);
        if (auto slice = AllocateStaging(bytes, bytes, kStagingAlignment, missing, options, commit))
        {
            packed.Place(*slice);
            missing -= packed.PayloadOf(part);
        }
        else
            staged = Forward(slice); // the parts before this one stand
    }
    commit();
    m_counters.uploadedBytes.fetch_add(total - missing, std::memory_order_relaxed);
    if (!staged)
        return Forward(staged);
    return carriers;
}
} // namespace sedx
