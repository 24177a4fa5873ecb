// Staging: who gets it, who waits for it, and how it comes back when there is no more.
#include "transfer/transfer_engine.h"

#include "base/align.h"

#include <algorithm>
#include <bit>
#include <chrono>

namespace sedx
{
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
} // namespace sedx
