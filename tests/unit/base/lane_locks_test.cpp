#include "base/lane_locks.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace sedx::test
{
namespace
{
TEST(LaneLocksTest, OneThreadAtATimeHoldsALane)
{
    constexpr int kRounds = 20'000;
    LaneLocks locks;
    alignas(LaneLocks::kObjectAlignment) const int object = 0;
    int count = 0; // under the lock of lane 3
    const auto work = [&] {
        for (int i = 0; i < kRounds; ++i)
        {
            const LaneLock lock(locks, 3, &object);
            ++count;
        }
    };
    std::thread other(work);
    work();
    other.join();
    EXPECT_EQ(2 * kRounds, count);
}

// Readers use whatever is current under the lock of their lane; the writer replaces it and frees what was there before. That
// nobody uses freed memory is for the sanitizers to see.
TEST(LaneLocksTest, NobodySeesWhatWasReplacedOnceItIsReleased)
{
    struct Thing
    {
        std::atomic<uint64_t> value{1};
        ~Thing() { value.store(0); }
    };
    constexpr int kReplacements = 500;
    constexpr uint32_t kReaders = 3;
    LaneLocks locks;
    alignas(LaneLocks::kObjectAlignment) const int owner = 0;
    std::atomic<Thing*> current{new Thing};
    std::atomic<bool> ends{false};
    std::atomic<uint64_t> wrong{0};
    std::vector<std::thread> readers;
    for (uint32_t lane = 0; lane < kReaders; ++lane)
        readers.emplace_back([&, lane] {
            while (!ends.load())
            {
                const LaneLock lock(locks, lane, &owner);
                const Thing* thing = current.load();
                wrong.fetch_add(thing->value.load() == 1 ? 0 : 1);
            }
        });
    for (int i = 0; i < kReplacements; ++i)
    {
        Thing* const old = current.load();
        current.store(new Thing);
        locks.WaitUntilReleased(&owner);
        delete old;
    }
    ends.store(true);
    for (std::thread& reader : readers)
        reader.join();
    delete current.load();
    EXPECT_EQ(0u, wrong.load());
}

TEST(LaneLocksTest, WaitingForAnObjectIgnoresHoldersOfOthers)
{
    LaneLocks locks;
    alignas(LaneLocks::kObjectAlignment) const int mine = 0;
    alignas(LaneLocks::kObjectAlignment) const int other = 0;
    const LaneLock lock(locks, 0, &other);
    locks.WaitUntilReleased(&mine); // returns
}
} // namespace
} // namespace sedx::test
