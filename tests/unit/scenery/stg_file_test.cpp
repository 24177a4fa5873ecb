#include "stg_file.h"

#include <gtest/gtest.h>

namespace scenery::test
{
namespace
{

TEST(StgFile, TakesTilesAndObjectsAndSkipsTheRest)
{
    const StgFile file = ParseStg("# a comment\n"
                                  "OBJECT_BASE 383932.btg\r\n"
                                  "OBJECT PHOG.btg\n"
                                  "\n"
                                  "OBJECT_SHARED Models/Power/windturbine.xml -156.5 20.8 123.5 45\n"
                                  "  OBJECT_STATIC\tfalls.xml -156.0574 20.6786 -432.35 0.0 1.5 -2.5\n"
                                  "OBJECT_SIGN {@size=10}L -156.4 20.9 10 45 1\n"
                                  "OBJECT_FROM_THE_FUTURE x y z",
                                  "a.stg");
    EXPECT_EQ(file.tiles, (std::vector<std::string>{"383932.btg", "PHOG.btg"}));
    ASSERT_EQ(file.objects.size(), 2U);
    EXPECT_TRUE(file.objects[0].shared);
    EXPECT_EQ(file.objects[0].model, "Models/Power/windturbine.xml");
    EXPECT_DOUBLE_EQ(file.objects[0].place.longitudeDegrees, -156.5);
    EXPECT_DOUBLE_EQ(file.objects[0].place.latitudeDegrees, 20.8);
    EXPECT_DOUBLE_EQ(file.objects[0].headingDegrees, 45.0);
    EXPECT_FALSE(file.objects[1].shared);
    EXPECT_DOUBLE_EQ(file.objects[1].place.altitudeMeters, -432.35);
    EXPECT_DOUBLE_EQ(file.objects[1].pitchDegrees, 1.5);
    EXPECT_DOUBLE_EQ(file.objects[1].rollDegrees, -2.5);
    EXPECT_TRUE(file.faults.empty());
}

TEST(StgFile, BadLinesNameFileAndLine)
{
    const StgFile file = ParseStg("OBJECT_BASE\n"
                                  "OBJECT_SHARED a.ac 1 2 3\n"
                                  "OBJECT_SHARED a.ac one 2 3 4\n"
                                  "OBJECT_SHARED a.ac nan 2 3 4\n"
                                  "OBJECT_SHARED a.ac 1 95 3 4\n"
                                  "OBJECT_SHARED a.ac 1 2 3 4\n",
                                  "dir/a.stg");
    EXPECT_EQ(file.objects.size(), 1U);
    ASSERT_EQ(file.faults.size(), 5U);
    EXPECT_EQ(file.faults[1].message, "Line 2 of dir/a.stg is not a complete OBJECT_SHARED entry.");
}

TEST(StgFile, NothingAtAll)
{
    EXPECT_TRUE(ParseStg("", "a.stg").tiles.empty());
    EXPECT_TRUE(ParseStg(std::string("\0\xFF\n\0", 4), "a.stg").objects.empty());
}

} // namespace
} // namespace scenery::test
