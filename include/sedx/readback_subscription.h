// Subscriptions: the newest bytes of a range that is looked at every frame, such as counters and culling results.
//
//     ReadbackSubscription visible = *system.Readbacks().Subscribe({counters, 0, 64});
//     ... in any frame, on any thread ...
//     if (const ReadbackValue value = visible.Latest())
//         Show(value.Span<uint32_t>(), value.Frame());
//
// The library requests the range by itself: in own submission mode at each EndFrame, after the frame's submissions; in
// recorded mode with the first ReadbackQueue::CmdFlush of each frame, so that it sees what the command buffers hold before
// that point: call it once, at the end of the frame's last command buffer. Abandoned frames have no value. What background
// writes have queued for the range is not seen before it is sent (UploadPriority).
//
// Newer values take the place of older ones, looked at or not. At most framesInFlight + 1 copies of a subscription are under
// way; a frame beyond that, or one without memory for its copy, is left out.
// Does NOT wait, and does NOT say which frames were left out or overwritten: ReadbackQueue::Request does for each frame.
#pragma once

#include <sedx/readback_queue.h>

namespace sedx
{
struct SubscriptionState;

// The bytes as they were at the end of a frame. Keeps them alive, also when newer ones have come and when the subscription is
// gone: drop it to give the memory back. Copyable, any thread. Without bytes once the BufferSystem is gone.
class SEDX_API ReadbackValue
{
  public:
    ReadbackValue() noexcept = default;

    // False: there is no value yet.
    explicit operator bool() const noexcept { return m_frame != 0; }
    // Frame::Number of the frame at whose end it was read; 0: there is no value.
    uint64_t Frame() const noexcept { return m_frame; }
    // Valid while a copy of this object and the BufferSystem live.
    std::span<const std::byte> Bytes() const noexcept { return m_ticket.Bytes(); }
    template <BufferElement T>
    std::span<const T> Span() const noexcept
    {
        return m_ticket.Span<T>();
    }

    // For the other parts of the library.
    ReadbackValue(ReadbackTicket ticket, uint64_t frame) noexcept : m_ticket(std::move(ticket)), m_frame(frame) {}

  private:
    ReadbackTicket m_ticket;
    uint64_t m_frame = 0;
};

// Lasts as long as this object. Keeps its buffer alive, and follows it to new memory (MapMode::WriteDiscard). While a copy is
// under way the buffer is in flight, as with every read-back.
class SEDX_API ReadbackSubscription
{
  public:
    ReadbackSubscription() noexcept; // empty: never has a value
    ~ReadbackSubscription();         // at any time, also after the BufferSystem
    ReadbackSubscription(ReadbackSubscription&&) noexcept;
    ReadbackSubscription& operator=(ReadbackSubscription&&) noexcept;
    ReadbackSubscription(const ReadbackSubscription&) = delete;
    ReadbackSubscription& operator=(const ReadbackSubscription&) = delete;

    explicit operator bool() const noexcept { return m_state != nullptr; }
    // The newest value that the GPU has passed. Polls, never waits. Any thread, except while the subscription is moved or
    // destroyed. With a lost device it stays the last one; once the system is gone there is none.
    ReadbackValue Latest() const noexcept;

    // For the other parts of the library.
    explicit ReadbackSubscription(std::shared_ptr<SubscriptionState> state) noexcept;

  private:
    std::shared_ptr<SubscriptionState> m_state;
};
} // namespace sedx
