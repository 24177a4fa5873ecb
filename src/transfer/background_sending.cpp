// Background writes: how they enter the queue, join batches, and what their tickets say. The queue is background_writes.h.
#include "transfer/transfer_engine.h"

#include "base/deadline.h"

#include <sedx/profile.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace sedx
{
// ---- queueing ------------------------------------------------------------------------------------------------------

Result<TransferEngine::Later> TransferEngine::WriteLater(std::span<const BufferWrite> writes,
                                                         const WriteOptions& options)
{
    SEDX_PROFILE_SCOPE("TransferEngine::WriteLater");
    for (const BufferWrite& write : writes)
        if (auto writable = CheckWritable(write.buffer, write.offset, write.bytes.size()); !writable)
            return Forward(writable);
    const bool isKept = options.source == SourceLifetime::KeptUntilComplete;
    Later later;
    uint64_t total = 0;
    uint64_t queuedBytes = 0;
    std::vector<BackgroundWrites::Element> queued;
    for (const BufferWrite& write : writes)
    {
        const uint64_t bytes = write.bytes.size();
        if (bytes == 0)
            continue;
        total += bytes;
        // Once one has to wait, the others wait behind it: in place they would come before it.
        if (!isKept && queued.empty() && WriteDirect(*write.buffer.Resource(), {&write, 1}, bytes))
        {
            later.carriers.inPlace = true;
            continue;
        }
        queued.push_back({BackingOf(*write.buffer.Resource()), write.offset, write.bytes});
        queuedBytes += bytes;
    }
    if (!queued.empty())
    {
        std::unique_ptr<std::byte[]> memory;
        if (!isKept)
        {
            memory.reset(new (std::nothrow) std::byte[queuedBytes]);
            if (!memory)
                return Fail(ErrorCode::OutOfHostMemory, "no memory for the {} bytes of a background write",
                            queuedBytes);
            std::byte* at = memory.get();
            for (BackgroundWrites::Element& element : queued)
            {
                m_workers.Copy(at, element.bytes.data(), element.bytes.size());
                element.bytes = {at, element.bytes.size()};
                at += element.bytes.size();
            }
        }
        BackgroundWrites::Added added = m_background.Add(queued, std::move(memory), isKept ? 0 : queuedBytes);
        m_counters.supersededBytes.fetch_add(added.superseded, std::memory_order_relaxed);
        later.queued = std::move(added.write);
    }
    m_counters.writes.fetch_add(writes.size(), std::memory_order_relaxed);
    m_counters.uploadedBytes.fetch_add(total, std::memory_order_relaxed);
    return later;
}

// ---- sending -------------------------------------------------------------------------------------------------------

Result<uint64_t> TransferEngine::SendQueued(const BackgroundWrites::Choice& choice, uint64_t most,
                                            const WriteOptions& options, uint64_t timeoutNs)
{
    const Deadline deadline(timeoutNs);
    const uint64_t blockBytes = m_staging->Desc().blockBytes;
    uint64_t sent = 0;
    while (sent < most)
    {
        const uint64_t wanted = m_background.StagingFor(choice, std::min(most - sent, blockBytes));
        if (wanted == 0)
            break;
        if (sent != 0 && deadline.LeftNs() == 0)
            return Fail(ErrorCode::Timeout, "{} bytes of background writes were sent in time, others were not", sent);
        auto slice = AllocateStaging(1, std::min(wanted, blockBytes), kStagingCacheLine, wanted, options, [] {});
        if (!slice)
            return Forward(slice);
        const std::vector<BackgroundWrites::Pinned> pins = m_background.Pin(choice, most - sent, slice->bytes);
        for (const BackgroundWrites::Pinned& pin : pins)
            m_workers.Copy(slice->Data() + pin.staged, pin.source, pin.bytes);
        sent += SettleQueued(pins, *slice);
    }
    m_counters.backgroundBytes.fetch_add(sent, std::memory_order_relaxed);
    return sent;
}

uint64_t TransferEngine::SettleQueued(std::span<const BackgroundWrites::Pinned> pins, const Slice& slice)
{
    const std::lock_guard lock(m_mutex);
    CollectLanes(); // what was written before the bytes were queued
    const uint64_t bytes =
        m_background.Settle(pins, slice, m_current->number, [this](const Ref<Backing>& backing, const CopyOp& op) {
            ListFor(*backing).Append(op);
            backing->lastBatch.store(m_current->number);
        });
    if (bytes != 0)
        m_current->Hold(slice.block);
    else
        m_staging->Release(slice.block, 1); // others were faster
    --m_openSlices;
    m_sliceAppended.notify_all();
    return bytes;
}

void TransferEngine::SendBackground(uint64_t frame) noexcept
{
    if (m_background.IsEmpty() || m_core->Device().IsLost())
        return;
    SEDX_PROFILE_SCOPE("TransferEngine::SendBackground");
    DropUnreachableQueued();
    // What cannot go out must not pile up.
    if (m_submitMode == SubmitMode::Own && HoldsBack())
        return;
    const uint64_t most = m_background.TakeTurn(frame);
    // Without memory for more the rest stays where it is.
    (void)SendQueued({}, most, {.outOfStaging = OutOfStaging::Fail}, UINT64_MAX);
}

void TransferEngine::DropUnreachableQueued() noexcept
{
    if (!m_background.IsEmpty())
        m_counters.droppedBytes.fetch_add(m_background.DropUnreachable(), std::memory_order_relaxed);
    m_background.TakeGone();
}

Result<void> TransferEngine::PromoteQueued(const Backing& backing, uint64_t offset, uint64_t bytes)
{
    if (!backing.queued.load(std::memory_order_relaxed))
        return {};
    const auto sent = SendQueued(m_background.In(backing, offset, bytes), UINT64_MAX,
                                 {.outOfStaging = OutOfStaging::Spill}, UINT64_MAX);
    if (!sent)
        return tl::unexpected(sent.error());
    m_counters.promotedBytes.fetch_add(*sent, std::memory_order_relaxed);
    return {};
}

Result<void> TransferEngine::PromoteSources(std::span<const BufferMove> moves)
{
    if (m_background.IsEmpty())
        return {};
    for (const BufferMove& move : moves)
    {
        if (!CheckMovable(move))
            return {}; // Copy says so, after those before it
        const CheckedRange range = Check(move.source);
        const Ref<Backing> source = BackingOf(*move.source.buffer.Resource());
        if (auto promoted = PromoteQueued(*source, range.offset, range.bytes); !promoted)
            return promoted;
    }
    return {};
}

Result<void> TransferEngine::Promote(BackgroundWrite& write)
{
    if (!m_alive.load())
        return {};
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    if (m_background.Look(write).isCancelled)
        return Fail(ErrorCode::Cancelled, "a background write of {} bytes was cancelled", write.bytes);
    const auto sent = SendQueued({.write = &write}, UINT64_MAX, {.outOfStaging = OutOfStaging::Spill}, UINT64_MAX);
    if (!sent)
        return tl::unexpected(sent.error());
    m_counters.promotedBytes.fetch_add(*sent, std::memory_order_relaxed);
    return {};
}

uint64_t TransferEngine::Cancel(BackgroundWrite& write) noexcept
{
    const uint64_t bytes = m_background.TakeBack(write, true);
    m_background.TakeGone();
    m_counters.cancelledBytes.fetch_add(bytes, std::memory_order_relaxed);
    return bytes;
}

// ---- tickets -------------------------------------------------------------------------------------------------------

std::shared_ptr<BackgroundWrite> TransferEngine::LastQueued(const Buffer& buffer)
{
    if (m_background.IsEmpty() || !buffer || buffer.Resource()->core != m_core.get())
        return nullptr;
    const Ref<Backing> backing = BackingOf(*buffer.Resource());
    return backing ? m_background.NewestFor(*backing) : nullptr;
}

bool TransferEngine::IsComplete(BackgroundWrite& write) noexcept
{
    if (!m_alive.load())
        return true;
    if (m_core->Device().IsLost())
        m_background.TakeBack(write, false); // nobody reads the source any more
    const BackgroundWrites::Progress progress = m_background.Look(write);
    if (progress.isCancelled)
        return true;
    return progress.queuedBytes == 0 && !progress.isRead &&
           (progress.batches.empty() || IsComplete(progress.batches.back()));
}

Result<void> TransferEngine::Wait(BackgroundWrite& write, uint64_t timeoutNs)
{
    const Deadline deadline(timeoutNs);
    if (!m_alive.load())
        return {};
    if (m_core->Device().IsLost())
    {
        m_background.TakeBack(write, false);
        return m_core->Device().LostError();
    }
    if (m_background.Look(write).queuedBytes != 0)
    {
        if (m_submitMode != SubmitMode::Own)
            return Fail(
                ErrorCode::NotSubmitted,
                "a background write is queued: the engine calls CmdFlush, after Promote if it shall go at once");
        const auto sent = SendQueued({.write = &write}, UINT64_MAX, {}, timeoutNs);
        if (!sent)
            return tl::unexpected(sent.error());
        m_counters.promotedBytes.fetch_add(*sent, std::memory_order_relaxed);
    }
    m_background.WaitForReaders(write);
    const BackgroundWrites::Progress progress = m_background.Look(write);
    if (progress.isCancelled)
        return Fail(ErrorCode::Cancelled, "a background write of {} bytes was cancelled", write.bytes);
    if (progress.batches.empty())
        return {}; // all of it was written over
    const uint64_t last = progress.batches.back();
    if (auto waited = Wait({last, last, 0}, deadline.LeftNs(), WaitCause::Upload); !waited)
        return waited;
    const std::lock_guard lock(m_mutex);
    for (const uint64_t batch : progress.batches) // those between them carry other bytes
        if (const auto failure = m_failures.find(batch); failure != m_failures.end())
            return tl::unexpected(failure->second);
    return {};
}

Result<TimelinePoint> TransferEngine::PointOf(BackgroundWrite& write)
{
    if (IsComplete(write))
        return TimelinePoint{};
    const BackgroundWrites::Progress progress = m_background.Look(write);
    if (progress.queuedBytes != 0 || progress.batches.empty())
        return Fail(ErrorCode::NotSubmitted, "{} of {} bytes of a background write are queued", progress.queuedBytes,
                    write.bytes);
    return PointOf(Carriers{progress.batches.back(), progress.batches.back(), 0});
}

std::string TransferEngine::Explain(BackgroundWrite& write) noexcept
{
    if (!m_alive.load())
        return "The system of the ticket is gone.";
    const BackgroundWrites::Progress progress = m_background.Look(write);
    const std::string sent =
        progress.batches.empty()
            ? std::string("Nothing of it was sent.")
            : "What was sent: " + Explain(Carriers{progress.batches.front(), progress.batches.back(), 0});
    if (progress.isCancelled)
        return "A background write that was cancelled. " + sent;
    if (progress.queuedBytes != 0)
        return fmt::format(
            "A background write: {} of {} bytes are queued, {} bytes are in the queue, and {} go out in a "
            "frame at most. {}",
            progress.queuedBytes, write.bytes, m_background.QueuedBytes(), m_background.BytesPerFrame(), sent);
    if (progress.batches.empty())
        return "A background write that was not sent: its bytes were written over, or its buffer was dropped; "
               "complete.";
    return "A background write, " + Explain(Carriers{progress.batches.front(), progress.batches.back(), 0});
}
} // namespace sedx
