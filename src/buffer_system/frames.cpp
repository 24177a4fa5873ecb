// The frame side of a BufferSystem.
#include "buffer/range.h"
#include "buffer_system/system_impl.h"

#include <sedx/log.h>
#include <sedx/profile.h>

namespace sedx
{
Result<Frame> BufferSystem::BeginFrame()
{
    SEDX_PROFILE_SCOPE("BufferSystem::BeginFrame");
    if (m_impl->core->Device().IsLost())
        return m_impl->core->Device().LostError();
    m_impl->PollAndBind();
    auto number = m_impl->core->Frames().Begin();
    if (!number)
        return Forward(number);
    m_impl->core->Memory().SampleBudget(*number, m_impl->core->Allocator().Now());
    m_impl->core->SamplePeaks();
    m_impl->transfers->Update(); // pacing may have let more pass
    m_impl->core->Reclaim();
    m_impl->modules.Update();
    return Frame(this, *number);
}

Result<void> BufferSystem::EndFrame(const Frame& frame)
{
    SEDX_PROFILE_SCOPE("BufferSystem::EndFrame");
    if (frame.System() != this)
        return Fail(ErrorCode::WrongState, "EndFrame: the frame is not one of this system");
    if (m_impl->core->Frames().HasSignals() && m_impl->transfers->LacksSubmission(frame.Number()))
        return Fail(ErrorCode::WrongState,
                    "EndFrame: CmdFlush recorded copies into frame {}, but no SubmitSync of its queue "
                    "followed",
                    frame.Number());
    if (auto ended = m_impl->core->Frames().End(frame.Number()); !ended)
        return ended;
    m_impl->core->ForgetFrame(frame.Number());
    if (HazardRecorder* hazards = m_impl->core->Hazards())
        hazards->OnFrameEnded(frame.Number());
    Result<void> result;
    if (m_impl->core->Device().IsLost())
        result = m_impl->core->Device().LostError();
    else if (m_impl->transfers->SubmitsItself())
    {
        m_impl->transfers->SendBackground(frame.Number());
        m_impl->transfers->RequestSubscribed(frame.Number());
        if (auto sent = m_impl->transfers->Submit(frame.Number()); !sent)
            result = Forward(sent);
    }
    m_impl->PollAndBind();
    return result;
}

Result<void> BufferSystem::AbandonFrame(const Frame& frame)
{
    if (frame.System() != this)
        return Fail(ErrorCode::WrongState, "AbandonFrame: the frame is not one of this system");
    if (!m_impl->core->Frames().IsOpen(frame.Number()))
        return Fail(ErrorCode::WrongState, "frame {} is not open", frame.Number());
    m_impl->transfers->OnAbandoned(frame.Number()); // before the frame counts as passed
    if (HazardRecorder* hazards = m_impl->core->Hazards())
        hazards->OnFrameAbandoned(frame.Number());
    if (auto abandoned = m_impl->core->Frames().Abandon(frame.Number()); !abandoned)
        return abandoned;
    m_impl->core->ForgetFrame(frame.Number());
    m_impl->PollAndBind();
    return {};
}

Result<void> BufferSystem::RetireFrame(uint64_t number)
{
    if (auto retired = m_impl->core->Frames().Retire(number); !retired)
        return retired;
    m_impl->PollAndBind();
    return {};
}

Frame BufferSystem::GetCurrentFrame() const noexcept
{
    const uint64_t number = m_impl->core->Frames().CurrentOpen();
    return number != 0 ? Frame(const_cast<BufferSystem*>(this), number) : Frame();
}

uint64_t BufferSystem::CompletedFrame() const noexcept { return m_impl->core->Frames().Completed(); }

bool BufferSystem::HasPassed(TimelinePoint point) const noexcept
{
    if (point.queue > kTransferTimeline)
        return false;
    if (m_impl->core->GetTimelines().HasPassed(point))
        return true;
    m_impl->core->GetTimelines().Poll();
    return m_impl->core->GetTimelines().HasPassed(point);
}

void BufferSystem::Poll() { m_impl->PollAndBind(); }

// ---- Frame ---------------------------------------------------------------------------------------------------------

uint32_t Frame::Index() const noexcept
{
    return m_system != nullptr ? static_cast<uint32_t>((m_number - 1) % m_system->Desc().framesInFlight) : 0;
}

ResolvedBuffer Frame::Resolve(const Buffer& buffer) const noexcept
{
    if (m_system == nullptr || !buffer)
    {
        SEDX_CORE_ERROR_TAG("CHECK", "Resolve: the {} is empty", m_system == nullptr ? "frame" : "buffer handle");
        return {};
    }
    BufferCore& core = *m_system->Internals().core;
    if (buffer.Resource()->core != &core)
    {
        SEDX_CORE_ERROR_TAG("CHECK", "Resolve: buffer '{}' belongs to another system", buffer.Name());
        return {};
    }
    const uint32_t slot = core.Frames().SlotOf(m_number);
    if (slot == FrameTracker::kNoSlot)
    {
        SEDX_CORE_ERROR_TAG("CHECK", "Resolve of buffer '{}': frame {} is not open", buffer.Name(), m_number);
        return {};
    }
    return core.Resolve(*buffer.Resource(), m_number, slot);
}

ResolvedBuffer Frame::Resolve(const BufferView<>& view) const noexcept
{
    const CheckedRange range = Check(view);
    if (!range.valid)
    {
        SEDX_CORE_ERROR_TAG("CHECK", "Resolve: bytes {} + {} leave buffer '{}' of {} bytes", view.offset, view.bytes,
                            view.buffer.Name(), view.buffer.GetSize());
        return {};
    }
    ResolvedBuffer resolved = Resolve(view.buffer);
    if (!resolved)
        return resolved;
    resolved.offset += range.offset;
    resolved.size = range.bytes;
    if (resolved.address != 0)
        resolved.address += range.offset;
    if (resolved.mapped != nullptr)
        resolved.mapped = static_cast<std::byte*>(resolved.mapped) + range.offset;
    return resolved;
}

Result<class SubmitSync> Frame::SubmitSync(uint32_t queue, std::span<const QueueWait> waits) const
{
    if (m_system == nullptr)
        return Fail(ErrorCode::WrongState, "SubmitSync: the frame is empty");
    BufferSystem::Impl& impl = m_system->Internals();
    BufferCore& core = *impl.core;
    if (core.Device().IsLost())
        return core.Device().LostError();
    if (queue >= core.GetTimelines().QueueCount())
        return Fail(ErrorCode::InvalidArgument, "there is no queue {}; the device has {}", queue,
                    core.GetTimelines().QueueCount());
    if (!core.Frames().IsOpen(m_number))
        return Fail(ErrorCode::WrongState, "SubmitSync: frame {} is not open", m_number);
    std::vector<VkSemaphoreSubmitInfo> extraWaits; // allocates nothing as a rule
    for (const QueueWait& wait : waits)
    {
        auto info = SubmitInfoOf(*m_system, wait);
        if (!info)
            return Forward(info);
        if (wait.point.value != 0)
            extraWaits.push_back(*info);
    }
    if (impl.transfers->SubmitsItself())
    {
        if (auto sent = impl.transfers->Submit(TransferEngine::kNoReads); !sent)
            return Forward(sent);
    }
    // Rings and leases of this frame; Submit did it if there was something to send.
    if (const VkResult result = core.FlushHostWrites(); result != VK_SUCCESS)
        return FailVk(result, "flushing host writes");
    core.GetTimelines().Poll();
    return impl.transfers->HandOut(m_number, queue, extraWaits);
}
} // namespace sedx
