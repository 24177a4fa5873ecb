#include "btg_mesh.h"

#include <cmath>

#include <gtest/gtest.h>

#include "btg_builder.h"
#include "land_cover.h"

namespace scenery::test
{
namespace
{

Mesh MakeMesh(const BtgBuilder& builder, const glm::dmat3& rotation = glm::dmat3(1.0))
{
    const auto file = ParseBtg(builder.Build(), "tile");
    EXPECT_TRUE(file.has_value()) << (file ? "" : file.error().message);
    return file ? MeshFromBtg(*file, "tile", rotation) : Mesh{};
}

TEST(BtgMesh, EqualTuplesBecomeOneVertex)
{
    const Mesh mesh = MakeMesh(Square()
                                   .Faces(10, 0xb, "Grassland", {0, 0, 0, 1, 0, 1, 2, 0, 2})
                                   .Faces(10, 0xb, "Lava", {0, 0, 0, 2, 0, 2, 3, 0, 3})
                                   .Faces(10, 0xb, "Grassland", {0, 1, 0, 2, 0, 2, 3, 0, 3}));
    EXPECT_EQ(mesh.vertices.size(), 5U); // four corners, and the first with another normal
    EXPECT_EQ(mesh.TriangleCount(), 3U);
    ASSERT_EQ(mesh.submeshes.size(), 2U);
    EXPECT_EQ(mesh.submeshes[0].indexCount, 6U);
    EXPECT_EQ(mesh.submeshes[1].firstIndex, 6U);
    EXPECT_EQ(mesh.materials[mesh.submeshes[1].material].name, "Lava");
}

TEST(BtgMesh, MissingNormalsAndTextureCoordinatesAreMade)
{
    const Mesh mesh = MakeMesh(Square().Faces(10, 0x1, "Grassland", {0, 1, 2, 0, 2, 3}));
    ASSERT_EQ(mesh.vertices.size(), 4U);
    for (const Vertex& vertex : mesh.vertices)
    {
        EXPECT_NEAR(vertex.normal[2], 1.0F, 1e-6F);
        EXPECT_EQ(vertex.uv[0], 0.0F);
    }
    EXPECT_NEAR(mesh.center.x, 5.0F, 1e-5F);
    EXPECT_NEAR(mesh.radius, std::sqrt(50.0F), 1e-4F);
}

TEST(BtgMesh, PositionsAndNormalsTurnToTheWorldFrame)
{
    const LocalFrame frame(kTilePlace);
    const glm::dvec3 up = frame.Axes()[2] * 100.0;
    BtgBuilder builder;
    builder.Sphere().Floats(
        1, {0, 0, 0, 1, 0, 0, static_cast<float>(up.x), static_cast<float>(up.y), static_cast<float>(up.z)});
    const Mesh mesh = MakeMesh(builder.Faces(10, 0x1, "Rock", {0, 1, 2}), frame.EcefToLocal());
    EXPECT_NEAR(mesh.vertices[2].position[0], 0.0F, 1e-3F);
    EXPECT_NEAR(mesh.vertices[2].position[1], 0.0F, 1e-3F);
    EXPECT_NEAR(mesh.vertices[2].position[2], 100.0F, 1e-3F);
}

TEST(LandCover, KnownNamesHaveTheirColourAndUnknownOnesAStableTone)
{
    EXPECT_TRUE(LandCoverMaterial("Ocean").water);
    EXPECT_FALSE(LandCoverMaterial("Grassland").water);
    const Material forest = LandCoverMaterial("EvergreenForest");
    EXPECT_GT(forest.color[1], forest.color[0]);
    EXPECT_EQ(LandCoverMaterial("pa_threshold").color, LandCoverMaterial("pa_centerline").color);
    const Material unknown = LandCoverMaterial("SomethingNew");
    EXPECT_EQ(unknown.color, LandCoverMaterial("SomethingNew").color);
    EXPECT_NE(unknown.color, LandCoverMaterial("SomethingElse").color);
    for (const float channel : unknown.color)
    {
        EXPECT_GE(channel, 0.0F);
        EXPECT_LE(channel, 1.0F);
    }
}

} // namespace
} // namespace scenery::test
