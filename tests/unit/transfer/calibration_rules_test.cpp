// What follows from measured costs.
#include "transfer/calibration_rules.h"

#include <gtest/gtest.h>

#include <array>

namespace sedx
{
namespace
{
TEST(CalibrationRules, CrossoverLiesWhereTheLinesMeet)
{
    const std::array<CostPair, 4> costs{{{4, 60, 240}, {64, 70, 240}, {256, 200, 250}, {1024, 900, 350}}};
    // Between 256, where 50 are won, and 1024, where 550 are lost.
    EXPECT_EQ(CrossoverOf(costs, 65'535), 256u + 768 * 50 / 600);
}

TEST(CalibrationRules, CrossoverAtTheEnds)
{
    const std::array<CostPair, 2> always{{{4, 1, 2}, {64, 1, 2}}};
    EXPECT_EQ(CrossoverOf(always, 65'535), 65'535u);
    const std::array<CostPair, 2> never{{{4, 2, 1}, {64, 2, 1}}};
    EXPECT_EQ(CrossoverOf(never, 65'535), 0u);
    EXPECT_EQ(CrossoverOf({}, 65'535), 0u);
}

TEST(CalibrationRules, OneFigureThatIsOffDoesNotDecide)
{
    const std::array<CostPair, 4> noise{{{4, 250, 240}, {64, 70, 240}, {256, 60, 250}, {1024, 900, 350}}};
    EXPECT_GE(CrossoverOf(noise, 65'535), 256u);
    const std::array<CostPair, 4> inside{{{4, 60, 240}, {64, 260, 240}, {256, 60, 250}, {1024, 900, 350}}};
    EXPECT_GE(CrossoverOf(inside, 65'535), 256u);
    EXPECT_LT(CrossoverOf(inside, 65'535), 1024u);
}

TEST(CalibrationRules, CrossoverNeverExceedsMost)
{
    const std::array<CostPair, 3> costs{{{4, 1, 2}, {64, 1, 2}, {1024, 2, 1}}};
    EXPECT_EQ(CrossoverOf(costs, 100), 100u);
}

TEST(CalibrationRules, FirstGoodSetting)
{
    const std::array<SettingRate, 4> rates{{{1, 10}, {2, 19}, {4, 20}, {8, 20.5}}};
    EXPECT_EQ(FirstGoodSetting(rates, 0.92, 3), 2u);
    EXPECT_EQ(FirstGoodSetting(rates, 1.0, 3), 8u);
    EXPECT_EQ(FirstGoodSetting({}, 0.92, 3), 3u);
    const std::array<SettingRate, 1> nothing{{{1, 0}}};
    EXPECT_EQ(FirstGoodSetting(nothing, 0.92, 3), 3u);
}
} // namespace
} // namespace sedx
