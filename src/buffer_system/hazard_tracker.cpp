#include <sedx/hazard_tracker.h>

#include "buffer/named_range.h"
#include "buffer/range.h"
#include "buffer_system/barriers.h"

#include <sedx/log.h>

namespace sedx
{
namespace
{
// Whether the call makes sense; says what is wrong otherwise.
bool IsUsable(const char* call, const Frame& frame, VkCommandBuffer cmd, const HazardRecorder* recorder)
{
    if (frame.System() != nullptr && frame.System()->Internals().core->Hazards() != recorder)
    {
        SEDX_CORE_ERROR_TAG("CHECK", "{}: frame {} is one of another system", call, frame.Number());
        return false;
    }
    const auto usable = CheckRecording(call, frame, cmd);
    if (!usable)
        SEDX_CORE_ERROR_TAG("CHECK", "{}", usable.error().message);
    return usable.has_value();
}

void NoteHost(HazardRecorder& recorder, const char* call, const BufferView<>& view, bool isWrite,
              const std::source_location& where)
{
    const CheckedRange range = Check(view);
    if (!view.buffer || view.buffer.Resource()->core->Hazards() != &recorder || !range.valid)
    {
        SEDX_CORE_ERROR_TAG("CHECK", "{}: bytes {} + {} are none of buffer '{}' of this system", call, view.offset,
                            view.bytes, view.buffer.Name());
        return;
    }
    BufferResource& resource = *view.buffer.Resource();
    const std::lock_guard lock(resource.mutex);
    if (resource.backing)
        recorder.OnHost(NamedRangeOf(resource, resource.backing->memory, range.offset, range.bytes), isWrite, where);
}
} // namespace

void HazardTracker::CmdBegin(const Frame& frame, VkCommandBuffer cmd, uint32_t queue)
{
    constexpr const char* kCall = "HazardTracker::CmdBegin";
    if (m_recorder == nullptr || !IsUsable(kCall, frame, cmd, m_recorder))
        return;
    if (const size_t queues = frame.System()->Internals().core->Device().queues.size(); queue >= queues)
        SEDX_CORE_ERROR_TAG("CHECK", "{}: there is no queue {}; the device has {}", kCall, queue, queues);
    else
        m_recorder->OnCommands(frame.Number(), cmd, queue);
}

void HazardTracker::CmdAccess(const Frame& frame, VkCommandBuffer cmd, const BufferView<>& view, Use use,
                              std::source_location where)
{
    CmdAccess(frame, cmd, std::span(&view, 1), use, where);
}

void HazardTracker::CmdAccess(const Frame& frame, VkCommandBuffer cmd, std::span<const BufferView<>> views, Use use,
                              std::source_location where)
{
    constexpr const char* kCall = "HazardTracker::CmdAccess";
    if (m_recorder == nullptr || !IsUsable(kCall, frame, cmd, m_recorder))
        return;
    for (const BufferView<>& view : views)
    {
        const auto resolved = ResolveChecked(kCall, frame, view);
        if (!resolved)
        {
            SEDX_CORE_ERROR_TAG("CHECK", "{}", resolved.error().message);
            continue;
        }
        const MemoryRange range{reinterpret_cast<uint64_t>(resolved->buffer), resolved->offset,
                                resolved->offset + resolved->size};
        m_recorder->OnAccess(frame.Number(), cmd,
                             {range, resolved->offset - view.offset, view.buffer.ID(), view.buffer.Name()}, use, where,
                             true);
    }
}

void HazardTracker::VkCmdAccess(const Frame& frame, VkCommandBuffer cmd, VkBuffer buffer, uint64_t offset,
                                uint64_t bytes, std::string_view name, Use use, std::source_location where)
{
    if (m_recorder == nullptr || !IsUsable("HazardTracker::VkCmdAccess", frame, cmd, m_recorder))
        return;
    const MemoryRange range{reinterpret_cast<uint64_t>(buffer), offset, offset + bytes};
    m_recorder->OnAccess(frame.Number(), cmd, {range, 0, {}, name}, use, where, true);
}

void HazardTracker::CmdBarrier(const Frame& frame, VkCommandBuffer cmd, const VkDependencyInfo& info)
{
    if (m_recorder != nullptr && IsUsable("HazardTracker::CmdBarrier", frame, cmd, m_recorder))
        m_recorder->OnBarrier(frame.Number(), cmd, info);
}

void HazardTracker::NextSubmitWaits(const Frame& frame, uint32_t queue, const QueueWait& wait)
{
    if (m_recorder == nullptr)
        return;
    if (!frame || frame.System()->Internals().core->Hazards() != m_recorder || wait.point.queue > kTransferTimeline)
        SEDX_CORE_ERROR_TAG("CHECK", "HazardTracker::NextSubmitWaits: there is no such frame or timeline");
    else
        m_recorder->OnNextWait(frame.Number(), queue, wait);
}

void HazardTracker::HostWrite(const BufferView<>& view, std::source_location where)
{
    if (m_recorder != nullptr)
        NoteHost(*m_recorder, "HazardTracker::HostWrite", view, true, where);
}

void HazardTracker::HostRead(const BufferView<>& view, std::source_location where)
{
    if (m_recorder != nullptr)
        NoteHost(*m_recorder, "HazardTracker::HostRead", view, false, where);
}

void HazardTracker::SlotUsed(const Frame& frame, std::string_view table, uint32_t slot, std::source_location where)
{
    if (m_recorder == nullptr)
        return;
    if (!frame || frame.System()->Internals().core->Hazards() != m_recorder)
        SEDX_CORE_ERROR_TAG("CHECK", "HazardTracker::SlotUsed: there is no such frame");
    else
        m_recorder->OnSlotUsed(frame.Number(), table, slot, where);
}

void HazardTracker::SlotWritten(std::string_view table, uint32_t slot, std::source_location where)
{
    if (m_recorder != nullptr)
        m_recorder->OnSlotWritten(table, slot, where);
}

HazardReport HazardTracker::Report() const { return m_recorder != nullptr ? m_recorder->Report() : HazardReport{}; }
} // namespace sedx
