#include <algorithm>
#include <cstring>

#include <glm/geometric.hpp>

#include <gtest/gtest.h>

#include "island_models.h"
#include "island_terrain.h"
#include "mesh_checks.h"
#include "scene_source.h"

namespace scenery::test
{
namespace
{

std::unique_ptr<SceneSource> OpenIsland()
{
    auto source = SceneSource::Open("");
    EXPECT_TRUE(source.has_value());
    return source ? std::move(*source) : nullptr;
}

bool SameBytes(const Mesh& a, const Mesh& b)
{
    return a.indices == b.indices && a.vertices.size() == b.vertices.size() &&
           std::memcmp(a.vertices.data(), b.vertices.data(), a.vertices.size() * sizeof(Vertex)) == 0;
}

TEST(Island, HasTilesModelsAndPlacements)
{
    const auto island = OpenIsland();
    EXPECT_EQ(island->Kind(), SceneKind::Island);
    EXPECT_EQ(island->Tiles().size(), 72U);
    EXPECT_EQ(island->Models().size(), 60U);
    EXPECT_EQ(island->Placements().size(), 3000U);
    EXPECT_TRUE(island->Faults().empty());
    std::uint32_t most = 0;
    std::uint32_t sum = 0;
    for (const ModelInfo& model : island->Models())
    {
        most = std::max(most, model.placementCount);
        sum += model.placementCount;
        EXPECT_GT(model.placementCount, 0U) << model.name;
    }
    EXPECT_EQ(most, 1000U);
    EXPECT_EQ(sum, 3000U);
    EXPECT_FALSE(island->LoadTile(72).has_value());
    EXPECT_FALSE(island->LoadModel(60).has_value());
    for (const Placement& placement : island->Placements())
    {
        EXPECT_NEAR(placement.position.z, IslandHeight(placement.position.x, placement.position.y), 1e-9);
        EXPECT_GT(placement.position.z, 0.0);
    }
}

TEST(Island, IsTheSameEveryTime)
{
    const auto a = OpenIsland();
    const auto b = OpenIsland();
    for (std::size_t i = 0; i < a->Placements().size(); ++i)
    {
        EXPECT_EQ(a->Placements()[i].position, b->Placements()[i].position);
        EXPECT_EQ(a->Placements()[i].model, b->Placements()[i].model);
    }
    for (const std::uint32_t tile : {0U, 27U, 36U, 71U})
    {
        EXPECT_TRUE(SameBytes(*a->LoadTile(tile), *b->LoadTile(tile)));
    }
    EXPECT_TRUE(SameBytes(*a->LoadModel(59), *b->LoadModel(59)));
}

TEST(Island, MeshesAreSoundAndInsideTheirTile)
{
    const auto island = OpenIsland();
    for (std::uint32_t i = 0; i < island->Tiles().size(); ++i)
    {
        const auto mesh = island->LoadTile(i);
        ASSERT_TRUE(mesh.has_value());
        ExpectSound(*mesh);
        EXPECT_LE(glm::length(mesh->center), island->Tiles()[i].radius);
    }
    for (std::uint32_t i = 0; i < island->Models().size(); ++i)
    {
        const auto mesh = island->LoadModel(i);
        ASSERT_TRUE(mesh.has_value());
        ExpectSound(*mesh);
        EXPECT_EQ(mesh->name, island->Models()[i].name);
    }
}

// Real scenery: median 1.3 KB, 74 % below 4 KiB, and a long tail.
TEST(Island, ModelSizesAreDistributedAsInRealScenery)
{
    std::vector<std::size_t> sizes;
    for (std::uint32_t i = 0; i < kIslandModels; ++i)
    {
        sizes.push_back(MakeIslandModel(i).BufferBytes());
    }
    std::sort(sizes.begin(), sizes.end());
    EXPECT_GE(sizes[sizes.size() / 2], 1000U);
    EXPECT_LE(sizes[sizes.size() / 2], 1800U);
    const auto small = std::count_if(sizes.begin(), sizes.end(), [](std::size_t bytes) { return bytes < 4096; });
    EXPECT_GE(small, 42);
    EXPECT_LE(small, 47);
    EXPECT_GT(sizes.back(), 200U << 10);
}

TEST(Island, CameraStaysAboveTheGround)
{
    const auto island = OpenIsland();
    for (int i = 0; i <= 200; ++i)
    {
        const CameraPose pose = island->CameraPath(i / 200.0);
        EXPECT_GT(pose.position.z, IslandHeight(pose.position.x, pose.position.y) + 20.0) << i;
    }
}

} // namespace
} // namespace scenery::test
