// RangeSet against a byte for each byte.
#include "base/range_set.h"
#include "support/bytes.h"

#include <array>
#include <cstdio>
#include <gtest/gtest.h>
#include <utility>
#include <vector>

namespace sedx::test
{
namespace
{
TEST(RangeSetTest, NeighboursBecomeOne)
{
    RangeSet set;
    set.Add(10, 5);
    set.Add(20, 5);
    EXPECT_EQ(set.Count(), 2u);
    set.Add(15, 5);
    EXPECT_EQ(set.Count(), 1u);
    EXPECT_FALSE(set.Overlaps(0, 10));
    EXPECT_TRUE(set.Overlaps(0, 11));
    EXPECT_TRUE(set.Overlaps(24, 1));
    EXPECT_FALSE(set.Overlaps(25, 100));
}

TEST(RangeSetTest, NothingOverlapsNothing)
{
    RangeSet set;
    set.Add(5, 0);
    EXPECT_EQ(set.Count(), 0u);
    EXPECT_FALSE(set.Overlaps(5, 1));
    set.Add(0, 10);
    EXPECT_FALSE(set.Overlaps(5, 0));
}

TEST(RangeSetTest, SixtyFourBits)
{
    RangeSet set;
    const uint64_t high = uint64_t{5} << 32;
    set.Add(high, 16);
    EXPECT_TRUE(set.Overlaps(high + 15, 1));
    EXPECT_FALSE(set.Overlaps(0, high));
    EXPECT_FALSE(set.Overlaps(high + 16, ~uint64_t{0} - high - 16));
}

TEST(RangeSetTest, WhatIsRemovedLeavesTheEnds)
{
    RangeSet set;
    set.Add(0, 100);
    set.Remove(40, 20);
    EXPECT_EQ(set.Count(), 2u);
    EXPECT_TRUE(set.Overlaps(39, 1));
    EXPECT_FALSE(set.Overlaps(40, 20));
    EXPECT_TRUE(set.Overlaps(60, 1));
    set.Remove(0, 100);
    EXPECT_EQ(set.Count(), 0u);
}

TEST(RangeSetTest, VisitsEachRangeOnceInOrder)
{
    RangeSet set;
    set.Add(100, 10);
    set.Add(0, 5);
    set.Add(110, 1);
    std::vector<std::pair<uint64_t, uint64_t>> seen;
    set.ForEach([&](uint64_t offset, uint64_t bytes) { seen.emplace_back(offset, bytes); });
    EXPECT_EQ(seen, (std::vector<std::pair<uint64_t, uint64_t>>{{0, 5}, {100, 11}}));
}

TEST(RangeSetTest, AnsweredAsByAMap)
{
    constexpr uint64_t kSeed = 0x5E7;
    std::printf("seed %llu\n", static_cast<unsigned long long>(kSeed));
    Random random(kSeed);
    for (int round = 0; round < 200; ++round)
    {
        RangeSet set;
        std::array<bool, 200> taken{};
        for (int i = 0; i < 30; ++i)
        {
            const uint64_t offset = random.Between(0, taken.size() - 1);
            const uint64_t bytes = random.Between(0, std::min<uint64_t>(taken.size() - offset, 12));
            const auto begin = taken.begin() + static_cast<ptrdiff_t>(offset);
            const auto end = begin + static_cast<ptrdiff_t>(bytes);
            ASSERT_EQ(set.Overlaps(offset, bytes), std::find(begin, end, true) != end) << offset << " + " << bytes;
            const bool adds = random.Chance(1, 2);
            if (adds)
                set.Add(offset, bytes);
            else if (random.Chance(1, 2))
                set.Remove(offset, bytes);
            else
                continue;
            std::fill(begin, end, adds);
        }
        size_t runs = 0;
        for (size_t i = 0; i < taken.size(); ++i)
            runs += taken[i] && (i == 0 || !taken[i - 1]) ? 1 : 0;
        ASSERT_EQ(set.Count(), runs);
    }
}
} // namespace
} // namespace sedx::test
