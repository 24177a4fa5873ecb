// AlignForImport: which bytes of a block are whole units, and what is imported beside the block.
#include "memory/host_memory.h"

#include <gtest/gtest.h>

namespace sedx::test
{
namespace
{
constexpr uint64_t kPage = 4096;

void Expect(const AlignedRange& range, uint64_t begin, uint64_t end, uint64_t before, uint64_t behind)
{
    EXPECT_EQ(range.inside.begin, begin);
    EXPECT_EQ(range.inside.end, end);
    EXPECT_EQ(range.before, before);
    EXPECT_EQ(range.behind, behind);
}

TEST(AlignForImport, InwardsTakesWholeUnitsOnly)
{
    Expect(AlignForImport(kPage, 3 * kPage, kPage, false), 0, 3 * kPage, 0, 0);
    Expect(AlignForImport(kPage + 1, 3 * kPage, kPage, false), kPage - 1, 3 * kPage - 1, 0, 0);
    Expect(AlignForImport(kPage - 1, kPage + 2, kPage, false), 1, kPage + 1, 0, 0);
    Expect(AlignForImport(2 * kPage, kPage + 5, kPage, false), 0, kPage, 0, 0);
}

TEST(AlignForImport, InwardsFindsNothingWhereNoUnitIsWhole)
{
    for (const uint64_t address : {kPage, kPage + 1, 2 * kPage - 1})
        for (const uint64_t bytes : {uint64_t{1}, kPage - 1})
            EXPECT_TRUE(AlignForImport(address, bytes, kPage, false).inside.IsEmpty()) << address << " " << bytes;
    EXPECT_TRUE(AlignForImport(kPage + 1, 2 * kPage - 2, kPage, false).inside.IsEmpty());
}

TEST(AlignForImport, OutwardsTakesAllOfTheBlock)
{
    Expect(AlignForImport(kPage, kPage, kPage, true), 0, kPage, 0, 0);
    Expect(AlignForImport(kPage + 1, 1, kPage, true), 0, 1, 1, kPage - 2);
    Expect(AlignForImport(2 * kPage - 1, 2, kPage, true), 0, 2, kPage - 1, kPage - 1);
}
} // namespace
} // namespace sedx::test
