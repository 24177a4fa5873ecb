// Budgets: every rule by itself with round numbers, then what must always hold, then threads.
#include "memory/memory_budget.h"

#include <cmath>
#include <gmock/gmock.h>
#include <random>
#include <thread>

namespace sedx::test
{
namespace
{
using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint64_t kMiB = 1ull << 20;
constexpr uint64_t kMs = 1'000'000;
constexpr VkMemoryHeapFlags kDevice = VK_MEMORY_HEAP_DEVICE_LOCAL_BIT;

struct TestHeap
{
    uint64_t mib = 0;
    VkMemoryHeapFlags flags = 0;
    bool isSmallBar = false;
};

// The strategy is made by hand: caps and windows are all that counts here.
std::unique_ptr<MemoryBudget> Make(const BudgetDesc& desc, const std::vector<TestHeap>& heaps)
{
    VkPhysicalDeviceMemoryProperties memory{};
    MemoryStrategy strategy;
    for (const TestHeap& heap : heaps)
    {
        memory.memoryHeaps[memory.memoryHeapCount++] = {heap.mib * kMiB, heap.flags};
        HeapRules rules;
        rules.isSmallBar = heap.isSmallBar;
        rules.capBytes = heap.mib * kMiB / (heap.isSmallBar ? 2 : 1);
        strategy.heaps.push_back(rules);
    }
    return std::make_unique<MemoryBudget>(desc, memory, strategy);
}

HeapSample Driver(uint64_t budgetMib, uint64_t usageMib)
{
    return {.driverBudgetBytes = budgetMib * kMiB, .driverUsageBytes = usageMib * kMiB, .hasDriverNumbers = true};
}

void SampleOne(MemoryBudget& budget, const HeapSample& sample, uint64_t nowNs = 0)
{
    budget.Sample({&sample, 1}, nowNs);
}

double BudgetMib(const MemoryBudget& budget, uint32_t heap = 0)
{
    return static_cast<double>(budget.Of(heap).budgetBytes) / static_cast<double>(kMiB);
}

const std::vector<TestHeap> kOne{{1000, kDevice}};
const std::vector<TestHeap> kCard{{4000, kDevice}, {8000, 0}, {256, kDevice, true}};

// ---- the rules -----------------------------------------------------------------------------------------------------

TEST(MemoryBudget, BeforeTheFirstSampleItIsAShareOfTheHeap)
{
    const auto budget = Make({}, kCard);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget, 0), 3200);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget, 1), 6400);
    EXPECT_EQ(budget->Admit(0, 2560 * kMiB), BudgetVerdict::Fits);
    EXPECT_EQ(budget->Admit(0, 2561 * kMiB), BudgetVerdict::OverSoft);
    EXPECT_EQ(budget->Admit(0, 3200 * kMiB), BudgetVerdict::OverSoft);
    EXPECT_EQ(budget->Admit(0, 3200 * kMiB + 1), BudgetVerdict::OverHard);
    const HeapBudget heap = budget->Of(1);
    EXPECT_EQ(heap.heap, 1u);
    EXPECT_EQ(heap.heapBytes, 8000 * kMiB);
    EXPECT_EQ(heap.capBytes, 8000 * kMiB);
    EXPECT_EQ(heap.hardBytes, heap.budgetBytes);
    EXPECT_FALSE(heap.isDeviceLocal);
    EXPECT_TRUE(budget->Of(0).isDeviceLocal);
}

TEST(MemoryBudget, SamplesWithoutNumbersAndMissingOnesAreAShareOfTheHeap)
{
    const auto budget = Make({.heapShare = 0.5}, kCard);
    const HeapSample samples[] = {{}, Driver(0, 50)}; // some drivers say 0 and mean that they don't know
    budget->Sample(samples, 0);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget, 0), 2000);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget, 1), 4000);
    EXPECT_EQ(budget->Of(1).othersBytes, 0u);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget, 2), 128);
}

TEST(MemoryBudget, TheDriversNumberIsHeldToTheHeap)
{
    const auto budget = Make({}, kOne);
    SampleOne(*budget, Driver(5000, 0));
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 1000);

    HeapSample shrunk = Driver(5000, 0);
    shrunk.heapBytes = 600 * kMiB;
    SampleOne(*budget, shrunk);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 600);
}

TEST(MemoryBudget, OthersAreWhatIsNotOurs)
{
    const auto budget = Make({}, kOne);
    budget->Add(0, 100 * kMiB);
    SampleOne(*budget, Driver(900, 150));
    EXPECT_EQ(budget->Of(0).othersBytes, 50 * kMiB);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 850);
    EXPECT_EQ(budget->Of(0).usedBytes, 100 * kMiB);

    budget->Add(0, 400 * kMiB); // more than the driver says: it is behind
    SampleOne(*budget, Driver(900, 150), 1'000'000 * kMs);
    EXPECT_EQ(budget->Of(0).othersBytes, 0u);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 900);

    SampleOne(*budget, Driver(900, 5000));
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 0);
    EXPECT_EQ(budget->Admit(0, 1), BudgetVerdict::OverHard);
}

TEST(MemoryBudget, WhatIsFreedBetweenAnswerAndSampleIsNotTakenForOthers)
{
    const auto budget = Make({}, kOne);
    budget->Add(0, 300 * kMiB);
    HeapSample sample = Driver(900, 350);
    sample.usedBytesBefore = 300 * kMiB;
    budget->Remove(0, 200 * kMiB);
    SampleOne(*budget, sample);
    EXPECT_EQ(budget->Of(0).othersBytes, 50 * kMiB);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 850);
}

TEST(MemoryBudget, TheReservationAndTheLimitsAreSpreadBySize)
{
    const std::vector<TestHeap> heaps{{3000, kDevice}, {1000, kDevice}, {8000, 0}};
    const auto reserved = Make({.heapShare = 1.0, .reservedBytes = 400 * kMiB}, heaps);
    EXPECT_DOUBLE_EQ(BudgetMib(*reserved, 0), 2700);
    EXPECT_DOUBLE_EQ(BudgetMib(*reserved, 1), 900);
    EXPECT_DOUBLE_EQ(BudgetMib(*reserved, 2), 8000);

    const auto limited = Make({.heapShare = 1.0, .limitBytes = 400 * kMiB}, heaps);
    EXPECT_DOUBLE_EQ(BudgetMib(*limited, 0), 300);
    EXPECT_DOUBLE_EQ(BudgetMib(*limited, 1), 100);
    EXPECT_DOUBLE_EQ(BudgetMib(*limited, 2), 8000);
}

TEST(MemoryBudget, TheReservationComesOffWhatTheDriverGrantsNotOffTheLimit)
{
    const auto budget = Make({.reservedBytes = 300 * kMiB, .limitBytes = 500 * kMiB}, kOne);
    SampleOne(*budget, Driver(900, 50));
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 500);
    SampleOne(*budget, Driver(700, 50));
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 350);
    SampleOne(*budget, Driver(200, 50)); // nothing is left, and nothing wraps
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 0);
}

TEST(MemoryBudget, ASmallBarKeepsItsCapAndIsNotReserved)
{
    const auto budget = Make({.reservedBytes = 1000 * kMiB, .hardLimit = 2.0f}, kCard);
    const HeapSample samples[] = {Driver(4000, 0), Driver(8000, 0), Driver(256, 0)};
    budget->Sample(samples, 0);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget, 0), 3000);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget, 2), 128);
    EXPECT_EQ(budget->Of(2).hardBytes, 128 * kMiB); // whatever hardLimit says
    EXPECT_EQ(budget->Of(0).hardBytes, 4000 * kMiB);
    EXPECT_NE(budget->Admit(2, 128 * kMiB), BudgetVerdict::OverHard);
    EXPECT_EQ(budget->Admit(2, 128 * kMiB + 1), BudgetVerdict::OverHard);
}

TEST(MemoryBudget, TheLimitsHoldForAllDeviceMemoryTogether)
{
    // The caps are 4000 and 128 MiB.
    const auto budget = Make({.limitBytes = 2064 * kMiB, .unfocusedBytes = 0}, kCard);
    EXPECT_NEAR(BudgetMib(*budget, 0), 2000, 1e-3);
    EXPECT_NEAR(BudgetMib(*budget, 2), 64, 1e-3);
    EXPECT_LE(budget->Of(0).budgetBytes + budget->Of(2).budgetBytes, 2064 * kMiB);
    budget->SetFocus(false);
    EXPECT_EQ(budget->Of(0).budgetBytes, 0u);
    EXPECT_EQ(budget->Of(2).budgetBytes, 0u);
}

TEST(MemoryBudget, WithoutADeviceLocalHeapAllHeapsAreLimited)
{
    const auto budget = Make({.limitBytes = 64 * kMiB}, {{8000, 0}});
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 64);
    EXPECT_TRUE(budget->Of(0).isDeviceLocal);
}

TEST(MemoryBudget, AWindowWithoutALargerHeapTakesPart)
{
    const auto budget = Make({.limitBytes = 64 * kMiB}, {{8000, 0}, {256, kDevice, true}});
    EXPECT_DOUBLE_EQ(BudgetMib(*budget, 1), 64);
}

TEST(MemoryBudget, HeapsThatBuffersNeverUseTakeNoPart)
{
    VkPhysicalDeviceMemoryProperties memory{};
    memory.memoryHeapCount = 2;
    memory.memoryHeaps[0] = {1000 * kMiB, kDevice};
    memory.memoryHeaps[1] = {9000 * kMiB, kDevice};
    MemoryStrategy strategy;
    strategy.heaps.resize(1); // and one that the strategy does not know
    strategy.heaps[0].capBytes = 1000 * kMiB;
    const MemoryBudget budget({.limitBytes = 500 * kMiB}, memory, strategy);
    EXPECT_DOUBLE_EQ(BudgetMib(budget, 0), 500);
    EXPECT_DOUBLE_EQ(BudgetMib(budget, 1), 0);
    EXPECT_EQ(budget.Admit(1, 1), BudgetVerdict::OverHard);
}

TEST(MemoryBudget, FocusCountsAtOnceBothWays)
{
    const auto budget = Make({.heapShare = 1.0, .unfocusedBytes = 200 * kMiB}, {{4000, kDevice}, {8000, 0}});
    budget->Sample({}, 0);
    budget->SetFocus(false);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget, 0), 200);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget, 1), 8000);
    EXPECT_EQ(budget->Admit(0, 201 * kMiB), BudgetVerdict::OverHard);
    budget->SetFocus(true);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget, 0), 4000);

    const auto nothing = Make({.unfocusedBytes = 0}, kOne);
    nothing->SetFocus(false);
    EXPECT_DOUBLE_EQ(BudgetMib(*nothing), 0);

    const auto noChange = Make({}, kOne);
    noChange->SetFocus(false);
    EXPECT_DOUBLE_EQ(BudgetMib(*noChange), 800);
}

// ---- smoothing -----------------------------------------------------------------------------------------------------

TEST(MemoryBudget, TheFirstSampleAndDropsCountAtOnce)
{
    const auto budget = Make({.smoothingNs = 100 * kMs}, kOne);
    SampleOne(*budget, Driver(1000, 0), 5);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 1000); // a rise from 800
    SampleOne(*budget, Driver(300, 0), 6);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 300);
}

TEST(MemoryBudget, RisesAreExponential)
{
    const auto budget = Make({.smoothingNs = 100 * kMs}, kOne);
    SampleOne(*budget, Driver(200, 0), 0);
    SampleOne(*budget, Driver(1000, 0), 100 * kMs);
    EXPECT_NEAR(BudgetMib(*budget), 200 + 800 * (1 - std::exp(-1.0)), 0.01);
    SampleOne(*budget, Driver(1000, 0), 100 * kMs); // no time has passed
    EXPECT_NEAR(BudgetMib(*budget), 200 + 800 * (1 - std::exp(-1.0)), 0.01);
    SampleOne(*budget, Driver(1000, 0), 50 * kMs); // nor has it gone back
    EXPECT_NEAR(BudgetMib(*budget), 200 + 800 * (1 - std::exp(-1.0)), 0.01);
    SampleOne(*budget, Driver(1000, 0), 300 * kMs);
    EXPECT_NEAR(BudgetMib(*budget), 200 + 800 * (1 - std::exp(-3.0)), 0.01);
    SampleOne(*budget, Driver(1000, 0), 2000 * kMs);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 1000); // it arrives
}

TEST(MemoryBudget, TheFrameRateDoesNotChangeARise)
{
    const auto often = Make({}, kOne);
    const auto seldom = Make({}, kOne);
    SampleOne(*often, Driver(100, 0), 0);
    SampleOne(*seldom, Driver(100, 0), 0);
    for (uint64_t i = 1; i <= 60; ++i)
        SampleOne(*often, Driver(900, 0), i * kMs);
    SampleOne(*seldom, Driver(900, 0), 60 * kMs);
    EXPECT_NEAR(BudgetMib(*often), BudgetMib(*seldom), 0.01);
}

TEST(MemoryBudget, WithoutSmoothingRisesCountAtOnce)
{
    const auto budget = Make({.smoothingNs = 0}, kOne);
    SampleOne(*budget, Driver(200, 0), 0);
    SampleOne(*budget, Driver(1000, 0), 0);
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 1000);
}

// ---- callbacks -----------------------------------------------------------------------------------------------------

TEST(MemoryBudget, ACrossingIsToldOnceAndAgainAfterUseWasWellBelow)
{
    std::vector<uint64_t> soft;
    std::vector<uint64_t> hard;
    const auto budget = Make({.softLimit = 0.5f,
                              .onSoftLimit = [&](const HeapBudget& heap) { soft.push_back(heap.usedBytes / kMiB); },
                              .onHardLimit = [&](const HeapBudget& heap) { hard.push_back(heap.usedBytes / kMiB); }},
                             kOne);
    const auto frame = [&] { SampleOne(*budget, Driver(1000, 0)); };
    budget->Add(0, 500 * kMiB);
    frame();
    EXPECT_THAT(soft, IsEmpty()); // at the limit is not above it
    budget->Add(0, kMiB);
    EXPECT_EQ(budget->Admit(0, kMiB), BudgetVerdict::OverSoft);
    EXPECT_THAT(soft, IsEmpty()); // only Sample tells
    frame();
    frame();
    EXPECT_THAT(soft, ElementsAre(501));
    budget->Remove(0, 20 * kMiB); // 481: below, yet not by 5 %
    frame();
    budget->Add(0, 100 * kMiB);
    frame();
    EXPECT_THAT(soft, ElementsAre(501));
    budget->Remove(0, 106 * kMiB); // 475
    frame();
    budget->Add(0, 600 * kMiB); // above both
    frame();
    frame();
    EXPECT_THAT(soft, ElementsAre(501, 1075));
    EXPECT_THAT(hard, ElementsAre(1075));
}

TEST(MemoryBudget, ADropOfTheBudgetIsACrossing)
{
    std::vector<uint32_t> hard;
    const auto budget =
        Make({.unfocusedBytes = 10 * kMiB, .onHardLimit = [&](const HeapBudget& heap) { hard.push_back(heap.heap); }},
             kCard);
    budget->Add(0, 100 * kMiB);
    budget->Add(1, 100 * kMiB);
    budget->Sample({}, 0);
    budget->SetFocus(false);
    EXPECT_THAT(hard, IsEmpty());
    budget->Sample({}, 1);
    EXPECT_THAT(hard, ElementsAre(0));
}

TEST(MemoryBudget, ARefusalIsACrossingOfTheHardLimit)
{
    int hard = 0;
    int soft = 0;
    const auto budget = Make({.heapShare = 1.0,
                              .onSoftLimit = [&](const HeapBudget&) { ++soft; },
                              .onHardLimit = [&](const HeapBudget&) { ++hard; }},
                             kOne);
    EXPECT_EQ(budget->Reserve(0, 700 * kMiB), BudgetVerdict::Fits);
    EXPECT_EQ(budget->Reserve(0, 290 * kMiB), BudgetVerdict::OverSoft);
    budget->Sample({}, 0);
    EXPECT_EQ(hard, 0);
    EXPECT_EQ(soft, 1);
    for (int frame = 0; frame < 5; ++frame)
    {
        EXPECT_EQ(budget->Reserve(0, 64 * kMiB), BudgetVerdict::OverHard);
        budget->Sample({}, 0);
        budget->Sample({}, 0); // still at 99 %
    }
    EXPECT_EQ(hard, 1);
    EXPECT_EQ(budget->UsedBytes(), 990 * kMiB) << "what was refused is not counted";
    budget->Remove(0, 100 * kMiB);
    budget->Sample({}, 0);
    EXPECT_EQ(budget->Reserve(0, 200 * kMiB), BudgetVerdict::OverHard);
    budget->Sample({}, 0);
    EXPECT_EQ(hard, 2);
}

TEST(MemoryBudget, CallbacksMayCallBack)
{
    MemoryBudget* self = nullptr;
    int calls = 0;
    const auto budget = Make({.onSoftLimit =
                                  [&](const HeapBudget& heap) {
                                      ++calls;
                                      self->Remove(heap.heap, heap.usedBytes - heap.softBytes);
                                      self->SetFocus(true);
                                      EXPECT_EQ(self->Of(heap.heap).usedBytes, heap.softBytes);
                                      self->Sample({}, 1);
                                  }},
                             kOne);
    self = budget.get();
    budget->Add(0, 700 * kMiB);
    budget->Sample({}, 0);
    EXPECT_EQ(calls, 1);
}

// ---- edges ---------------------------------------------------------------------------------------------------------

TEST(MemoryBudget, HugeNumbersDoNotWrap)
{
    const auto budget = Make({.hardLimit = 1e9f}, kOne);
    budget->Add(0, 10 * kMiB);
    EXPECT_EQ(budget->Admit(0, ~uint64_t{0}), BudgetVerdict::OverHard);
    EXPECT_EQ(budget->Admit(0, 0), BudgetVerdict::Fits);
    EXPECT_EQ(budget->Of(0).hardBytes, 1000 * kMiB);
    budget->Remove(0, ~uint64_t{0});
    EXPECT_EQ(budget->UsedBytes(), 0u);
    SampleOne(*budget, {.driverBudgetBytes = ~uint64_t{0}, .driverUsageBytes = ~uint64_t{0}, .hasDriverNumbers = true},
              ~uint64_t{0});
    EXPECT_DOUBLE_EQ(BudgetMib(*budget), 0);
}

TEST(MemoryBudget, ReservingThreadsNeverGoBeyondTheCap)
{
    const auto budget = Make({.heapShare = 1.0, .softLimit = 9.0f, .hardLimit = 9.0f}, kCard);
    const uint64_t cap = 128 * kMiB;
    std::atomic<bool> beyond{false};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            std::mt19937 random(t);
            std::vector<uint64_t> held;
            for (int i = 0; i < 5000; ++i)
            {
                const uint64_t bytes = random() % (8 * kMiB);
                if (random() % 3 != 0 && budget->Reserve(2, bytes) != BudgetVerdict::OverHard)
                    held.push_back(bytes);
                else if (!held.empty())
                {
                    budget->Remove(2, held.back());
                    held.pop_back();
                }
                if (budget->Of(2).usedBytes > cap)
                    beyond = true;
            }
            for (const uint64_t bytes : held)
                budget->Remove(2, bytes);
        });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_FALSE(beyond);
    EXPECT_EQ(budget->UsedBytes(), 0u);
}

TEST(MemoryBudget, HeapsThatDoNotExist)
{
    const auto budget = Make({}, kOne);
    budget->Add(1, 5);
    budget->Remove(~0u, 5);
    EXPECT_EQ(budget->UsedBytes(), 0u);
    EXPECT_EQ(budget->Admit(1, 0), BudgetVerdict::OverHard);
    EXPECT_EQ(budget->Of(1).heapBytes, 0u);
}

TEST(MemoryBudget, SharesThatMakeNoSense)
{
    EXPECT_DOUBLE_EQ(BudgetMib(*Make({.heapShare = std::nan("")}, kOne)), 800);
    EXPECT_DOUBLE_EQ(BudgetMib(*Make({.heapShare = -1.0}, kOne)), 0);
    EXPECT_DOUBLE_EQ(BudgetMib(*Make({.heapShare = 7.0}, kOne)), 1000);
    const HeapBudget crossed = Make({.softLimit = 0.9f, .hardLimit = 0.5f}, kOne)->Of(0);
    EXPECT_EQ(crossed.softBytes, crossed.hardBytes);
    EXPECT_EQ(crossed.hardBytes, 400 * kMiB);
}

// ---- what must always hold -----------------------------------------------------------------------------------------

TEST(MemoryBudget, RandomFramesKeepEveryPromise)
{
    std::mt19937 random(20);
    const auto pick = [&](uint64_t most) { return std::uniform_int_distribution<uint64_t>(0, most)(random); };
    for (int round = 0; round < 200; ++round)
    {
        SCOPED_TRACE(round);
        const BudgetDesc desc{.reservedBytes = pick(2000) * kMiB,
                              .limitBytes = pick(2) * pick(3000) * kMiB,
                              .unfocusedBytes = pick(1) != 0 ? BudgetDesc::kNoChange : pick(500) * kMiB,
                              .smoothingNs = pick(200) * kMs};
        const auto budget = Make(desc, kCard);
        std::array<uint64_t, 3> used{};
        uint64_t now = 0;
        for (int frame = 0; frame < 30; ++frame)
        {
            std::array<HeapSample, 3> samples{};
            for (uint32_t i = 0; i < samples.size(); ++i)
            {
                const uint64_t more = pick(300) * kMiB;
                budget->Add(i, more);
                const uint64_t less = pick(used[i] + more);
                budget->Remove(i, less);
                used[i] += more - less;
                samples[i] = Driver(pick(10000), pick(1000));
                samples[i].hasDriverNumbers = pick(3) != 0;
            }
            const bool focus = pick(1) != 0;
            budget->SetFocus(focus);
            const uint64_t before = budget->Of(0).budgetBytes;
            budget->Sample(samples, now += pick(50) * kMs);
            EXPECT_EQ(budget->UsedBytes(), used[0] + used[1] + used[2]);
            for (uint32_t i = 0; i < samples.size(); ++i)
            {
                const HeapBudget heap = budget->Of(i);
                EXPECT_LE(heap.budgetBytes, heap.capBytes);
                EXPECT_LE(heap.hardBytes, heap.capBytes);
                EXPECT_LE(heap.softBytes, heap.hardBytes);
                EXPECT_EQ(heap.usedBytes, used[i]);
                if (samples[i].hasDriverNumbers && samples[i].driverBudgetBytes != 0)
                {
                    EXPECT_LE(heap.budgetBytes + heap.othersBytes,
                              std::max(samples[i].driverBudgetBytes, heap.othersBytes));
                }
                const uint64_t room = heap.hardBytes > used[i] ? heap.hardBytes - used[i] : 0;
                EXPECT_EQ(budget->Admit(i, room + 1), BudgetVerdict::OverHard);
                if (room > 0)
                {
                    EXPECT_NE(budget->Admit(i, room), BudgetVerdict::OverHard);
                }
            }
            if (desc.limitBytes != 0)
            {
                EXPECT_LE(budget->Of(0).budgetBytes, desc.limitBytes);
            }
            if (!focus)
            {
                EXPECT_LE(budget->Of(0).budgetBytes, desc.unfocusedBytes);
            }
            if (frame > 0 && budget->Of(0).budgetBytes > before && samples[0].hasDriverNumbers)
            {
                EXPECT_LE(budget->Of(0).budgetBytes, 4000 * kMiB - std::min(4000 * kMiB, desc.reservedBytes));
            }
        }
    }
}

// ---- threads -------------------------------------------------------------------------------------------------------

TEST(MemoryBudget, ManyThreadsCountRight)
{
    std::atomic<int> told{0};
    const auto budget = Make({.onSoftLimit = [&](const HeapBudget&) { ++told; }}, kCard);
    std::vector<std::thread> threads;
    for (uint32_t t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (uint32_t i = 0; i < 3000; ++i)
            {
                const uint32_t heap = (t + i) % 3;
                if (budget->Admit(heap, kMiB) == BudgetVerdict::OverHard)
                    continue;
                budget->Add(heap, kMiB);
                EXPECT_LE(budget->Of(heap).usedBytes, budget->Of(heap).capBytes + 4 * kMiB);
                budget->Remove(heap, kMiB);
            }
        });
    for (uint64_t i = 0; i < 1000; ++i)
    {
        budget->SetFocus(i % 2 == 0);
        budget->Sample({}, i * kMs);
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(budget->UsedBytes(), 0u);
    EXPECT_EQ(told, 0);
}
} // namespace
} // namespace sedx::test
