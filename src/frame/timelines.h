// The timeline semaphores of a device: one for each queue handed over (signalled by frames), one for the library's own
// copies. Knows what was handed out and what has passed; waits on behalf of everybody.
#pragma once

#include "vulkan/device_state.h"

#include <sedx/report.h>
#include <sedx/timeline.h>

#include <condition_variable>

namespace sedx
{
class Timelines
{
  public:
    static Result<std::unique_ptr<Timelines>> Create(std::shared_ptr<DeviceState> device);
    ~Timelines();

    uint32_t QueueCount() const noexcept { return m_queueCount; }
    VkSemaphore Semaphore(uint32_t timeline) const noexcept { return m_lines[timeline].semaphore; }

    // The next value of a timeline, for a submission that will signal it.
    uint64_t HandOut(uint32_t timeline) noexcept { return m_lines[timeline].handed.fetch_add(1) + 1; }
    // The last value given out; it may not have been submitted yet.
    uint64_t Handed(uint32_t timeline) const noexcept { return m_lines[timeline].handed.load(); }
    // For a timeline with one submitter, after the submission succeeded.
    void SetHanded(uint32_t timeline, uint64_t value) noexcept { m_lines[timeline].handed.store(value); }
    // As of the last poll.
    uint64_t Completed(uint32_t timeline) const noexcept { return m_lines[timeline].completed.load(); }
    bool HasPassed(TimelinePoint point) const noexcept { return Completed(point.queue) >= point.value; }

    // Asks the driver how far the timelines are that have work under way.
    void Poll() noexcept;

    // Blocks until all points have passed. Counts the wait only if it had to block. VK_TIMEOUT, VK_ERROR_DEVICE_LOST.
    VkResult Wait(std::span<const TimelinePoint> points, uint64_t timeoutNs, WaitCause cause) noexcept;
    WaitReport Waits(WaitCause cause) const noexcept;
    void CountWait(WaitCause cause, uint64_t nanoseconds) noexcept;

  private:
    struct Line
    {
        VkSemaphore semaphore = VK_NULL_HANDLE;
        std::atomic<uint64_t> handed{0};
        std::atomic<uint64_t> completed{0};
    };
    struct WaitCounter
    {
        std::atomic<uint64_t> count{0};
        std::atomic<uint64_t> nanoseconds{0};
    };

    explicit Timelines(std::shared_ptr<DeviceState> device) noexcept : m_device(std::move(device)) {}
    bool AllPassed(std::span<const TimelinePoint> points) const noexcept;
    VkResult WaitInDriver(std::span<const TimelinePoint> points, uint64_t timeoutNs) noexcept;

    std::shared_ptr<DeviceState> m_device;
    uint32_t m_queueCount = 0;
    std::array<Line, kMaxQueues + 1> m_lines;
    std::array<WaitCounter, static_cast<size_t>(WaitCause::Count)> m_waits;
    // One thread waits in the driver, the others wait for it: many threads in vkWaitSemaphores on one semaphore while
    // another submits was seen to stall (NVIDIA 580.159).
    std::mutex m_waitMutex;
    std::condition_variable m_wakeUp;
    bool m_hasLeader = false;
};
} // namespace sedx
