// ThreadSlot: a small number that no other living thread has, for indexing what belongs to one thread alone: no lock and no
// atomic is needed to touch it. The number of a thread that ended goes to a later one, which sees all that the earlier did.
#pragma once

#include <cstdint>

namespace sedx
{
inline constexpr uint32_t kThreadSlots = 64; // threads that have a number at the same time

class ThreadSlot
{
  public:
    // kThreadSlots: this thread has none (yet).
    static uint32_t Known() noexcept { return Own(); }
    // Takes one if there is none yet. kThreadSlots: all are taken, or the thread is about to end.
    static uint32_t Take() noexcept;

  private:
    class Holder;
    static uint32_t& Own() noexcept
    {
        static thread_local constinit uint32_t slot = kThreadSlots;
        return slot;
    }
};
} // namespace sedx
