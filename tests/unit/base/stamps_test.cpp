#include "base/stamps.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sedx::test
{
namespace
{
class StampsTest : public testing::TestWithParam<Stamps::Source>
{};

TEST_P(StampsTest, AscendInAThread)
{
    Stamps stamps(GetParam());
    uint64_t before = 0;
    for (int i = 0; i < 100'000; ++i)
    {
        const uint64_t now = stamps.Next();
        ASSERT_LT(before, now) << i;
        before = now;
    }
}

// Two threads pass a turn to and fro: whoever has it sees what the other one did.
TEST_P(StampsTest, AscendFromThreadToThread)
{
    constexpr uint32_t kTurns = 20'000;
    Stamps stamps(GetParam());
    std::vector<uint64_t> taken(kTurns);
    std::atomic<uint32_t> turn{0};
    const auto play = [&](uint32_t odd) {
        for (uint32_t i = odd; i < kTurns; i += 2)
        {
            while (turn.load(std::memory_order_acquire) != i)
                std::this_thread::yield();
            taken[i] = stamps.Next();
            turn.store(i + 1, std::memory_order_release);
        }
    };
    std::thread other(play, 1);
    play(0);
    other.join();
    uint64_t before = 0;
    for (uint32_t i = 0; i < kTurns; ++i)
    {
        ASSERT_LT(before, taken[i]) << i;
        before = taken[i];
    }
}

INSTANTIATE_TEST_SUITE_P(Sources, StampsTest, testing::Values(Stamps::Source::Clock, Stamps::Source::Counter),
                         [](const auto& instance) {
                             return instance.param == Stamps::Source::Clock ? "Clock" : "Counter";
                         });
} // namespace
} // namespace sedx::test
