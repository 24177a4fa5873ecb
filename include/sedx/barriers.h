// Barriers: memory dependencies between commands of one queue, named by use, recorded as ONE vkCmdPipelineBarrier2.
//
//     Barriers()
//         .Buffer(particles, Use::ComputeWrite, Use::VertexRead)
//         .Buffer({arguments, 0, 64}, Use::ComputeWrite, Use::IndirectRead)
//         .Cmd(frame, cmd);
//
// What comes before the barrier and does `before` is over, and visible, when what comes after it does `after`. Give the uses
// that are meant; AnyRead and AnyWrite are right and slow. From one read to another a barrier passes on what the first one sees:
// a write that was made visible to it becomes visible to the second, too. Between reads of what nobody wrote none is needed.
//
// In checked mode the tracker (hazard_tracker.h) sees every barrier recorded here. Does NOT order queues among each other
// (queue_wait.h), does NOT pass buffers of Ownership::Exclusive to other families (ownership_transfer.h), and knows no images.
// Uploads and read-backs bring barriers of their own: none is needed around them.
// Thread safety: one thread at a time for an object and for a command buffer.
#pragma once

#include <sedx/frame.h>
#include <sedx/use.h>

#include <vector>

namespace sedx
{
class SEDX_API Barriers
{
  public:
    // For these bytes alone. Holds a reference to the buffer until Clear().
    Barriers& Buffer(const BufferView<>& view, Use before, Use after);
    // For all memory; takes part in the same command.
    Barriers& Memory(Use before, Use after);

    // Records what was collected, in a command buffer of `frame`, outside of a render pass; nothing if nothing was. May be
    // repeated: another frame resolves the buffers anew. On an error nothing is recorded.
    // Errors: InvalidArgument (no command buffer, an empty handle or use), OutOfRange, WrongState (the frame is not open).
    Result<void> Cmd(const Frame& frame, VkCommandBuffer cmd) const;

    void Clear() noexcept { m_entries.clear(); }
    bool IsEmpty() const noexcept { return m_entries.empty(); }

    // For the other parts of the library.
    struct Entry
    {
        BufferView<> view{}; // an empty handle: all memory
        bool isMemory = false;
        Use before = Use::None;
        Use after = Use::None;
    };
    const std::vector<Entry>& Entries() const noexcept { return m_entries; }

  private:
    std::vector<Entry> m_entries;
};
} // namespace sedx
