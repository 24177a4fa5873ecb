#include <sedx/split_barrier.h>

#include "buffer_system/barriers.h"
#include "sync/use_table.h"

namespace sedx
{
namespace
{
VkDependencyInfo InfoOf(const std::vector<VkMemoryBarrier2>& memory, const std::vector<VkBufferMemoryBarrier2>& buffers)
{
    VkDependencyInfo info{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
    info.memoryBarrierCount = static_cast<uint32_t>(memory.size());
    info.pMemoryBarriers = memory.data();
    info.bufferMemoryBarrierCount = static_cast<uint32_t>(buffers.size());
    info.pBufferMemoryBarriers = buffers.data();
    return info;
}

uint64_t NextSerial() noexcept
{
    static std::atomic<uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}
} // namespace

Result<void> SplitBarrier::CmdSet(const Frame& frame, VkCommandBuffer cmd)
{
    if (auto fits = CheckRecording("SplitBarrier::CmdSet", frame, cmd); !fits)
        return fits;
    if (m_event != VK_NULL_HANDLE && m_frame == frame.Number())
        return Fail(ErrorCode::WrongState,
                    "SplitBarrier::CmdSet: it was set in this frame, and CmdWait has not followed");
    for (const Barriers::Entry& entry : m_barriers.Entries())
        if (Any((entry.before | entry.after) & kHostUses))
            return Fail(ErrorCode::InvalidArgument, "SplitBarrier::CmdSet: events do not order accesses of the CPU");
    auto barriers = Resolve("SplitBarrier::CmdSet", frame, m_barriers.Entries());
    if (!barriers)
        return Forward(barriers);
    if (barriers->IsEmpty())
        return Fail(ErrorCode::InvalidArgument, "SplitBarrier::CmdSet: there is nothing to order");
    BufferSystem::Impl& impl = frame.System()->Internals();
    const auto event = impl.events->Take(frame.Number());
    if (!event)
        return tl::unexpected(event.error());
    m_memory = std::move(barriers->memory);
    m_buffers = std::move(barriers->buffers);
    m_event = *event;
    m_frame = frame.Number();
    const VkDependencyInfo info = InfoOf(m_memory, m_buffers);
    impl.core->Device().vk.CmdSetEvent2(cmd, m_event, &info);
    m_serial = NextSerial();
    if (HazardRecorder* hazards = impl.core->Hazards())
        hazards->OnSetEvent(frame.Number(), cmd, m_serial, info);
    return {};
}

Result<void> SplitBarrier::CmdWait(const Frame& frame, VkCommandBuffer cmd)
{
    if (auto fits = CheckRecording("SplitBarrier::CmdWait", frame, cmd); !fits)
        return fits;
    if (m_event == VK_NULL_HANDLE)
        return Fail(ErrorCode::WrongState, "SplitBarrier::CmdWait: nothing was set");
    if (m_frame != frame.Number())
        return Fail(ErrorCode::WrongState, "SplitBarrier::CmdWait in frame {}: it was set in frame {}", frame.Number(),
                    m_frame);
    const VkDependencyInfo info = InfoOf(m_memory, m_buffers);
    const BufferCore& core = *frame.System()->Internals().core;
    core.Device().vk.CmdWaitEvents2(cmd, 1, &m_event, &info);
    if (HazardRecorder* hazards = core.Hazards())
        hazards->OnWaitEvent(frame.Number(), cmd, m_serial, info);
    m_event = VK_NULL_HANDLE;
    return {};
}
} // namespace sedx
