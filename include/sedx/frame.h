// Frames: the unit in which the CPU runs ahead of the GPU.
//
//     Frame frame = *system.BeginFrame();
//     ResolvedBuffer v = frame.Resolve(vertices);            // raw handles for recording
//     vkCmdBindVertexBuffers(cmd, 0, 1, &v.buffer, &v.offset);
//     SubmitSync sync = *frame.SubmitSync(0);                 // submits pending uploads, returns waits and signals
//     ... vkQueueSubmit2 with sync.Waits() and sync.Signals() ...
//     system.EndFrame(frame);
//
// A frame has passed when everything submitted with its signals has passed on every queue; until then nothing that it
// resolved is moved, rewritten or destroyed. Up to kMaxOpenFrames frames may be open at once (pipelined threads).
// Rules for the engine: submissions on one queue happen in the order of their SubmitSync calls, and before EndFrame.
// Do not upload, in a frame, to what a submission of that same frame on another queue than 0 reads: uploads wait for the
// other queues' frames that have ended, not for open ones. Before the system is destroyed every frame is ended or abandoned.
// A frame whose work is not submitted after all is given back with AbandonFrame.
#pragma once

#include <sedx/buffer.h>
#include <sedx/queue_wait.h>

namespace sedx
{
// Frames that may be open at once.
inline constexpr uint32_t kMaxOpenFrames = 4;

// A light value; copies mean the same frame. Any thread.
class SEDX_API Frame
{
  public:
    Frame() noexcept = default;

    explicit operator bool() const noexcept { return m_system != nullptr; }
    friend bool operator==(const Frame&, const Frame&) = default;

    // Counts from 1.
    uint64_t Number() const noexcept { return m_number; }
    // 0 .. framesInFlight - 1, for the engine's own per-frame objects (own devices only: adopted ones are not paced).
    // Free to use again: BeginFrame of an own device fails with WrongState while the frame with this index is open.
    uint32_t Index() const noexcept;

    // The raw data of a buffer for this frame. Two calls in one frame answer the same. An empty handle or a frame that
    // is not open answers with nulls (logged). Cost: one lock of the buffer's own, uncontended as a rule.
    ResolvedBuffer Resolve(const Buffer& buffer) const noexcept;
    // The same for a range; nulls if the range leaves the buffer.
    ResolvedBuffer Resolve(const BufferView<>& view) const noexcept;

    // Submits the uploads collected so far (own submission mode) and returns what to append to the engine's next
    // submission on `queue` (index into Device::Queues()). Call once for each submission that touches buffers.
    // `waits`: for what other queues produce (queue_wait.h); they are among the waits returned.
    // Errors: WrongState (frame not open; FrameCompletion::Fences and a wait for a queue, which has no signals then),
    // InvalidArgument (no such queue or timeline, a wait with no use or one of the CPU), NotSubmitted (a wait for a point that
    // was never handed out), and those of the submission.
    Result<class SubmitSync> SubmitSync(uint32_t queue, std::span<const QueueWait> waits = {}) const;

    // For the other parts of the library.
    Frame(BufferSystem* system, uint64_t number) noexcept : m_system(system), m_number(number) {}
    BufferSystem* System() const noexcept { return m_system; }

  private:
    BufferSystem* m_system = nullptr;
    uint64_t m_number = 0;
};
} // namespace sedx
