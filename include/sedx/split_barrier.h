// SplitBarrier: a barrier in two halves (VkEvent). Commands between the halves run while the first part is still finishing,
// where a barrier would make them wait for it.
//
//     SplitBarrier split;
//     split.Dependencies().Buffer(particles, Use::ComputeWrite, Use::VertexRead);
//     vkCmdDispatch(cmd, ...);                    // writes the particles
//     split.CmdSet(frame, cmd);
//     ... work that has nothing to do with them ...
//     split.CmdWait(frame, cmd);                  // from here on vertex shaders see them
//
// Both halves are of one frame and one queue, outside of render passes. The event belongs to the system and is used again
// when the frame has passed; the object may go at any time. Worth it only where there is work to put between: else a barrier
// (barriers.h) is faster. Does NOT wait on the CPU, and does NOT take HostRead or HostWrite: events of the device know
// nothing of the CPU. Devices of VK_KHR_portability_subset may have no events.
// Thread safety: one thread at a time for an object and for a command buffer.
#pragma once

#include <sedx/barriers.h>

namespace sedx
{
class SEDX_API SplitBarrier
{
  public:
    // What the two halves order. To be filled before CmdSet.
    Barriers& Dependencies() noexcept { return m_barriers; }

    // The first half: vkCmdSetEvent2 behind the commands that do `before`.
    // Errors: those of Barriers::Cmd; InvalidArgument also for uses of the CPU and where there is nothing to order, WrongState
    // also if it was set and not waited for, those of vkCreateEvent.
    Result<void> CmdSet(const Frame& frame, VkCommandBuffer cmd);

    // The second half: vkCmdWaitEvents2 in front of the commands that do `after`, with what CmdSet was given: the two match by
    // construction. In the same command buffer or in a later one of the same frame and queue. CmdSet may follow again.
    // Errors: InvalidArgument (no command buffer), WrongState (not set, set in another frame, the frame is not open).
    Result<void> CmdWait(const Frame& frame, VkCommandBuffer cmd);

  private:
    Barriers m_barriers;
    // What CmdSet recorded, word for word.
    std::vector<VkMemoryBarrier2> m_memory;
    std::vector<VkBufferMemoryBarrier2> m_buffers;
    VkEvent m_event = VK_NULL_HANDLE; // null: not set
    uint64_t m_serial = 0;            // names this pair to the tracker
    uint64_t m_frame = 0;
};
} // namespace sedx
