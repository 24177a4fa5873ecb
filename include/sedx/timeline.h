// TimelinePoint: a moment on a queue that the GPU will pass.
#pragma once

#include <sedx/result.h>

#include <array>
#include <span>

namespace sedx
{
// Queues that one device can hand over.
inline constexpr uint32_t kMaxQueues = 8;
// TimelinePoint::queue of the library's own copies (on a timeline of their own, whatever queue they run on).
inline constexpr uint32_t kTransferTimeline = kMaxQueues;

// Passed once the timeline semaphore of `queue` has reached `value`. Value 0 has always passed.
struct TimelinePoint
{
    uint32_t queue = 0;
    uint64_t value = 0;
    friend bool operator==(TimelinePoint, TimelinePoint) = default;
};

// What an engine appends to one of its submissions on a queue: waits for the library's copies that the submission may
// use, and the signal that tells the library when the submission has passed. Lives by value, no pointers kept.
class SubmitSync
{
  public:
    std::span<const VkSemaphoreSubmitInfo> Waits() const noexcept { return {m_waits.data(), m_waitCount}; }
    std::span<const VkSemaphoreSubmitInfo> Signals() const noexcept { return {&m_signal, 1}; }
    // The moment when this submission has passed.
    TimelinePoint Point() const noexcept { return m_point; }

    // For the other parts of the library.
    void AddWait(const VkSemaphoreSubmitInfo& wait) noexcept // one for each timeline: what is given twice is merged
    {
        for (VkSemaphoreSubmitInfo& known : std::span(m_waits).first(m_waitCount))
            if (known.semaphore == wait.semaphore)
            {
                known.value = known.value < wait.value ? wait.value : known.value;
                known.stageMask |= wait.stageMask;
                return;
            }
        m_waits[m_waitCount++] = wait;
    }
    void SetSignal(const VkSemaphoreSubmitInfo& signal, TimelinePoint point) noexcept
    {
        m_signal = signal;
        m_point = point;
    }

  private:
    std::array<VkSemaphoreSubmitInfo, kMaxQueues + 1> m_waits{};
    uint32_t m_waitCount = 0;
    VkSemaphoreSubmitInfo m_signal{};
    TimelinePoint m_point{};
};

// Why the CPU waited. Every wait of the library is counted under one of these.
enum class WaitCause : uint32_t
{
    Pacing,       // BeginFrame of an own device, for the frame framesInFlight ago
    BackPressure, // Write with OutOfStaging::Block
    Upload,       // UploadTicket::Wait
    Readback,     // ReadbackTicket::Wait
    Shutdown,     // destruction of the BufferSystem
    Import,       // ImportedMemory::Release, and the end of its handle
    Calibration,  // BufferSystem::Calibrate: for frames under way, and for each of its measurements
    Count,
};
SEDX_API const char* ToString(WaitCause cause) noexcept;
} // namespace sedx
