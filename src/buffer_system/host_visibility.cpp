#include <sedx/host_visibility.h>

#include "buffer/named_range.h"
#include "buffer/range.h"
#include "buffer_system/barriers.h"

namespace sedx
{
namespace
{
using Change = VkResult (MemoryAllocator::*)(const BufferMemory&, uint64_t, uint64_t);

Result<void> Apply(const char* call, const Frame& frame, const BufferView<>& view, Change change, bool isWrite,
                   const std::source_location& where)
{
    if (frame.System() == nullptr)
        return Fail(ErrorCode::WrongState, "{}: the frame is empty", call);
    BufferCore& core = *frame.System()->Internals().core;
    const uint32_t slot = core.Frames().SlotOf(frame.Number());
    if (slot == FrameTracker::kNoSlot)
        return Fail(ErrorCode::WrongState, "{}: frame {} is not open", call, frame.Number());
    const auto resolved = ResolveChecked(call, frame, view);
    if (!resolved)
        return tl::unexpected(resolved.error());
    if (resolved->mapped == nullptr)
        return Fail(ErrorCode::NotMappable, "{}: buffer '{}' lies in memory that the CPU cannot map", call,
                    view.buffer.Name());
    const Ref<Backing> backing = core.BackingOf(*view.buffer.Resource(), frame.Number(), slot);
    const CheckedRange range = Check(view);
    const VkResult result = backing ? (core.Memory().*change)(backing->memory, range.offset, range.bytes) : VK_SUCCESS;
    if (HazardRecorder* hazards = core.Hazards(); hazards != nullptr && backing)
        hazards->OnHost(NamedRangeOf(*view.buffer.Resource(), backing->memory, range.offset, range.bytes), isWrite,
                        where);
    if (result != VK_SUCCESS)
        return FailVk(result, "{} of {} bytes of buffer '{}'", call, range.bytes, view.buffer.Name());
    return {};
}
} // namespace

Result<void> FlushHostWrites(const Frame& frame, const BufferView<>& view, std::source_location where)
{
    return Apply("FlushHostWrites", frame, view, &MemoryAllocator::Flush, true, where);
}

Result<void> InvalidateHostReads(const Frame& frame, const BufferView<>& view, std::source_location where)
{
    return Apply("InvalidateHostReads", frame, view, &MemoryAllocator::Invalidate, false, where);
}

Result<void> CmdHostToDevice(const Frame& frame, VkCommandBuffer cmd, const BufferView<>& view, Use after)
{
    return Barriers().Buffer(view, Use::HostWrite, after).Cmd(frame, cmd);
}

Result<void> CmdDeviceToHost(const Frame& frame, VkCommandBuffer cmd, const BufferView<>& view, Use before)
{
    return Barriers().Buffer(view, before, Use::HostRead).Cmd(frame, cmd);
}
} // namespace sedx
