// Deadline: what is left of a timeout.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sedx
{
class Deadline
{
  public:
    // UINT64_MAX: never.
    explicit Deadline(uint64_t timeoutNs) : m_timeoutNs(timeoutNs) {}
    uint64_t LeftNs() const
    {
        if (m_timeoutNs == UINT64_MAX)
            return UINT64_MAX;
        const auto passed =
            static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - m_begin).count());
        return m_timeoutNs - std::min(m_timeoutNs, passed);
    }

  private:
    using Clock = std::chrono::steady_clock;
    const uint64_t m_timeoutNs;
    const Clock::time_point m_begin = Clock::now();
};
} // namespace sedx
