// Size classes: every size has one, none wastes more than the rule allows.
#include "pools/size_classes.h"

#include "support/bytes.h"

#include <vector>

namespace sedx::test
{
namespace
{
constexpr uint64_t kLargest = uint64_t{1} << 63;

// The class of `bytes` holds it, is the smallest that does, and at most a fifth of it is unused.
testing::AssertionResult IsClassed(uint64_t bytes)
{
    const uint32_t sizeClass = SizeClassOf(bytes);
    const auto fail = [&] {
        return testing::AssertionFailure() << bytes << " bytes, class " << sizeClass << " of "
                                           << BytesOfClass(sizeClass) << " bytes: ";
    };
    if (sizeClass >= kSizeClasses)
        return fail() << "no such class";
    const uint64_t held = BytesOfClass(sizeClass);
    if (held < bytes)
        return fail() << "does not fit";
    if ((held - bytes) / 4 > held / 20 + 1) // a fifth, without overflow
        return fail() << held - bytes << " bytes are unused";
    if (sizeClass != 0 && BytesOfClass(sizeClass - 1) >= bytes)
        return fail() << "the class below holds it, too";
    return testing::AssertionSuccess();
}

TEST(SizeClassesTest, ClassesGrow)
{
    const uint32_t last = SizeClassOf(kLargest);
    for (uint32_t i = 1; i <= last; ++i)
        EXPECT_GT(BytesOfClass(i), BytesOfClass(i - 1)) << "class " << i;
    EXPECT_EQ(BytesOfClass(0), 1u);
    EXPECT_EQ(BytesOfClass(last), kLargest);
    EXPECT_LT(last, kSizeClasses);
}

TEST(SizeClassesTest, AClassIsItsOwn)
{
    for (uint32_t i = 0; i <= SizeClassOf(kLargest); ++i)
        EXPECT_EQ(SizeClassOf(BytesOfClass(i)), i);
}

TEST(SizeClassesTest, EverySmallSize)
{
    for (uint64_t bytes = 1; bytes <= 70'000; ++bytes)
        ASSERT_TRUE(IsClassed(bytes));
}

TEST(SizeClassesTest, AroundEveryBoundaryUpTo2To63)
{
    for (uint32_t i = 0; i <= SizeClassOf(kLargest); ++i)
        for (const uint64_t bytes : {BytesOfClass(i) - 1, BytesOfClass(i), BytesOfClass(i) + 1})
            if (bytes != 0 && bytes <= kLargest)
            {
                EXPECT_TRUE(IsClassed(bytes));
            }
}

TEST(SizeClassesTest, RandomSizesOfEveryMagnitude)
{
    Random random(0x51ce);
    SCOPED_TRACE(random.Trace());
    for (int i = 0; i < 200'000; ++i)
    {
        const uint64_t magnitude = random.Between(0, 62);
        ASSERT_TRUE(IsClassed(random.Between(uint64_t{1} << magnitude, uint64_t{1} << (magnitude + 1))));
    }
}

// A quarter of what was asked for is the most that comes on top.
TEST(SizeClassesTest, WorstCaseIsAQuarterOfTheRequest)
{
    for (uint32_t i = 1; i <= SizeClassOf(kLargest); ++i)
    {
        const uint64_t leastOfClass = BytesOfClass(i - 1) + 1;
        EXPECT_LE(BytesOfClass(i) - leastOfClass, leastOfClass / 4) << "class " << i;
    }
}

// Known values: the header promises four steps for each doubling.
TEST(SizeClassesTest, FourStepsForEachDoubling)
{
    const std::vector<uint64_t> expected{1,  2,  3,  4,  5,  6,  7,  8,  10, 12,  14,  16,
                                         20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128};
    for (uint32_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(BytesOfClass(i), expected[i]);
    EXPECT_EQ(BytesOfClass(SizeClassOf(uint64_t{1} << 20)), uint64_t{1} << 20);
    EXPECT_EQ(BytesOfClass(SizeClassOf((uint64_t{1} << 20) + 1)), 5ull << 18);
    EXPECT_EQ(BytesOfClass(SizeClassOf((uint64_t{1} << 40) + 1)), 5ull << 38);
}
} // namespace
} // namespace sedx::test
