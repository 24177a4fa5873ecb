// Which frames are open, ended and passed. Frames pass in order: one number says it all.
#pragma once

#include "frame/timelines.h"

#include <sedx/buffer_system.h>

#include <deque>

namespace sedx
{
struct FrameRules
{
    FrameCompletion completion = FrameCompletion::Timeline;
    uint32_t framesInFlight = 2;
    bool paced = true; // false: BeginFrame never waits (adopted devices)
};

class FrameTracker
{
  public:
    FrameTracker(Timelines& timelines, DeviceState& device, FrameRules rules) noexcept
        : m_timelines(timelines), m_device(device), m_rules(rules)
    {
    }

    Result<uint64_t> Begin();
    Result<void> End(uint64_t number);
    Result<void> Abandon(uint64_t number);
    Result<void> Retire(uint64_t number);
    bool IsOpen(uint64_t number) const noexcept { return SlotOf(number) != kNoSlot; }
    // Open frames have different slots, 0 .. kMaxOpenFrames - 1; kNoSlot: not open. Without a lock: every Resolve asks.
    static constexpr uint32_t kNoSlot = ~0u;
    uint32_t SlotOf(uint64_t number) const noexcept
    {
        for (uint32_t slot = 0; slot < kMaxOpenFrames; ++slot)
            if (m_openFrames[slot].load(std::memory_order_acquire) == number && number != 0)
                return slot;
        return kNoSlot;
    }
    uint64_t CurrentOpen() const noexcept; // 0: none

    // A signal value for a submission of this frame.
    Result<TimelinePoint> HandOut(uint64_t number, uint32_t queue);

    // Every frame up to this number has passed, as of the last Update.
    uint64_t Completed() const noexcept { return m_completed.load(); }
    uint64_t LastOpened() const noexcept { return m_lastOpened.load(); }
    // Looks at the timelines (poll them before) and moves Completed() on.
    void Update() noexcept;

    // Whether the values handed out will be signalled: an engine with fences only need not use them.
    bool HasSignals() const noexcept { return m_rules.completion == FrameCompletion::Timeline; }
    // The last values of ended frames: what must pass before anything they read may be changed from another queue.
    uint64_t LastEnded(uint32_t queue) const noexcept { return m_lastEnded[queue].load(); }

    // The same for frames up to `number`; 0 where nothing is left to wait for.
    std::array<uint64_t, kMaxQueues> EndedValues(uint64_t number) const noexcept;
    // Whether an open frame up to `number` has handed out signals: its submissions may come before what is submitted now.
    bool HasOpenSubmissions(uint64_t number) const noexcept;

    // Waits until frame `number` has passed. VK_NOT_READY: only the engine can bring that about.
    VkResult WaitFor(uint64_t number, uint64_t timeoutNs, WaitCause cause) noexcept;
    // Points that the GPU must reach until frame `number` has passed.
    std::vector<TimelinePoint> PointsOf(uint64_t number) const;

  private:
    enum class State : uint32_t
    {
        Open,
        Ended,
    };
    struct Entry
    {
        uint64_t number = 0;
        State state = State::Open;
        uint32_t slot = 0;    // while open
        bool retired = false; // FrameCompletion::Fences: RetireFrame was called
        bool abandoned = false;
        std::array<uint64_t, kMaxQueues> values{}; // last handed out for each queue; 0: none
    };
    Entry* Find(uint64_t number) noexcept;
    const Entry* Find(uint64_t number) const noexcept;
    bool HasPassed(const Entry& entry) const noexcept;
    // Waits until frame `number` may begin.
    Result<void> Pace(uint64_t number);
    void Close(Entry& entry) noexcept; // with the lock

    Timelines& m_timelines;
    DeviceState& m_device;
    FrameRules m_rules;
    // The open frame of each slot, 0: none. Written with the lock. A line of its own: read often, written twice a frame.
    alignas(64) std::array<std::atomic<uint64_t>, kMaxOpenFrames> m_openFrames{};
    alignas(64) mutable std::mutex m_mutex;
    std::deque<Entry> m_entries; // frames that have not passed, by number
    std::atomic<uint64_t> m_lastOpened{0};
    std::atomic<uint64_t> m_completed{0};
    std::array<std::atomic<uint64_t>, kMaxQueues> m_lastEnded{};
};
} // namespace sedx
