// Completion: what batches held comes back when the GPU has passed them, and tickets learn of it.
#include "transfer/transfer_engine.h"

#include <algorithm>

namespace sedx
{
Batch* TransferEngine::FindPending(uint64_t number) const noexcept
{
    for (const auto& batch : m_pending)
        if (batch->number == number)
            return batch.get();
    return nullptr;
}

void TransferEngine::PollAll() noexcept
{
    m_core->PollFrames();
    Update();
}

void TransferEngine::Update() noexcept
{
    std::vector<std::unique_ptr<Batch>> passed;
    {
        const std::lock_guard lock(m_mutex);
        const uint64_t completedFrame = m_core->Frames().Completed();
        while (!m_pending.empty())
        {
            Batch& batch = *m_pending.front();
            const bool hasPassed = batch.state == Batch::State::Failed ||
                                   (batch.state == Batch::State::Submitted &&
                                    m_core->GetTimelines().HasPassed({kTransferTimeline, batch.transferValue})) ||
                                   (batch.state == Batch::State::Recorded && completedFrame >= batch.frame);
            if (!hasPassed)
                break;
            for (const auto& [block, slices] : batch.slices)
                m_staging->Release(block, slices);
            if (batch.commands != SIZE_MAX)
                m_commands[batch.commands].free = true;
            m_core->completedBatch.store(batch.number);
            passed.push_back(std::move(m_pending.front()));
            m_pending.pop_front();
        }
        m_ownership.Settle();
        std::erase_if(m_leases, [&](const Lease& lease) {
            if (lease.frame > completedFrame)
                return false;
            m_staging->Release(lease.block, 1);
            return true;
        });
    }
    passed.clear(); // drops backings and read-back records, outside of the lock
    m_background.TakeGone();
}

bool TransferEngine::IsComplete(uint64_t batch) noexcept
{
    if (!m_alive.load() || batch <= m_core->completedBatch.load())
        return true;
    if (m_core->Device().IsLost())
        return true; // Wait says so
    PollAll();
    return batch <= m_core->completedBatch.load();
}

Result<void> TransferEngine::Wait(Carriers carriers, uint64_t timeoutNs, WaitCause cause)
{
    if (!m_alive.load())
        return {};
    if (carriers.frame != 0)
        return WaitForFrame(carriers.frame, timeoutNs, cause);
    const uint64_t number = carriers.lastBatch;
    if (number == 0)
        return {};
    PollAll();
    const auto isCollecting = [&] {
        const std::lock_guard lock(m_mutex);
        return number >= m_current->number;
    };
    if (isCollecting())
    {
        if (m_submitMode != SubmitMode::Own)
            return Fail(ErrorCode::NotSubmitted, "the copies were not recorded yet: the engine calls CmdFlush");
        // Whoever waits for an upload does not send other people's read-backs before their frame has ended.
        if (auto sent = Submit(cause == WaitCause::Readback ? kAllReads : kNoReads); !sent)
            return Forward(sent);
        if (isCollecting())
            return Fail(ErrorCode::NotSubmitted, "the copies wait for the end of a frame with recorded copies");
    }
    TimelinePoint point{kTransferTimeline, 0};
    uint64_t frame = 0;
    {
        const std::lock_guard submitLock(m_submitMutex); // a batch that is being recorded has its value afterwards
        const std::lock_guard lock(m_mutex);
        if (const Batch* batch = FindPending(number))
        {
            point.value = batch->transferValue;
            frame = batch->state == Batch::State::Recorded ? batch->frame : 0;
        }
    }
    Result<void> waited;
    if (frame != 0)
        waited = WaitForFrame(frame, timeoutNs, cause);
    else if (const VkResult result = m_core->GetTimelines().Wait({&point, 1}, timeoutNs, cause); result != VK_SUCCESS)
        waited = result == VK_ERROR_DEVICE_LOST ? m_core->Device().LostError() : FailVk(result, "waiting for copies");
    PollAll();
    const std::lock_guard lock(m_mutex);
    // Any of the batches may have failed.
    if (const auto failure = m_failures.lower_bound(carriers.firstBatch);
        failure != m_failures.end() && failure->first <= number)
        return tl::unexpected(failure->second);
    return waited;
}

Result<TimelinePoint> TransferEngine::PointOf(Carriers carriers)
{
    if (IsComplete(carriers.lastBatch) && HasFramePassed(carriers.frame))
        return TimelinePoint{};
    if (carriers.frame != 0)
    {
        const std::vector<TimelinePoint> points = m_core->Frames().PointsOf(carriers.frame);
        if (points.empty() && HasFramePassed(carriers.frame))
            return TimelinePoint{};
        if (points.size() == 1 && !m_core->Frames().IsOpen(carriers.frame))
            return points.front();
        return Fail(ErrorCode::NotSubmitted,
                    "frame {} is still open, or has work on {} queues: there is no single point", carriers.frame,
                    points.size());
    }
    const std::lock_guard submitLock(m_submitMutex); // a batch that is being recorded has its value afterwards
    const std::lock_guard lock(m_mutex);
    const Batch* batch = FindPending(carriers.lastBatch);
    if (batch == nullptr && carriers.lastBatch >= m_current->number)
        return Fail(ErrorCode::NotSubmitted, "the copies were not submitted yet");
    if (batch == nullptr || batch->state == Batch::State::Failed)
        return TimelinePoint{};
    if (batch->state == Batch::State::Submitted)
        return TimelinePoint{kTransferTimeline, batch->transferValue};
    if (batch->point.value == 0 || !m_core->Frames().HasSignals())
        return Fail(ErrorCode::NotSubmitted, "the submission that carries the copies has no point yet");
    return batch->point;
}

bool TransferEngine::HasFramePassed(uint64_t frame) noexcept
{
    if (frame == 0 || !m_alive.load() || frame <= m_core->Frames().Completed())
        return true;
    PollAll();
    return frame <= m_core->Frames().Completed();
}

Result<void> TransferEngine::WaitForFrame(uint64_t frame, uint64_t timeoutNs, WaitCause cause)
{
    if (!m_alive.load())
        return {};
    const VkResult result = m_core->Frames().WaitFor(frame, timeoutNs, cause);
    PollAll();
    if (result == VK_NOT_READY)
        return Fail(ErrorCode::NotSubmitted, "frame {} has not ended, or only the engine knows when it has passed",
                    frame);
    if (result == VK_ERROR_DEVICE_LOST)
        return m_core->Device().LostError();
    if (result != VK_SUCCESS)
        return FailVk(result, "waiting for frame {}", frame);
    return {};
}

bool TransferEngine::IsSettled(const ReadbackRecord& record) noexcept { return IsComplete(record.batch.load()); }

VkResult TransferEngine::PrepareBytes(ReadbackRecord& record) noexcept
{
    if (!m_alive.load() || record.batch.load() > m_core->completedBatch.load())
        return VK_NOT_READY;
    const std::lock_guard lock(m_mutex);
    if (m_failures.contains(record.batch.load()))
        return VK_ERROR_UNKNOWN;
    if (record.visible)
        return VK_SUCCESS;
    const VkResult result =
        m_core->Memory().Invalidate(record.slice.block->backing->memory, record.slice.offset, record.slice.bytes);
    record.visible = result == VK_SUCCESS;
    return result;
}

void TransferEngine::Release(ReadbackRecord& record) noexcept
{
    if (m_alive.load())
        m_readback->Release(record.slice.block, 1);
}

ReadbackRecord::~ReadbackRecord()
{
    if (engine)
        engine->Release(*this);
}
} // namespace sedx
