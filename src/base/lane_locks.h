// LaneLocks: a lock for each thread slot, which says what its holder works on.
//
// A thread takes the lock of its own slot as a rule, so that nobody else is there and taking it costs one atomic
// operation. Held for a few hundred nanoseconds at most: whoever meets a holder spins, and yields.
//
// Whoever replaces something that holders read without another lock stores the new state first and then calls
// WaitUntilReleased: afterwards nobody sees the old state any more. For that, taking a lock and counting its turns are
// sequentially consistent, as storing and reading the state must be.
#pragma once

#include "base/thread_slot.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>

namespace sedx
{
class LaneLocks
{
  public:
    // `object`: what the holder works on; not null.
    void Lock(uint32_t lane, const void* object) noexcept
    {
        std::atomic<const void*>& holder = m_lines[lane].holder;
        const void* nobody = nullptr;
        while (!holder.compare_exchange_weak(nobody, object))
        {
            nobody = nullptr;
            while (holder.load(std::memory_order_relaxed) != nullptr)
                std::this_thread::yield();
        }
    }
    void Unlock(uint32_t lane) noexcept
    {
        Line& line = m_lines[lane];
        line.turn.store(line.turn.load(std::memory_order_relaxed) + 1); // nobody else writes it
        line.holder.store(nullptr, std::memory_order_release);
    }

    // Until each thread that held a lock for `object` when this was called has let go of it.
    void WaitUntilReleased(const void* object) const noexcept
    {
        for (const Line& line : m_lines)
        {
            const uint64_t turn = line.turn.load(); // who takes it in a later one sees the new state
            while (line.holder.load() == object && line.turn.load() == turn)
                std::this_thread::yield();
        }
    }

  private:
    struct alignas(64) Line // a cache line
    {
        std::atomic<const void*> holder{nullptr};
        std::atomic<uint64_t> turn{0}; // how often it was let go of
    };
    std::array<Line, kThreadSlots> m_lines;
};

class LaneLock
{
  public:
    LaneLock(LaneLocks& locks, uint32_t lane, const void* object) noexcept : m_locks(locks), m_lane(lane)
    {
        m_locks.Lock(lane, object);
    }
    ~LaneLock() { m_locks.Unlock(m_lane); }
    LaneLock(const LaneLock&) = delete;
    LaneLock& operator=(const LaneLock&) = delete;

  private:
    LaneLocks& m_locks;
    const uint32_t m_lane;
};
} // namespace sedx
