#include "buffer_system/barriers.h"

#include "buffer/range.h"

namespace sedx
{
namespace
{
// Both sides of a barrier; reads need no access before: there is nothing to make available.
template <class Barrier>
void SetUses(Barrier& barrier, Use before, Use after) noexcept
{
    const UseScope source = ScopeOf(before);
    const UseScope destination = ScopeOf(after);
    barrier.srcStageMask = source.stages;
    barrier.srcAccessMask = ScopeOf(WritesOf(before)).access;
    barrier.dstStageMask = destination.stages;
    barrier.dstAccessMask = destination.access;
}
} // namespace

VkDependencyInfo ResolvedBarriers::Info() const noexcept
{
    VkDependencyInfo info{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
    info.memoryBarrierCount = static_cast<uint32_t>(memory.size());
    info.pMemoryBarriers = memory.data();
    info.bufferMemoryBarrierCount = static_cast<uint32_t>(buffers.size());
    info.pBufferMemoryBarriers = buffers.data();
    return info;
}

Result<void> CheckRecording(const char* call, const Frame& frame, VkCommandBuffer cmd)
{
    if (cmd == VK_NULL_HANDLE)
        return Fail(ErrorCode::InvalidArgument, "{} needs a command buffer", call);
    if (frame.System() == nullptr)
        return Fail(ErrorCode::WrongState, "{}: the frame is empty", call);
    const BufferCore& core = *frame.System()->Internals().core;
    if (core.Device().IsLost())
        return core.Device().LostError();
    if (!core.Frames().IsOpen(frame.Number()))
        return Fail(ErrorCode::WrongState, "{}: frame {} is not open", call, frame.Number());
    return {};
}

Result<ResolvedBuffer> ResolveChecked(const char* call, const Frame& frame, const BufferView<>& view)
{
    if (!view.buffer)
        return Fail(ErrorCode::InvalidArgument, "{}: the buffer handle is empty", call);
    if (view.buffer.Resource()->core != frame.System()->Internals().core.get())
        return Fail(ErrorCode::InvalidArgument, "{}: buffer '{}' belongs to another system", call, view.buffer.Name());
    if (const CheckedRange range = Check(view); !range.valid || range.bytes == 0)
        return Fail(ErrorCode::OutOfRange, "{}: bytes {} + {} are none of buffer '{}' of {} bytes", call, view.offset,
                    view.bytes, view.buffer.Name(), view.buffer.GetSize());
    const ResolvedBuffer resolved = frame.Resolve(view);
    if (!resolved)
        return Fail(ErrorCode::WrongState, "{}: buffer '{}' cannot be resolved in frame {}", call, view.buffer.Name(),
                    frame.Number());
    return resolved;
}

Result<ResolvedBarriers> Resolve(const char* call, const Frame& frame, std::span<const Barriers::Entry> entries)
{
    ResolvedBarriers barriers;
    for (const Barriers::Entry& entry : entries)
    {
        if (entry.before == Use::None || entry.after == Use::None)
            return Fail(ErrorCode::InvalidArgument, "{}: a barrier for {} has no use {} it", call,
                        entry.isMemory ? "all memory" : fmt::format("buffer '{}'", entry.view.buffer.Name()),
                        entry.before == Use::None ? "before" : "after");
        if (entry.isMemory)
        {
            VkMemoryBarrier2 barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER_2};
            SetUses(barrier, entry.before, entry.after);
            barriers.memory.push_back(barrier);
            continue;
        }
        const auto resolved = ResolveChecked(call, frame, entry.view);
        if (!resolved)
            return tl::unexpected(resolved.error());
        VkBufferMemoryBarrier2 barrier{VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER_2};
        SetUses(barrier, entry.before, entry.after);
        barrier.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
        barrier.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
        barrier.buffer = resolved->buffer;
        barrier.offset = resolved->offset;
        barrier.size = resolved->size;
        barriers.buffers.push_back(barrier);
    }
    return barriers;
}

Barriers& Barriers::Buffer(const BufferView<>& view, Use before, Use after)
{
    m_entries.push_back({view, false, before, after});
    return *this;
}

Barriers& Barriers::Memory(Use before, Use after)
{
    m_entries.push_back({{}, true, before, after});
    return *this;
}

Result<void> Barriers::Cmd(const Frame& frame, VkCommandBuffer cmd) const
{
    if (auto fits = CheckRecording("Barriers::Cmd", frame, cmd); !fits)
        return fits;
    const auto barriers = Resolve("Barriers::Cmd", frame, m_entries);
    if (!barriers)
        return tl::unexpected(barriers.error());
    if (barriers->IsEmpty())
        return {};
    const VkDependencyInfo info = barriers->Info();
    const BufferCore& core = *frame.System()->Internals().core;
    core.Device().vk.CmdPipelineBarrier2(cmd, &info);
    if (HazardRecorder* hazards = core.Hazards())
        hazards->OnBarrier(frame.Number(), cmd, info);
    return {};
}
} // namespace sedx
