// HazardTracker: finds missing synchronization that validation layers do not see: accesses through device addresses and
// descriptor arrays, CPU writes to bytes that the GPU still reads, and, where the owner of a table tells of it, slots rewritten
// while a frame needs them (BindlessBufferSystem rewrites none).
//
//     HazardTracker hazards = system.Hazards();               // does something where BufferSystemDesc::checked is on
//     hazards.CmdAccess(frame, cmd, particles, Use::ComputeWrite);
//     vkCmdDispatch(cmd, ...);
//     Barriers().Buffer(particles, Use::ComputeWrite, Use::VertexRead).Cmd(frame, cmd);
//     hazards.CmdAccess(frame, cmd, particles, Use::VertexRead);
//     vkCmdDraw(cmd, ...);
//
// Say what commands access, in the order in which they are recorded; without the barrier above the log gets an error with the
// tag HAZARD that names both accesses, the buffer, the bytes and both places in the source. Nothing is changed or repaired.
// The tracker knows by itself: Barriers, SplitBarrier, OwnershipTransfer, BufferSystem::CopyBuffer, SubmitSync with its waits,
// uploads, read-backs and CmdFlush, maps, FlushHostWrites, and frames that have passed.
// It must be told: other accesses (CmdAccess), barriers of one's own (CmdBarrier), waits for semaphores of one's own
// (NextSubmitWaits), command buffers for other queues than 0 (CmdBegin), writes through pointers that need no flush
// (HostWrite). Command buffers without a CmdAccess are taken to be in order: nothing in them is looked at, except what
// the library orders itself. So a program may begin with one pass, and say all about that.
//
// Within one SubmitSync command buffers count in the order in which they were first named. Work is judged when SubmitSync
// is called: messages come from there. Does NOT see what it is not told, images, or command buffers that are replayed
// without being described again. Cost: memory and time for each access of frames in flight; a system that is not checked
// pays one test of a pointer for each call.
// Thread safety: any thread; the calls for one command buffer come from one thread at a time.
#pragma once

#include <sedx/frame.h>
#include <sedx/use.h>

#include <array>
#include <vector>

namespace sedx
{
class HazardRecorder;

enum class HazardKind : uint32_t
{
    ReadAfterWrite,
    WriteAfterWrite,
    WriteAfterRead,
    HostWriteInFlight, // the CPU writes what a submission that has not passed reads or writes
    HostReadInFlight,  // the CPU reads what a submission that has not passed writes
    SlotRewritten,     // a slot of a table was rewritten while a frame that used it has not passed
    NeverSubmitted,    // accesses were described, but no SubmitSync of their queue followed in the frame
    Count,
};
// "read after write" and so on.
SEDX_API const char* ToString(HazardKind kind) noexcept;

struct HazardAccess
{
    Use use = Use::None;
    uint64_t frame = 0; // 0: the library's own copies
    uint32_t queue = 0;
    // Where it was described; line 0: in the library.
    std::source_location where{};
};

struct Hazard
{
    HazardKind kind = HazardKind::Count;
    HazardAccess first{};
    HazardAccess second{};
    BufferId buffer{};   // 0 for what is no buffer of the library
    std::string name{};  // of the buffer, or of the table
    uint64_t offset = 0; // bytes in the buffer, or the slot
    uint64_t bytes = 0;  // from the first to the last byte concerned; 0 for slots
    std::string message{};
};

struct HazardReport
{
    static constexpr size_t kMostKept = 32;

    uint64_t accesses = 0; // described and judged, with those of the library to the same buffers
    // All that were found. A hazard between the same two places and on the same buffer is logged once, and counted always.
    std::array<uint64_t, static_cast<size_t>(HazardKind::Count)> counts{};
    std::vector<Hazard> last{}; // those that were logged last, oldest first

    uint64_t Count(HazardKind kind) const noexcept { return counts[static_cast<size_t>(kind)]; }
    uint64_t Total() const noexcept
    {
        uint64_t total = 0;
        for (const uint64_t count : counts)
            total += count;
        return total;
    }
};

// A light value, valid as long as its system.
class SEDX_API HazardTracker
{
  public:
    // Whether the system is checked. Otherwise all calls do nothing, and the report is empty.
    bool IsOn() const noexcept { return m_recorder != nullptr; }

    // The command buffer of this frame will be submitted on `queue`. Needed for other queues than 0 only; before the other
    // calls for it. CmdFlush and CmdAcquire of UploadQueue say it, too.
    void CmdBegin(const Frame& frame, VkCommandBuffer cmd, uint32_t queue);

    // The commands recorded next do this to these bytes. The buffer is resolved in the frame. Several accesses of one command,
    // or of commands that run side by side on purpose, are one call: their uses do not conflict with each other.
    void CmdAccess(const Frame& frame, VkCommandBuffer cmd, const BufferView<>& view, Use use,
                   std::source_location where = std::source_location::current());
    // The same for all elements of a descriptor array, or all buffers of a draw.
    void CmdAccess(const Frame& frame, VkCommandBuffer cmd, std::span<const BufferView<>> views, Use use,
                   std::source_location where = std::source_location::current());
    // For memory that is no buffer of the library, or a part of one that is known by its raw data only (BufferSlice).
    void VkCmdAccess(const Frame& frame, VkCommandBuffer cmd, VkBuffer buffer, uint64_t offset, uint64_t bytes,
                     std::string_view name, Use use, std::source_location where = std::source_location::current());

    // A vkCmdPipelineBarrier2 of one's own, with what it was given. Barriers of images count as barriers for nothing.
    void CmdBarrier(const Frame& frame, VkCommandBuffer cmd, const VkDependencyInfo& info);

    // The next submission of the frame on `queue` (its next SubmitSync) waits for this point by a semaphore of one's own: one
    // that a submission with that point signals.
    void NextSubmitWaits(const Frame& frame, uint32_t queue, const QueueWait& wait);

    // The CPU writes or reads these bytes now, through a pointer of its own. The view is of the buffer's present memory.
    void HostWrite(const BufferView<>& view, std::source_location where = std::source_location::current());
    void HostRead(const BufferView<>& view, std::source_location where = std::source_location::current());

    // For tables of one's own that shaders read: arrays of descriptors, of addresses. The commands of the frame use this slot of the
    // table with this name.
    void SlotUsed(const Frame& frame, std::string_view table, uint32_t slot,
                  std::source_location where = std::source_location::current());
    // The CPU gives the slot other contents now: a hazard while the newest frame that uses it has not passed.
    void SlotWritten(std::string_view table, uint32_t slot,
                     std::source_location where = std::source_location::current());

    HazardReport Report() const;

    // For the other parts of the library.
    explicit HazardTracker(HazardRecorder* recorder) noexcept : m_recorder(recorder) {}

  private:
    HazardRecorder* m_recorder;
};
} // namespace sedx
