#include "btg_file.h"

#include <gtest/gtest.h>

#include "btg_builder.h"

namespace scenery::test
{
namespace
{

void ExpectFault(const Bytes& bytes, const std::string& part)
{
    const auto file = ParseBtg(bytes, "tile.btg.gz");
    ASSERT_FALSE(file.has_value()) << part;
    const std::string& message = file.error().message;
    EXPECT_NE(message.find("tile.btg.gz"), std::string::npos) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(message.back(), '.') << message;
}

std::vector<std::uint32_t> PositionsOf(const BtgGroup& group)
{
    std::vector<std::uint32_t> positions;
    for (const BtgCorner& corner : group.corners)
    {
        positions.push_back(corner.position);
    }
    return positions;
}

class BtgVersions : public testing::TestWithParam<std::uint16_t>
{};
INSTANTIATE_TEST_SUITE_P(NarrowAndWide, BtgVersions,
                         testing::Values(std::uint16_t{6}, std::uint16_t{7}, std::uint16_t{10}));

TEST_P(BtgVersions, TrianglesRoundTrip)
{
    BtgBuilder builder = Square(GetParam());
    builder.Faces(10, 0xb, "Grassland", {0, 0, 0, 1, 0, 1, 2, 1, 2})
        .Faces(10, 0xb, "Lava", {0, 1, 0, 2, 1, 2, 3, 1, 3});
    const auto file = ParseBtg(builder.Build(), "tile");
    ASSERT_TRUE(file.has_value()) << file.error().message;
    EXPECT_EQ(file->positions.size(), 4U);
    EXPECT_EQ(file->texCoords.size(), 4U);
    ASSERT_EQ(file->groups.size(), 2U);
    EXPECT_EQ(file->groups[0].material, "Grassland");
    EXPECT_EQ(file->groups[1].corners[2], (BtgCorner{3, 1, 3}));
    EXPECT_FLOAT_EQ(file->sphere.radius, 100.0F);
    EXPECT_FLOAT_EQ(file->normals[0].x, 1.0F);
    EXPECT_NEAR(file->normals[0].y, 0.0F, 0.005F);
}

TEST_P(BtgVersions, StripsAlternateAndFansKeepTheirFirst)
{
    BtgBuilder builder = Square(GetParam());
    builder.Faces(11, 0x1, "Strip", {0, 1, 2, 3}).Faces(12, 0x1, "Fan", {0, 1, 2, 3}).Faces(11, 0x1, "Short", {0, 1});
    const auto file = ParseBtg(builder.Build(), "tile");
    ASSERT_TRUE(file.has_value()) << file.error().message;
    EXPECT_EQ(PositionsOf(file->groups[0]), (std::vector<std::uint32_t>{0, 1, 2, 2, 1, 3}));
    EXPECT_EQ(PositionsOf(file->groups[1]), (std::vector<std::uint32_t>{0, 1, 2, 0, 2, 3}));
    EXPECT_TRUE(file->groups[2].corners.empty());
    EXPECT_EQ(file->groups[0].corners[0].normal, kBtgNone);
}

TEST_P(BtgVersions, EveryMaskSkipsWhatItDoesNotUse)
{
    for (std::uint32_t mask = 1; mask < 256; mask += 2)
    {
        BtgBuilder builder = Square(GetParam());
        Bytes corners;
        for (std::uint32_t corner = 0; corner < 3; ++corner)
        {
            for (std::uint32_t bit = 0; bit < 8; ++bit)
            {
                if ((mask >> bit & 1U) != 0)
                {
                    builder.PutCount(corners, bit == 0 ? corner : (bit == 1 ? 1 : (bit == 3 ? 3 : 999)));
                }
            }
            builder.PutCount(corners, 777); // one vertex attribute
        }
        Bytes attributes;
        Put(attributes, std::uint32_t{4});
        builder.Object(10, {corners}, {{std::uint8_t{1}, {std::byte(mask)}}, {std::uint8_t{2}, attributes}});
        const auto file = ParseBtg(builder.Build(), "tile");
        ASSERT_TRUE(file.has_value()) << mask << ": " << file.error().message;
        EXPECT_EQ(PositionsOf(file->groups[0]), (std::vector<std::uint32_t>{0, 1, 2}));
        EXPECT_EQ(file->groups[0].corners[0].normal, (mask & 2U) != 0 ? 1 : kBtgNone);
        EXPECT_EQ(file->groups[0].corners[0].texCoord, (mask & 8U) != 0 ? 3 : kBtgNone);
    }
}

TEST_P(BtgVersions, PointsAndUnknownObjectsAreIgnored)
{
    BtgBuilder builder = Square(GetParam());
    builder.Faces(9, 0x3, "RWY_WHITE_LIGHTS", {60000, 60000}).Object(77, {Bytes(5)}).Faces(10, 0x1, "Rock", {0, 1, 2});
    const auto file = ParseBtg(builder.Build(), "tile");
    ASSERT_TRUE(file.has_value()) << file.error().message;
    EXPECT_EQ(file->groups.size(), 1U);
}

// Whatever the place of the cut, the parser says so and reads nothing behind the end (run under the address sanitizer).
TEST_P(BtgVersions, EveryTruncationIsAnError)
{
    BtgBuilder builder = Square(GetParam());
    builder.Faces(10, 0xb, "Grassland", {0, 0, 0, 1, 0, 1, 2, 1, 2});
    const Bytes whole = builder.Build();
    for (std::size_t size = 0; size < whole.size(); ++size)
    {
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(ParseBtg(part, "tile").has_value()) << size;
    }
}

TEST_P(BtgVersions, EveryFlippedByteIsReadSafely)
{
    BtgBuilder builder = Square(GetParam());
    builder.Faces(10, 0xb, "Grassland", {0, 0, 0, 1, 0, 1, 2, 1, 2}).Faces(11, 0x1, "Lava", {0, 1, 2, 3});
    const Bytes whole = builder.Build();
    for (std::size_t at = 0; at < whole.size(); ++at)
    {
        for (const unsigned value : {0x00U, 0x01U, 0x7FU, 0x80U, 0xFFU})
        {
            Bytes changed = whole;
            changed[at] = std::byte(value);
            const auto file = ParseBtg(changed, "tile");
            for (const BtgGroup& group : file ? file->groups : std::vector<BtgGroup>{})
            {
                EXPECT_EQ(group.corners.size() % 3, 0U);
                for (const BtgCorner& corner : group.corners)
                {
                    EXPECT_LT(corner.position, file->positions.size());
                }
            }
        }
    }
}

TEST(BtgFile, WideIndicesReachPast16Bits)
{
    BtgBuilder builder(10);
    Bytes positions;
    for (std::uint32_t i = 0; i < 70000; ++i)
    {
        Put(positions, static_cast<float>(i));
        Put(positions, 0.0F);
        Put(positions, 0.0F);
    }
    builder.Sphere().Object(1, {positions}).Faces(10, 0x1, "Rock", {0, 65536, 69999});
    const auto file = ParseBtg(builder.Build(), "tile");
    ASSERT_TRUE(file.has_value()) << file.error().message;
    EXPECT_EQ(PositionsOf(file->groups[0]), (std::vector<std::uint32_t>{0, 65536, 69999}));
}

TEST(BtgFile, MissingMaskMeansPositionsAndTextureCoordinates)
{
    BtgBuilder builder = Square();
    builder.Object(10, {builder.Indices({0, 0, 1, 1, 2, 2})});
    const auto file = ParseBtg(builder.Build(), "tile");
    ASSERT_TRUE(file.has_value()) << file.error().message;
    EXPECT_EQ(file->groups[0].corners[1], (BtgCorner{1, kBtgNone, 1}));
}

TEST(BtgFile, FaultsAreOneSentence)
{
    ExpectFault({}, "too short");
    ExpectFault(Square().Build(0x1234), "wrong magic");
    ExpectFault(BtgBuilder().Floats(1, {0, 0, 0}).Build(), "no bounding sphere");
    ExpectFault(BtgBuilder().Build(), "no bounding sphere");
    ExpectFault(BtgBuilder().Object(0, {Bytes(20)}).Build(), "too short");
    ExpectFault(BtgBuilder().Sphere({0.0, 0.0, 0.0}).Build(), "does not lie on the Earth");
    ExpectFault(BtgBuilder().Sphere({NAN, 0.0, 0.0}).Build(), "not a number");
    ExpectFault(BtgBuilder().Sphere(EcefFromGeodetic(kTilePlace), -1.0F).Build(), "not a number");
    ExpectFault(BtgBuilder().Sphere().Floats(1, {0, INFINITY, 0}).Build(), "not numbers");
    ExpectFault(BtgBuilder().Sphere().Object(1, {Bytes(13)}).Build(), "multiple of 12");
    ExpectFault(Square().Faces(10, 0xb, "Rock", {0, 0, 0, 1, 0, 1, 4, 0, 0}).Build(),
                "'Rock' with an index out of range");
    ExpectFault(Square().Faces(10, 0xb, "Rock", {0, 2, 0, 1, 0, 1, 2, 0, 0}).Build(), "out of range");
    ExpectFault(Square().Faces(10, 0xb, "Rock", {0, 0, 4, 1, 0, 1, 2, 0, 0}).Build(), "out of range");
    ExpectFault(Square().Faces(10, 0x3, "Rock", {0, 0, 1, 1}).Build(), "multiple of 3");
    ExpectFault(Square().Faces(10, 0x3, "Rock", {0, 0, 1}).Build(), "multiple of 4");
    ExpectFault(Square().Faces(10, 0x2, "Rock", {0, 0, 0}).Build(), "without positions");
    ExpectFault(Square().Faces(10, 0x0, "Rock", {}).Build(), "without positions");
}

// Counts of thousands of millions in a file of a few bytes: an error at once, not an allocation.
TEST(BtgFile, LyingCountsAllocateNothing)
{
    Bytes bytes = BtgBuilder(10).Sphere().Build();
    Put(bytes, std::uint8_t{1});
    Put(bytes, std::uint32_t{0});
    Put(bytes, std::uint32_t{0xFFFFFFFF});
    Put(bytes, std::uint32_t{0xFFFFFFF0});
    bytes[8] = std::byte{2}; // object count
    ExpectFault(bytes, "ends inside object 1 of 2");
    bytes[8] = bytes[9] = bytes[10] = bytes[11] = std::byte{0xFF};
    ExpectFault(bytes, "ends inside object 1 of 4294967295");
}

TEST(BtgFile, SphereNeedsOnlyTheStart)
{
    Bytes bytes = Square().Faces(10, 0x1, "Rock", {0, 1, 2}).Build();
    bytes.resize(80);
    const auto sphere = ParseBtgSphere(bytes, "tile");
    ASSERT_TRUE(sphere.has_value()) << sphere.error().message;
    EXPECT_EQ(sphere->center, EcefFromGeodetic(kTilePlace));
}

} // namespace
} // namespace scenery::test
