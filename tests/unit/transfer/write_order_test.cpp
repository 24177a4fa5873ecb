// WriteOrder: writes by destination, packed into words, and runs of those that lie close together.
#include "transfer/write_order.h"

#include "support/bytes.h"
#include "transfer/copy_plan.h"

#include <algorithm>
#include <numeric>

namespace sedx::test
{
namespace
{
std::vector<CopyOp> WritesTo(std::span<const uint64_t> destinations)
{
    std::vector<CopyOp> ops;
    for (const uint64_t destination : destinations)
        ops.push_back({.destination = destination, .source = 0, .bytes = 4});
    return ops;
}

uint64_t Varying(std::span<const uint64_t> destinations)
{
    uint64_t varying = 0;
    for (const uint64_t destination : destinations)
        varying |= destination ^ destinations[0];
    return varying;
}

TEST(WriteOrder, IsThatOfAStableSort)
{
    Random random(0x0BDEull);
    SCOPED_TRACE(random.Trace());
    OrderScratch scratch;
    for (const size_t count :
         {size_t{1}, size_t{2}, size_t{255}, size_t{256}, size_t{4095}, size_t{4096}, size_t{50'000}})
    {
        for (const uint64_t bits : {0u, 1u, 8u, 13u, 26u, 40u})
        {
            for (const uint64_t low : {0u, 2u, 6u})
            {
                std::vector<uint64_t> destinations(count);
                const uint64_t base = random.Between(0, 1 << 20) << 42; // the same in all
                for (uint64_t& destination : destinations)
                    destination =
                        base + (random.Between(0, (uint64_t{1} << bits) - 1) << low & ((uint64_t{1} << 42) - 1));
                const WriteKeys keys(Varying(destinations), count);
                ASSERT_TRUE(keys.IsExact());
                std::vector<size_t> expected(count);
                std::iota(expected.begin(), expected.end(), size_t{0});
                std::ranges::stable_sort(expected, {}, [&](size_t i) { return destinations[i]; });
                const auto order = OrderByDestination(WritesTo(destinations), keys, scratch);
                ASSERT_EQ(order.size(), count);
                for (size_t i = 0; i < count; ++i)
                    ASSERT_EQ(keys.NumberOf(order[i]), expected[i]) << count << " writes, " << bits << " bits, " << i;
            }
        }
    }
}

TEST(WriteOrder, RunsHoldAllThatCouldOverlap)
{
    Random random(0x5EEDull);
    SCOPED_TRACE(random.Trace());
    OrderScratch scratch;
    for (const uint64_t top : {uint64_t{0}, uint64_t{1} << 63}) // exact keys, and those that lack their lowest bits
    {
        for (int round = 0; round < 40; ++round)
        {
            const size_t count = random.Between(2, 3000);
            const uint64_t longest = random.Between(1, 100);
            std::vector<uint64_t> destinations(count);
            for (uint64_t& destination : destinations)
                destination = random.Between(0, count * 100) + (random.Chance(1, 2) ? top : 0);
            destinations[0] &= ~top;
            destinations[1] |= top;
            const WriteKeys keys(Varying(destinations), count);
            const auto order = OrderByDestination(WritesTo(destinations), keys, scratch);
            std::vector<size_t> runOf(count, 0); // 0: none
            size_t runs = 0;
            size_t last = 0;
            ForEachRun(order, keys, keys.StepsOf(longest), [&](size_t begin, size_t end) {
                ASSERT_GE(begin, last);
                ASSERT_GE(end, begin + 2);
                ASSERT_LE(end, count);
                last = end;
                ++runs;
                for (size_t i = begin; i < end; ++i)
                    runOf[keys.NumberOf(order[i])] = runs;
            });
            std::vector<size_t> sorted(count);
            std::iota(sorted.begin(), sorted.end(), size_t{0});
            std::ranges::sort(sorted, {}, [&](size_t i) { return destinations[i]; });
            for (size_t i = 1; i < count; ++i)
            {
                const bool isClose = destinations[sorted[i]] - destinations[sorted[i - 1]] < longest;
                const bool isOneRun = runOf[sorted[i]] != 0 && runOf[sorted[i]] == runOf[sorted[i - 1]];
                if (isClose || keys.IsExact())
                {
                    ASSERT_EQ(isOneRun, isClose) << "writes " << sorted[i - 1] << " and " << sorted[i];
                }
            }
        }
    }
}
} // namespace
} // namespace sedx::test
