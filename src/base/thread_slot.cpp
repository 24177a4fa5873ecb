#include "base/thread_slot.h"

#include <atomic>
#include <bit>

namespace sedx
{
namespace
{
constinit std::atomic<uint64_t> s_taken{0}; // a bit for each number
static_assert(kThreadSlots == 64);

thread_local constinit bool t_isEnding = false;
} // namespace

// Gives the number back when the thread ends. Whoever takes it next synchronises with that.
class ThreadSlot::Holder
{
  public:
    explicit Holder(uint32_t slot) noexcept : m_slot(slot) {}
    ~Holder()
    {
        t_isEnding = true;
        Own() = kThreadSlots;
        s_taken.fetch_and(~(uint64_t{1} << m_slot), std::memory_order_release);
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

  private:
    uint32_t m_slot;
};

uint32_t ThreadSlot::Take() noexcept
{
    if (Own() != kThreadSlots || t_isEnding)
        return Own();
    uint64_t taken = s_taken.load(std::memory_order_relaxed);
    uint32_t slot = 0;
    do
    {
        slot = static_cast<uint32_t>(std::countr_one(taken));
        if (slot == kThreadSlots)
            return kThreadSlots;
    }
    while (!s_taken.compare_exchange_weak(taken, taken | (uint64_t{1} << slot), std::memory_order_acquire,
                                          std::memory_order_relaxed));
    static thread_local const Holder holder(slot); // made once: the thread keeps its number
    Own() = slot;
    return slot;
}
} // namespace sedx
