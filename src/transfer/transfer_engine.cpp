// Collecting: what Write and Request do on the caller's thread.
#include "transfer/transfer_engine.h"

#include "base/align.h"
#include "buffer/range.h"
#include "transfer/cut_writes.h"
#include "transfer/packed_writes.h"

#include <sedx/log.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>

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

BlockPoolDesc StagingDesc(const BufferSystemDesc& desc)
{
    BlockPoolDesc pool;
    pool.usage = BufferUsage::TransferSrc | BufferUsage::DeviceAddress; // shaders read it, too
    pool.memory = MemoryType::CPU;
    pool.role = MemoryRole::Staging;
    pool.blockBytes = desc.stagingBlockBytes;
    pool.limitBytes = desc.stagingLimitBytes;
    pool.warmBytes = desc.warmStagingBytes;
    pool.warmNs = desc.warmMemoryNs;
    pool.name = "sedx staging";
    return pool;
}

BlockPoolDesc ReadbackDesc(const BufferSystemDesc& desc)
{
    BlockPoolDesc pool;
    pool.usage = BufferUsage::TransferDst;
    pool.memory = MemoryType::Readback;
    pool.role = MemoryRole::Readback;
    pool.blockBytes = std::min<uint64_t>(desc.stagingBlockBytes, 1ull << 20);
    pool.limitBytes = ~uint64_t{0}; // the caller holds the tickets, so the caller decides
    pool.warmBytes = desc.warmStagingBytes;
    pool.warmNs = desc.warmMemoryNs;
    pool.name = "sedx read-back";
    return pool;
}
} // namespace

TransferEngine::TransferEngine(std::shared_ptr<BufferCore> core, const BufferSystemDesc& desc,
                               const TransferProfile& profile)
    : m_core(std::move(core)), m_submitMode(desc.submitMode), m_path(desc.transferPath),
      m_transferQueue(desc.transferQueue), m_workers(profile.copyThreads),
      m_staging(std::make_unique<BlockPool>(*m_core, StagingDesc(desc))),
      m_readback(std::make_unique<BlockPool>(*m_core, ReadbackDesc(desc))), m_lanes(*m_core, *m_staging),
      m_background(desc.backgroundBytesPerFrame), m_framesInFlight(desc.framesInFlight),
      m_current(std::make_unique<Batch>()), m_ownership(*m_core)
{
    TakeProfile(profile);
    m_current->number = 1;
    m_pressureHandler = m_core->Allocator().Ladder().Register(PressureStep::TrimPools, "idle staging",
                                                              [this](const PressureRequest&) { return ReleaseIdle(); });
}

TransferEngine::~TransferEngine() = default;

std::shared_ptr<TransferEngine> TransferEngine::Create(std::shared_ptr<BufferCore> core, const BufferSystemDesc& desc,
                                                       const TransferProfile& profile)
{
    // An allocation of its own: links keep what std::make_shared allocates.
    std::shared_ptr<TransferEngine> engine(new TransferEngine(std::move(core), desc, profile));
    engine->m_link = EngineLink::To(engine);
    return engine;
}

TransferProfile TransferEngine::Profile() const noexcept
{
    const std::lock_guard lock(m_profileMutex);
    return m_profile;
}

void TransferEngine::TakeProfile(const TransferProfile& profile) noexcept
{
    const std::lock_guard lock(m_profileMutex);
    m_profile = profile;
    m_directMaxBytes.store(profile.directMaxBytes, std::memory_order_relaxed);
    m_chunkBytes.store(profile.chunkBytes, std::memory_order_relaxed);
}

bool TransferEngine::IsWritable(const Buffer& buffer, uint64_t offset, uint64_t bytes) const noexcept
{
    return buffer && m_alive.load(std::memory_order_relaxed) && buffer.Resource()->core == m_core.get() &&
           !m_core->Device().IsLost() && FitsInto(offset, bytes, buffer.Resource()->bytes) &&
           !IsOutOfReach(*buffer.Resource());
}

Result<void> TransferEngine::CheckWritable(const Buffer& buffer, uint64_t offset, uint64_t bytes) const
{
    if (IsWritable(buffer, offset, bytes))
        return {};
    if (!buffer)
        return Fail(ErrorCode::InvalidArgument, "cannot write {} bytes to an empty handle", bytes);
    if (!m_alive.load() || buffer.Resource()->core != m_core.get())
        return Fail(ErrorCode::WrongState, "the system of buffer '{}' is gone, or another one", buffer.Name());
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    if (!FitsInto(offset, bytes, buffer.GetSize()))
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} leave buffer '{}' of {} bytes", offset, bytes, buffer.Name(),
                    buffer.GetSize());
    // Out of reach, unless what is there need not be kept.
    BufferResource& resource = *buffer.Resource();
    const std::lock_guard lock(m_mutex);
    const Ref<Backing> backing = BackingOf(resource);
    if (backing && !OwnershipBook::IsFresh(*backing, offset, bytes))
        return ForeignBuffer(resource, "writes again to");
    return {};
}

bool TransferEngine::WriteDirect(BufferResource& resource, std::span<const BufferWrite> writes, uint64_t total)
{
    const std::lock_guard lock(resource.mutex); // no frame resolves the buffer in between
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

Result<Slice> TransferEngine::AllocateStaging(uint64_t minBytes, uint64_t bytes, uint64_t alignment, uint64_t missing,
                                              const WriteOptions& options, const std::function<void()>& commit)
{
    const auto allocate = [&](bool beyondLimit) {
        const auto once = [&] {
            const std::lock_guard lock(m_mutex);
            auto slice = m_staging->Allocate(minBytes, bytes, alignment, beyondLimit);
            if (slice)
                ++m_openSlices;
            return slice;
        };
        auto slice = once();
        return !slice && slice.error().code == ErrorCode::OutOfDeviceMemory ? m_staging->Relieve(minBytes, once)
                                                                            : slice;
    };
    const auto isExhausted = [](const Result<Slice>& slice) {
        return !slice && slice.error().code == ErrorCode::OutOfStaging;
    };
    if (!m_staging->FitsCurrent(minBytes, alignment))
        PollAll(); // a block that has passed is better than another one
    for (uint32_t fruitless = 0;;)
    {
        auto slice = allocate(false);
        if (!isExhausted(slice))
            return slice;
        const OutOfStaging policy = options.onOutOfStaging ? options.onOutOfStaging(missing) : options.outOfStaging;
        PollAll(); // what has passed since the last poll may be enough
        slice = allocate(policy == OutOfStaging::Spill);
        if (!isExhausted(slice) || policy == OutOfStaging::Fail)
            return slice;
        if (m_submitMode != SubmitMode::Own)
            return Fail(ErrorCode::NotSubmitted,
                        "staging is exhausted ({} bytes), and in recorded mode only CmdFlush "
                        "can send out what was collected",
                        m_staging->Desc().limitBytes);
        commit();
        const auto waited = WaitForStaging();
        if (!waited)
            return tl::unexpected(waited.error());
        // Nothing holds staging, twice in a row: no other thread was in between, the request is too large.
        fruitless = *waited ? 0 : fruitless + 1;
        if (fruitless == 2)
            return Fail(ErrorCode::OutOfStaging, "{} bytes in one piece do not fit into the staging limit of {} bytes",
                        minBytes, m_staging->Desc().limitBytes);
    }
}

void TransferEngine::GiveBack(std::span<const Slice> slices)
{
    const std::lock_guard lock(m_mutex);
    for (const Slice& slice : slices)
        m_staging->Release(slice.block, 1);
    m_openSlices -= slices.size();
    m_sliceAppended.notify_all();
}

// Lets staging come back. False: there was nothing to wait for.
Result<bool> TransferEngine::WaitForStaging()
{
    if (auto sent = Submit(kNoReads); !sent)
        return Forward(sent);
    uint64_t oldest = 0;
    {
        std::unique_lock lock(m_mutex);
        if (!m_pending.empty())
            oldest = m_pending.front()->number;
        else if (m_openSlices != 0) // another thread is still copying into its staging
        {
            const auto begin = std::chrono::steady_clock::now();
            m_sliceAppended.wait(lock);
            m_core->GetTimelines().CountWait(WaitCause::BackPressure,
                                             static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                                       std::chrono::steady_clock::now() - begin)
                                                                       .count()));
            return true;
        }
        else if (!m_leases.empty())
            return Fail(ErrorCode::OutOfStaging,
                        "staging is exhausted ({} bytes) by leases of frames that have not passed",
                        m_staging->Desc().limitBytes);
        else if (m_current->HasWrites() || m_lanes.HasWrites())
            return true; // collected by another thread just now: submitted in the next round
    }
    if (oldest == 0)
        return false;
    auto waited = Wait({oldest, oldest, 0}, UINT64_MAX, WaitCause::BackPressure);
    const std::lock_guard lock(m_mutex);
    // A batch that failed gave its staging back all the same; its own tickets say so.
    if (!waited && !m_failures.contains(oldest))
        return Forward(waited);
    return true;
}

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
    while (!writes.empty())
    {
        // Neighbours that go into the same buffer share the work.
        const std::span group = FirstGroup(writes);
        const auto written = WriteGroup(group, options);
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
    const BufferWrite& first = writes.front();
    if (writes.size() == 1)
        if (const uint64_t batch = WriteShort(first.buffer, first.offset, first.bytes); batch != 0)
            return Carriers{batch, batch, 0};
    if (PackedWrites packed(m_workers, writes, m_staging->Desc().blockBytes);
        packed.Measure() && IsWritable(first.buffer, 0, 0))
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

// `writes`: all into this buffer, checked. First all of them are cut, then all are filled, then they join the batch at hand
// together, so that no submission sends a half.
Result<UploadTicket::Carriers> TransferEngine::WriteTo(BufferResource& resource, std::span<const BufferWrite> writes,
                                                       const WriteOptions& options)
{
    const uint64_t total = TotalBytes(writes);
    if (total == 0)
        return Carriers{};
    m_counters.writes.fetch_add(writes.size(), std::memory_order_relaxed);
    if (WriteDirect(resource, writes, total))
    {
        m_counters.uploadedBytes.fetch_add(total, std::memory_order_relaxed);
        return Carriers{.inPlace = true};
    }
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
    if (total == 0)
        return Carriers{};
    BufferResource& resource = *writes.front().buffer.Resource();
    m_counters.writes.fetch_add(writes.size(), std::memory_order_relaxed);
    if (WriteDirect(resource, writes, total))
    {
        m_counters.uploadedBytes.fetch_add(total, std::memory_order_relaxed);
        return Carriers{.inPlace = true};
    }
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

Result<StagingLease> TransferEngine::Stage(uint64_t bytes, uint64_t alignment, uint64_t frame,
                                           OutOfStaging outOfStaging)
{
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    if (bytes == 0)
        return Fail(ErrorCode::OutOfRange, "0 bytes of staging were asked for");
    if (alignment == 0)
        alignment =
            std::bit_ceil(std::max<uint64_t>(16, m_core->Device().properties.limits.optimalBufferCopyOffsetAlignment));
    if (!IsPowerOfTwo(alignment))
        return Fail(ErrorCode::InvalidArgument, "alignment {} is not a power of two", alignment);
    if (!m_core->Frames().IsOpen(frame))
        return Fail(ErrorCode::WrongState, "staging can be leased for an open frame only; frame {} is not open", frame);
    WriteOptions options;
    options.outOfStaging = outOfStaging;
    auto slice = AllocateStaging(bytes, bytes, alignment, bytes, options, [] {});
    if (!slice)
        return Forward(slice);
    const std::lock_guard lock(m_mutex);
    --m_openSlices;
    m_sliceAppended.notify_all();
    m_leases.push_back({frame, slice->block});
    StagingLease lease;
    lease.buffer = slice->block->backing->memory.buffer;
    lease.offset = slice->block->backing->memory.offset + slice->offset;
    lease.mapped = {slice->Data(), static_cast<size_t>(bytes)};
    lease.ticket = UploadTicket(m_link, {0, 0, frame});
    return lease;
}

Result<void> TransferEngine::Prewarm(uint64_t bytes)
{
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    PollAll(); // what has passed is warm already
    {
        const std::lock_guard lock(m_mutex);
        ++m_openSlices; // who finds no staging meanwhile waits for it
    }
    auto made = m_staging->Prewarm(bytes);
    const std::lock_guard lock(m_mutex);
    --m_openSlices;
    m_sliceAppended.notify_all();
    return made;
}

uint64_t TransferEngine::ReleaseIdle() noexcept
{
    DropUnreachableQueued();
    PollAll();
    return m_staging->ReleaseIdle() + m_readback->ReleaseIdle();
}

uint64_t TransferEngine::NumberOf(const Frame& frame) const noexcept
{
    if (!m_alive.load())
        return 0;
    if (!frame)
        return m_core->Frames().CurrentOpen();
    return frame.System() == m_system ? frame.Number() : 0;
}

UploadTicket::Carriers TransferEngine::LastTransfer(const Buffer& buffer)
{
    if (!buffer || !m_alive.load() || buffer.Resource()->core != m_core.get())
        return {};
    const std::lock_guard lock(buffer.Resource()->mutex);
    const Ref<Backing>& backing = buffer.Resource()->backing;
    const uint64_t number = backing ? backing->lastBatch.load() : 0;
    return {number, number, 0};
}
} // namespace sedx
