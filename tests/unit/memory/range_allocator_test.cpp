// Ranges of one block, against a model: no overlap, alignment, nothing lost.
#include "memory/range_allocator.h"

#include "support/bytes.h"

#include <map>
#include <set>

namespace sedx::test
{
namespace
{
using Range = RangeAllocator::Range;

TEST(RangeAllocatorTest, AFullBlockHasNoRoomAndAFreedOneHasAllOfIt)
{
    RangeAllocator ranges;
    ASSERT_TRUE(ranges.Create(4096));
    std::vector<Range> taken;
    std::set<uint64_t> offsets;
    for (int i = 0; i < 16; ++i)
    {
        Range range;
        ASSERT_TRUE(ranges.Allocate(256, 256, range)) << i;
        EXPECT_NE(range.handle, 0u);
        EXPECT_EQ(range.offset % 256, 0u);
        EXPECT_LE(range.offset + 256, 4096u);
        EXPECT_TRUE(offsets.insert(range.offset).second);
        taken.push_back(range);
    }
    Range none;
    EXPECT_FALSE(ranges.Allocate(1, 1, none));
    // In an order that leaves holes on both sides of each range.
    for (const size_t start : {0u, 1u})
        for (size_t i = start; i < taken.size(); i += 2)
            ranges.Free(taken[i].handle);
    Range whole;
    ASSERT_TRUE(ranges.Allocate(4096, 4096, whole)) << "neighbours that are free were not joined";
    EXPECT_EQ(whole.offset, 0u);
}

TEST(RangeAllocatorTest, TooLargeOrNoHole)
{
    RangeAllocator ranges;
    ASSERT_TRUE(ranges.Create(1024));
    Range range;
    EXPECT_FALSE(ranges.Allocate(1025, 1, range));
    Range first;
    Range second;
    Range third;
    ASSERT_TRUE(ranges.Allocate(256, 1, first));
    ASSERT_TRUE(ranges.Allocate(256, 1, second));
    ASSERT_TRUE(ranges.Allocate(256, 1, third));
    ranges.Free(second.handle); // 512 bytes are free, in two pieces
    EXPECT_FALSE(ranges.Allocate(512, 1, range));
    EXPECT_TRUE(ranges.Allocate(256, 1, range));
}

// Beyond 4 GiB: nothing is cut to 32 bits.
TEST(RangeAllocatorTest, OffsetsHave64Bits)
{
    constexpr uint64_t kGiB = 1ull << 30;
    RangeAllocator ranges;
    ASSERT_TRUE(ranges.Create(64 * kGiB));
    std::set<uint64_t> offsets;
    for (int i = 0; i < 8; ++i)
    {
        Range range;
        ASSERT_TRUE(ranges.Allocate(8 * kGiB, 65'536, range)) << i;
        EXPECT_EQ(range.offset % (8 * kGiB), 0u);
        EXPECT_TRUE(offsets.insert(range.offset).second);
    }
    EXPECT_EQ(*offsets.rbegin(), 56 * kGiB);
    Range range;
    EXPECT_FALSE(ranges.Allocate(1, 1, range));
}

TEST(RangeAllocatorTest, RandomRangesNeverOverlap)
{
    Random random(0x4a4e6e);
    SCOPED_TRACE(random.Trace());
    constexpr uint64_t kBytes = 1 << 20;
    RangeAllocator ranges;
    ASSERT_TRUE(ranges.Create(kBytes));
    struct Taken
    {
        uint64_t bytes = 0;
        uint64_t handle = 0;
    };
    std::map<uint64_t, Taken> model; // by offset
    uint64_t live = 0;
    for (int i = 0; i < 100'000; ++i)
    {
        if (!model.empty() && random.Chance(live > kBytes / 2 ? 3 : 1, 4))
        {
            auto victim = model.lower_bound(random.Between(0, kBytes));
            if (victim == model.end())
                victim = model.begin();
            ranges.Free(victim->second.handle);
            live -= victim->second.bytes;
            model.erase(victim);
            continue;
        }
        const uint64_t bytes = random.Between(1, uint64_t{1} << random.Between(0, 15));
        const uint64_t alignment = uint64_t{1} << random.Between(0, 12);
        Range range;
        if (!ranges.Allocate(bytes, alignment, range))
        {
            ASSERT_GT(live + bytes + alignment, kBytes / 4) << "no room in a block that is nearly empty";
            continue;
        }
        ASSERT_EQ(range.offset % alignment, 0u);
        ASSERT_LE(range.offset + bytes, kBytes);
        const auto next = model.lower_bound(range.offset);
        ASSERT_TRUE(next == model.end() || next->first >= range.offset + bytes);
        ASSERT_TRUE(next == model.begin() || std::prev(next)->first + std::prev(next)->second.bytes <= range.offset);
        model.emplace(range.offset, Taken{bytes, range.handle});
        live += bytes;
    }
    for (const auto& [offset, taken] : model)
        ranges.Free(taken.handle);
    Range whole;
    EXPECT_TRUE(ranges.Allocate(kBytes, 1, whole)) << "something was lost";
}
} // namespace
} // namespace sedx::test
