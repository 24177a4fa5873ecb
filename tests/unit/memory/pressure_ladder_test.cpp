// The ladder: order, errors, handlers that come and go, and threads.
#include "memory/pressure_ladder.h"

#include <atomic>
#include <barrier>
#include <gmock/gmock.h>
#include <latch>
#include <thread>

namespace sedx::test
{
namespace
{
using testing::ElementsAre;
using testing::IsEmpty;

constexpr PressureRequest kRock{4096, 1, "rock"};
const std::function<bool()> kNever = [] { return false; };
const std::function<bool()> kNoOther{};

// A ladder whose handlers write down what happens.
class PressureLadderTest : public testing::Test
{
  protected:
    uint64_t Add(PressureStep step, const std::string& name, uint64_t frees)
    {
        return m_ladder.Register(step, name, [this, name, frees](const PressureRequest&) {
            m_happened.push_back(name);
            return frees;
        });
    }
    std::function<bool()> Try(bool answer)
    {
        return [this, answer] {
            m_happened.push_back("try");
            return answer;
        };
    }
    std::function<bool()> Other(bool answer)
    {
        return [this, answer] {
            m_happened.push_back("other");
            return answer;
        };
    }

    PressureLadder m_ladder;
    std::vector<std::string> m_happened;
};

// ---- order ---------------------------------------------------------------------------------------------------------

TEST_F(PressureLadderTest, GoesDownInOrderAndTriesAfterEachStepThatFreed)
{
    Add(PressureStep::AskApplication, "the application", 1);
    Add(PressureStep::EvictResidency, "evicting", 5);
    Add(PressureStep::ReleaseWarmBlocks, "warm blocks", 0);
    Add(PressureStep::TrimPools, "pools", 7);
    EXPECT_FALSE(m_ladder.Run(kRock, Try(false), Other(false)));
    EXPECT_THAT(m_happened,
                ElementsAre("pools", "try", "warm blocks", "evicting", "try", "other", "the application", "try"));
}

TEST_F(PressureLadderTest, StopsAsSoonAsItWorks)
{
    Add(PressureStep::TrimPools, "pools", 1);
    Add(PressureStep::ReleaseWarmBlocks, "warm blocks", 1);
    EXPECT_TRUE(m_ladder.Run(kRock, Try(true), Other(true)));
    EXPECT_THAT(m_happened, ElementsAre("pools", "try"));
}

TEST_F(PressureLadderTest, AnotherPlacementComesBeforeTheApplication)
{
    Add(PressureStep::AskApplication, "the application", 1);
    EXPECT_TRUE(m_ladder.Run(kRock, Try(true), Other(true)));
    EXPECT_THAT(m_happened, ElementsAre("other"));
}

TEST_F(PressureLadderTest, AllHandlersOfAStepRunBeforeItIsTriedAgain)
{
    Add(PressureStep::TrimPools, "small pools", 0);
    Add(PressureStep::TrimPools, "large pools", 3);
    EXPECT_TRUE(m_ladder.Run(kRock, Try(true), kNoOther));
    EXPECT_THAT(m_happened, ElementsAre("small pools", "large pools", "try"));
}

TEST_F(PressureLadderTest, HandlersSeeTheRequest)
{
    PressureRequest seen;
    m_ladder.Register(PressureStep::TrimPools, "pools", [&](const PressureRequest& request) {
        seen = request;
        return uint64_t{0};
    });
    EXPECT_FALSE(m_ladder.Run(kRock, kNever, kNoOther));
    EXPECT_EQ(seen.bytes, 4096u);
    EXPECT_EQ(seen.heap, 1u);
    EXPECT_STREQ(seen.name, "rock");
}

// ---- the error -----------------------------------------------------------------------------------------------------

TEST_F(PressureLadderTest, TheErrorTellsWhatWasTried)
{
    Add(PressureStep::TrimPools, "pools", 0);
    Add(PressureStep::ReleaseWarmBlocks, "warm blocks", 1048576);
    Add(PressureStep::AskApplication, "the application", 0);
    const Result<void> failed = m_ladder.Run(kRock, kNever, kNever);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::OutOfDeviceMemory);
    EXPECT_EQ(failed.error().message,
              "allocating 4096 bytes for buffer 'rock' on heap 1 failed; tried: pools (freed 0), "
              "warm blocks (freed 1048576), another placement (no room), the application (freed 0)");
}

TEST_F(PressureLadderTest, TheErrorNamesTheLimit)
{
    PressureRequest request = kRock;
    request.limitBytes = 8192;
    EXPECT_THAT(m_ladder.Run(request, kNever, kNoOther).error().message,
                testing::StartsWith("allocating 4096 bytes for buffer 'rock' on heap 1 (limit 8192 bytes) failed; "));
}

TEST_F(PressureLadderTest, HandlersOfOneNameCountAsOne)
{
    Add(PressureStep::TrimPools, "pools", 2);
    Add(PressureStep::TrimPools, "rings", 3);
    Add(PressureStep::TrimPools, "pools", 5);
    EXPECT_EQ(m_ladder.Run(kRock, kNever, kNoOther).error().message,
              "allocating 4096 bytes for buffer 'rock' on heap 1 failed; tried: pools (freed 7), rings (freed 3)");
}

TEST_F(PressureLadderTest, WithNothingToTry)
{
    const Result<void> failed = m_ladder.Run({64, 0, nullptr}, Try(true), kNoOther);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "allocating 64 bytes for buffer '' on heap 0 failed; there was nothing to free");
    EXPECT_THAT(m_happened, IsEmpty());
}

TEST_F(PressureLadderTest, EmptyFunctionsAreSkipped)
{
    m_ladder.Register(PressureStep::TrimPools, "pools", nullptr);
    Add(PressureStep::ReleaseWarmBlocks, "warm blocks", ~uint64_t{0});
    Add(PressureStep::ReleaseWarmBlocks, "warm blocks", 2);
    EXPECT_EQ(
        m_ladder.Run(kRock, nullptr, nullptr).error().message,
        "allocating 4096 bytes for buffer 'rock' on heap 1 failed; tried: warm blocks (freed 18446744073709551615)");
}

// ---- coming and going ----------------------------------------------------------------------------------------------

TEST_F(PressureLadderTest, WhatIsUnregisteredIsNotCalledAndLetsGo)
{
    auto held = std::make_shared<int>(1);
    const uint64_t token =
        m_ladder.Register(PressureStep::TrimPools, "pools", [held](const PressureRequest&) { return uint64_t{1}; });
    EXPECT_NE(token, 0u);
    EXPECT_EQ(held.use_count(), 2);
    m_ladder.Unregister(token);
    EXPECT_EQ(held.use_count(), 1);
    m_ladder.Unregister(token);
    m_ladder.Unregister(0);
    EXPECT_FALSE(m_ladder.Run(kRock, Try(true), kNoOther));
    EXPECT_THAT(m_happened, IsEmpty());
}

TEST_F(PressureLadderTest, AHandlerMayUnregisterItselfAndOthers)
{
    auto held = std::make_shared<int>(1);
    uint64_t itself = 0;
    uint64_t next = 0;
    itself = m_ladder.Register(PressureStep::TrimPools, "pools", [&, held](const PressureRequest&) {
        m_ladder.Unregister(itself);
        m_ladder.Unregister(next);
        EXPECT_EQ(held.use_count(), 2); // what it captured lives as long as it runs
        m_happened.push_back("itself");
        return uint64_t{0};
    });
    next = Add(PressureStep::TrimPools, "next", 0);
    EXPECT_FALSE(m_ladder.Run(kRock, kNever, kNoOther));
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_FALSE(m_ladder.Run(kRock, kNever, kNoOther));
    EXPECT_THAT(m_happened, ElementsAre("itself"));
}

TEST_F(PressureLadderTest, WhatAHandlerRegistersWaitsForTheNextRun)
{
    m_ladder.Register(PressureStep::TrimPools, "pools", [&](const PressureRequest&) {
        Add(PressureStep::TrimPools, "new", 0);
        return uint64_t{0};
    });
    EXPECT_FALSE(m_ladder.Run(kRock, kNever, kNoOther));
    EXPECT_THAT(m_happened, IsEmpty());
    EXPECT_FALSE(m_ladder.Run(kRock, kNever, kNoOther));
    EXPECT_THAT(m_happened, ElementsAre("new"));
}

TEST_F(PressureLadderTest, DestructorsOfWhatIsCapturedMayCallBack)
{
    // Both ways to go: by another's hand, and by its own.
    for (const bool byItself : {false, true})
    {
        auto held = std::shared_ptr<int>(new int(1), [this](int* value) {
            delete value;
            Add(PressureStep::AskApplication, "added by a destructor", 0);
        });
        auto token = std::make_shared<uint64_t>(0);
        *token = m_ladder.Register(PressureStep::TrimPools, "pools",
                                   [this, byItself, token, held = std::move(held)](const PressureRequest&) {
                                       if (byItself)
                                           m_ladder.Unregister(*token);
                                       return uint64_t{0};
                                   });
        if (!byItself)
            m_ladder.Unregister(*token);
        else
            EXPECT_FALSE(m_ladder.Run(kRock, kNever, kNoOther));
    }
    m_happened.clear();
    EXPECT_FALSE(m_ladder.Run(kRock, kNever, kNoOther));
    EXPECT_THAT(m_happened, ElementsAre("added by a destructor", "added by a destructor"));
}

// ---- entering twice ------------------------------------------------------------------------------------------------

TEST_F(PressureLadderTest, AThreadOnTheLadderDoesNotEnterAgain)
{
    int inner = 0;
    const auto again = [&] {
        const Result<void> failed = m_ladder.Run({8, 0, "scratch"}, Try(true), Other(true));
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().code, ErrorCode::OutOfDeviceMemory);
        EXPECT_THAT(failed.error().message,
                    testing::StartsWith("allocating 8 bytes for buffer 'scratch' on heap 0 failed: "));
        ++inner;
    };
    m_ladder.Register(PressureStep::TrimPools, "pools", [&](const PressureRequest&) {
        again();
        return uint64_t{1};
    });
    const auto tryAgain = [&] {
        again();
        return false;
    };
    EXPECT_FALSE(m_ladder.Run(kRock, tryAgain, tryAgain));
    EXPECT_EQ(inner, 3);
    EXPECT_THAT(m_happened, IsEmpty());
    EXPECT_TRUE(m_ladder.Run(kRock, Try(true), kNoOther)); // and after that it may
}

TEST_F(PressureLadderTest, TheLadderOfAnotherDeviceMayBeEntered)
{
    PressureLadder other;
    other.Register(PressureStep::TrimPools, "pools", [&](const PressureRequest&) {
        EXPECT_FALSE(m_ladder.Run(kRock, kNever, kNoOther)); // on that one already, further out
        return uint64_t{1};
    });
    m_ladder.Register(PressureStep::TrimPools, "pools", [&](const PressureRequest&) {
        EXPECT_TRUE(other.Run(kRock, Try(true), kNoOther));
        return uint64_t{0};
    });
    EXPECT_FALSE(m_ladder.Run(kRock, kNever, kNoOther));
    EXPECT_THAT(m_happened, ElementsAre("try"));
}

// ---- threads -------------------------------------------------------------------------------------------------------

TEST_F(PressureLadderTest, SeveralThreadsAreInOneHandlerAtOnce)
{
    std::barrier meeting(3); // would never be passed if handlers ran one after the other
    m_ladder.Register(PressureStep::TrimPools, "pools", [&](const PressureRequest&) {
        meeting.arrive_and_wait();
        return uint64_t{0};
    });
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] { EXPECT_FALSE(m_ladder.Run(kRock, kNever, kNoOther)); });
    for (std::thread& thread : threads)
        thread.join();
}

TEST_F(PressureLadderTest, UnregisterWaitsForAThreadInside)
{
    std::latch inside(1);
    std::latch unregistering(1);
    std::atomic<bool> returned{false};
    auto alive = std::make_shared<int>(1);
    const uint64_t token = m_ladder.Register(PressureStep::TrimPools, "pools", [&, alive](const PressureRequest&) {
        inside.count_down();
        unregistering.wait();
        for (int i = 0; i < 1000; ++i)
        {
            std::this_thread::yield();
            EXPECT_FALSE(returned);
        }
        return uint64_t{0};
    });
    std::thread runs([&] { EXPECT_FALSE(m_ladder.Run(kRock, kNever, kNoOther)); });
    std::thread removes([&] {
        inside.wait();
        unregistering.count_down();
        m_ladder.Unregister(token);
        returned = true;
        EXPECT_EQ(alive.use_count(), 1); // nobody holds the handler any more
    });
    runs.join();
    removes.join();
}

TEST_F(PressureLadderTest, UnregisterDoesNotWaitForOtherHandlers)
{
    std::latch inside(1);
    std::latch gone(1);
    const uint64_t other = Add(PressureStep::AskApplication, "the application", 1);
    m_ladder.Register(PressureStep::TrimPools, "pools", [&](const PressureRequest&) {
        inside.count_down();
        gone.wait(); // would never end if Unregister waited for this one
        return uint64_t{0};
    });
    std::thread runs([&] { EXPECT_FALSE(m_ladder.Run(kRock, kNever, kNoOther)); });
    inside.wait();
    m_ladder.Unregister(other);
    gone.count_down();
    runs.join();
    EXPECT_THAT(m_happened, IsEmpty());
}

TEST_F(PressureLadderTest, WhatAnotherThreadFreedCounts)
{
    // Both are inside; one frees everything and leaves before the other, which frees nothing, goes on.
    std::barrier meeting(2);
    std::latch freed(1);
    std::atomic<int> order{0};
    std::atomic<uint64_t> free{0};
    m_ladder.Register(PressureStep::TrimPools, "pools", [&](const PressureRequest&) {
        meeting.arrive_and_wait();
        if (order++ == 0)
        {
            free = 2;
            return uint64_t{2};
        }
        freed.wait();
        return uint64_t{0};
    });
    std::atomic<int> got{0};
    const auto take = [&] {
        const bool room = free > 0;
        if (room)
        {
            --free;
            ++got;
            if (got == 1)
                freed.count_down();
        }
        return room;
    };
    std::thread one([&] { EXPECT_TRUE(m_ladder.Run(kRock, take, kNoOther)); });
    std::thread two([&] { EXPECT_TRUE(m_ladder.Run(kRock, take, kNoOther)); });
    one.join();
    two.join();
    EXPECT_EQ(got, 2);
}

TEST_F(PressureLadderTest, HandlersComeAndGoWhileOthersRun)
{
    std::atomic<bool> stop{false};
    std::vector<std::thread> runners;
    for (int i = 0; i < 2; ++i)
        runners.emplace_back([&] {
            while (!stop)
                m_ladder.Run(kRock, kNever, kNever).error();
        });
    std::vector<std::thread> owners;
    for (int i = 0; i < 2; ++i)
        owners.emplace_back([&] {
            for (int round = 0; round < 1000; ++round)
            {
                auto counter = std::make_unique<std::atomic<uint64_t>>(0); // dies right after Unregister
                const uint64_t token =
                    m_ladder.Register(static_cast<PressureStep>(round % 3), "pools",
                                      [&value = *counter](const PressureRequest&) { return value.fetch_add(1) % 2; });
                if (round % 16 == 0)
                    std::this_thread::yield();
                m_ladder.Unregister(token);
                const uint64_t calls = *counter;
                std::this_thread::yield();
                EXPECT_EQ(*counter, calls);
            }
        });
    for (std::thread& owner : owners)
        owner.join();
    stop = true;
    for (std::thread& runner : runners)
        runner.join();
}
} // namespace
} // namespace sedx::test
