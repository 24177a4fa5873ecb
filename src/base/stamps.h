// Stamps: numbers that say which of two events came first, for threads that do not share a lock.
//
// An event that happens before another one (in one thread, or in two that have synchronised in between) has the smaller
// stamp, never an equal one. Stamps of unordered events say nothing. 0 is never one.
//
// They come from the steady clock, which all cores agree about and which no two threads compete for. Where that clock is too
// coarse to tell a thread's event from the one that another thread saw of it, they are counted instead.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace sedx
{
class Stamps
{
  public:
    enum class Source : uint32_t
    {
        Clock,
        Counter,
    };
    Stamps() noexcept : Stamps(IsClockFine() ? Source::Clock : Source::Counter) {}
    explicit Stamps(Source source) noexcept : m_source(source) {}

    uint64_t Next() noexcept
    {
        return m_source == Source::Clock ? Now() : m_count.fetch_add(1, std::memory_order_acq_rel) + 1;
    }

  private:
    using Clock = std::chrono::steady_clock;

    static uint64_t Now() noexcept
    {
        return static_cast<uint64_t>(
            std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count());
    }
    // Whether reading it takes longer than one of its steps: then two readings in a row are never equal.
    static bool IsClockFine() noexcept
    {
        constexpr int kReadings = 64;
        uint64_t before = 0;
        for (int i = 0; i < kReadings; ++i)
        {
            const uint64_t now = Now();
            if (now == before)
                return false;
            before = now;
        }
        return true;
    }

    const Source m_source;
    alignas(64) std::atomic<uint64_t> m_count{0};
};
} // namespace sedx
