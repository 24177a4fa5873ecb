#include "base/thread_slot.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace sedx::test
{
namespace
{
// Threads that are alive at the same time.
std::vector<uint32_t> SlotsOfThreads(size_t count)
{
    std::vector<uint32_t> slots(count);
    std::atomic<size_t> taken{0};
    std::vector<std::thread> threads;
    for (size_t i = 0; i < count; ++i)
        threads.emplace_back([&, i] {
            slots[i] = ThreadSlot::Take();
            taken.fetch_add(1);
            while (taken.load() != count)
                std::this_thread::yield();
        });
    for (std::thread& thread : threads)
        thread.join();
    return slots;
}

TEST(ThreadSlotTest, AThreadKeepsItsSlot)
{
    const uint32_t slot = ThreadSlot::Take();
    ASSERT_LT(slot, kThreadSlots);
    EXPECT_EQ(slot, ThreadSlot::Take());
    EXPECT_EQ(slot, ThreadSlot::Known());
}

TEST(ThreadSlotTest, LivingThreadsHaveDifferentOnes)
{
    const uint32_t mine = ThreadSlot::Take();
    const std::vector<uint32_t> slots = SlotsOfThreads(20);
    const std::set<uint32_t> different(slots.begin(), slots.end());
    EXPECT_EQ(slots.size(), different.size());
    EXPECT_FALSE(different.contains(mine));
    EXPECT_LT(*different.rbegin(), kThreadSlots);
}

TEST(ThreadSlotTest, SlotsOfEndedThreadsAreUsedAgain)
{
    for (int round = 0; round < 10; ++round)
        for (const uint32_t slot : SlotsOfThreads(20))
            EXPECT_LT(slot, kThreadSlots) << round;
}

TEST(ThreadSlotTest, MoreThreadsThanSlotsGetNone)
{
    ThreadSlot::Take();
    const std::vector<uint32_t> slots = SlotsOfThreads(kThreadSlots + 5);
    std::set<uint32_t> different;
    size_t without = 0;
    for (const uint32_t slot : slots)
        if (slot == kThreadSlots)
            ++without;
        else
            EXPECT_TRUE(different.insert(slot).second) << slot;
    EXPECT_GE(without, 6u); // this thread has one, and others of the process may
}
} // namespace
} // namespace sedx::test
