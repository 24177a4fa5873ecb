// How long uploads were under way: the time during which at least one thread handed bytes to the library.
#pragma once

#include <chrono>
#include <mutex>

namespace scenery
{
class UploadMeter
{
  public:
    using Clock = std::chrono::steady_clock;

    class Scope
    {
      public:
        explicit Scope(UploadMeter& meter) : m_meter(meter) { m_meter.Begin(); }
        ~Scope() { m_meter.End(); }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

      private:
        UploadMeter& m_meter;
    };

    double Seconds() const
    {
        const std::lock_guard lock(m_mutex);
        return std::chrono::duration<double>(m_total).count();
    }

  private:
    void Begin()
    {
        const std::lock_guard lock(m_mutex);
        if (m_active++ == 0)
            m_since = Clock::now();
    }
    void End()
    {
        const std::lock_guard lock(m_mutex);
        if (--m_active == 0)
            m_total += Clock::now() - m_since;
    }

    mutable std::mutex m_mutex;
    uint32_t m_active = 0;
    Clock::time_point m_since{};
    Clock::duration m_total{};
};
} // namespace scenery
