// LaneLocks: a lock for each thread slot, which says what its holder works on.
//
// A thread takes the lock of its own slot as a rule, so that nobody else is there and taking it costs one atomic
// operation. Held for a few hundred nanoseconds at most: whoever meets a holder spins, and yields.
//
// Whoever replaces something that holders read without another lock stores the new state first and then calls
// WaitUntilReleased: afterwards nobody sees the old state any more. For that, taking a lock and looking at its holder are
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
    static constexpr uintptr_t kObjectAlignment = 8;

    // `object`: what the holder works on; not null, aligned to kObjectAlignment.
    void Lock(uint32_t lane, const void* object) noexcept
    {
        Line& line = m_lines[lane];
        uintptr_t nobody = 0;
        while (!line.holder.compare_exchange_weak(nobody, ValueOf(object, line.turn.load(std::memory_order_relaxed))))
        {
            nobody = 0;
            while (line.holder.load(std::memory_order_relaxed) != 0)
                std::this_thread::yield();
        }
    }
    void Unlock(uint32_t lane) noexcept
    {
        Line& line = m_lines[lane];
        line.turn.store(line.turn.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed); // nobody else writes it
        line.holder.store(0, std::memory_order_release);
    }

    // Until each thread that held a lock for `object` when this was called has let go of it.
    void WaitUntilReleased(const void* object) const noexcept
    {
        for (const Line& line : m_lines)
        {
            const uintptr_t holder = line.holder.load();
            if (holder == 0 || (holder & ~kTurns) != reinterpret_cast<uintptr_t>(object))
                continue;
            // Who takes it in another turn sees the new state.
            while (line.holder.load() == holder)
                std::this_thread::yield();
        }
    }

  private:
    // The lowest bits of the holder tell one turn from the next.
    static constexpr uintptr_t kTurns = kObjectAlignment - 1;
    static uintptr_t ValueOf(const void* object, uintptr_t turn) noexcept
    {
        return reinterpret_cast<uintptr_t>(object) | (turn & kTurns);
    }
    struct alignas(64) Line // a cache line
    {
        std::atomic<uintptr_t> holder{0};
        std::atomic<uintptr_t> turn{0}; // how often it was let go of; the holder's
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
