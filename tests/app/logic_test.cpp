// The parts of the application that decide without a device.
#include "output/frame_times.h"
#include "renderer/camera.h"
#include "renderer/draw_lists.h"
#include "renderer/mip_chain.h"
#include "streaming/gpu_mesh.h"
#include "streaming/memory_ledger.h"
#include "streaming/residency_plan.h"

#include <glm/geometric.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace scenery::test
{
namespace
{
TEST(ResidencyPlan, TakesTheNearestThatFit)
{
    const std::vector<PlanEntry> entries = {
        {.distance = 30.0, .bytes = 10}, {.distance = 10.0, .bytes = 40}, {.distance = 20.0, .bytes = 50}};
    EXPECT_EQ(PlanResidency(entries, 1000), (std::vector<uint32_t>{1, 2, 0}));
    EXPECT_EQ(PlanResidency(entries, 100), (std::vector<uint32_t>{1, 2, 0}));
    EXPECT_EQ(PlanResidency(entries, 99), (std::vector<uint32_t>{1, 2}));
    EXPECT_EQ(PlanResidency(entries, 89), (std::vector<uint32_t>{1})); // the far small one does not overtake
    EXPECT_EQ(PlanResidency(entries, 9), std::vector<uint32_t>{});
}

TEST(ResidencyPlan, PassesOverWhatNeverFitsAndWhatFailed)
{
    const std::vector<PlanEntry> entries = {
        {.distance = 1.0, .bytes = 500}, {.distance = 2.0, .bytes = 5, .failed = true}, {.distance = 3.0, .bytes = 60}};
    EXPECT_EQ(PlanResidency(entries, 100), (std::vector<uint32_t>{2}));
}

TEST(ResidencyPlan, UnknownSizesAreReadOnlyUpToTheBudget)
{
    const std::vector<PlanEntry> entries = {{.distance = 1.0},
                                            {.distance = 2.0, .bytes = 80},
                                            {.distance = 3.0},
                                            {.distance = 4.0, .bytes = 80},
                                            {.distance = 5.0}};
    EXPECT_EQ(PlanResidency(entries, 100), (std::vector<uint32_t>{0, 1, 2}));
}

TEST(MemoryLedger, RetiredBytesComeBackWhenTheirFrameHasPassed)
{
    MemoryLedger ledger(100);
    EXPECT_TRUE(ledger.Reserve(60));
    EXPECT_FALSE(ledger.Reserve(41));
    EXPECT_TRUE(ledger.Reserve(40));
    ledger.Retire(60, 7);
    EXPECT_FALSE(ledger.OnFramePassed(6));
    EXPECT_FALSE(ledger.Reserve(1));
    EXPECT_TRUE(ledger.OnFramePassed(7));
    EXPECT_TRUE(ledger.Reserve(60));
    ledger.Release(40);
    EXPECT_TRUE(ledger.Reserve(40));
    EXPECT_FALSE(ledger.Reserve(UINT64_MAX));
}

// As the culling shader does it.
bool Sees(const Camera& camera, const glm::vec3& center, float radius)
{
    return std::ranges::all_of(camera.Sides(),
                               [&](const glm::vec3& side) { return glm::dot(side, center) >= -radius; });
}

TEST(Camera, SeesSpheresThatTouchThePicture)
{
    const Camera camera({.position = {1e5, 0.0, 100.0}, .target = {1e5, 10.0, 100.0}}, 1.0);
    EXPECT_TRUE(Sees(camera, {0.0F, 50.0F, 0.0F}, 1.0F));
    EXPECT_FALSE(Sees(camera, {0.0F, -50.0F, 0.0F}, 1.0F)); // behind
    EXPECT_TRUE(Sees(camera, {0.0F, -50.0F, 0.0F}, 60.0F)); // around it
    EXPECT_FALSE(Sees(camera, {500.0F, 50.0F, 0.0F}, 1.0F));
    EXPECT_FALSE(Sees(camera, {0.0F, 50.0F, 500.0F}, 1.0F));
}

TEST(Camera, SidesGoThroughTheEdgesOfThePicture)
{
    const Camera camera({.position = {5.0, 6.0, 7.0}, .target = {9.0, 3.0, 8.0}}, 1.7);
    const glm::vec3 edges[] = {-camera.RayRight(), camera.RayRight(), camera.RayUp(), -camera.RayUp()};
    for (size_t i = 0; i < 4; ++i)
    {
        const glm::vec3 side = camera.Sides()[i];
        EXPECT_NEAR(glm::length(side), 1.0F, 1e-6F);
        EXPECT_NEAR(glm::dot(side, camera.Forward() + edges[i]), 0.0F, 1e-6F);
        EXPECT_GT(glm::dot(side, camera.Forward() + 0.9F * edges[i]), 0.0F);
    }
}

TEST(DrawLists, CutGroupsIntoChunksInOrder)
{
    GpuMesh tile;
    tile.batch.vertices = 7;
    tile.submeshes = {{.firstIndex = 0, .indexCount = 3, .material = 0}};
    tile.groups = {{.origin = {100.0, 0.0, 0.0}, .firstInstance = 0, .instanceCount = 1}};
    GpuMesh tree;
    tree.submeshes = {{.firstIndex = 0, .indexCount = 6, .material = 0},
                      {.firstIndex = 6, .indexCount = 9, .material = 1}};
    tree.groups = {{.origin = {}, .firstInstance = 0, .instanceCount = 0},
                   {.origin = {}, .firstInstance = 0, .instanceCount = gpu::kChunkInstances + 1}};
    DrawLists lists;
    for (int i = 0; i < 2; ++i) // the second time anew
        lists.Fill(std::array<const GpuMesh*, 2>{&tile, &tree}, {99.0, 1.0, 0.0});
    ASSERT_EQ(lists.batches.size(), 3u);
    EXPECT_EQ(lists.batches[0].vertices, 7u);
    EXPECT_EQ(lists.batches[0].offset, glm::vec4(1.0F, -1.0F, 0.0F, 0.0F));
    ASSERT_EQ(lists.chunks.size(), 3u);
    EXPECT_EQ(lists.chunks[0].instanceCount, 1u);
    EXPECT_EQ(lists.chunks[1].batch, 2u);
    EXPECT_EQ(lists.chunks[1].instanceCount, gpu::kChunkInstances);
    EXPECT_EQ(lists.chunks[2].firstInstance, gpu::kChunkInstances);
    EXPECT_EQ(lists.chunks[2].instanceCount, 1u);
    ASSERT_EQ(lists.candidates.size(), 5u);
    EXPECT_EQ(lists.candidates[4].chunk, 2u);
    EXPECT_EQ(lists.candidates[4].submesh, 1u);
    EXPECT_EQ(lists.candidates[4].firstIndex, 6u);
    EXPECT_EQ(lists.candidates[4].indexCount, 9u);
}

TEST(Camera, ProjectsTheTargetToTheMiddleAndReversesDepth)
{
    const Camera camera({.position = {5.0, 6.0, 7.0}, .target = {15.0, 6.0, 7.0}}, 2.0);
    const glm::vec4 ahead = camera.ViewProjection() * glm::vec4(10.0F, 0.0F, 0.0F, 1.0F);
    EXPECT_NEAR(ahead.x / ahead.w, 0.0F, 1e-6F);
    EXPECT_NEAR(ahead.y / ahead.w, 0.0F, 1e-6F);
    EXPECT_NEAR(ahead.z / ahead.w, camera.Near() / 10.0F, 1e-6F);
    const glm::vec4 above = camera.ViewProjection() * glm::vec4(10.0F, 0.0F, 1.0F, 1.0F);
    EXPECT_LT(above.y, 0.0F); // y points down in clip space
    const glm::vec4 right = camera.ViewProjection() * glm::vec4(10.0F, -1.0F, 0.0F, 1.0F);
    EXPECT_GT(right.x, 0.0F);
}

TEST(MipChain, AveragesDownToOneTexel)
{
    Image image{.width = 3, .height = 2, .rgba = {}};
    for (uint8_t i = 0; i < 6; ++i)
        image.rgba.insert(image.rgba.end(), {uint8_t(i * 10), 100, 200, 255});
    const MipChain chain = MakeMipChain(image);
    ASSERT_EQ(chain.levels.size(), 2u);
    EXPECT_EQ(chain.levels[1].width, 1u);
    EXPECT_EQ(chain.levels[1].bytesOffset, 24u);
    const uint8_t* last = chain.rgba.data() + 24;
    EXPECT_EQ(last[0], 20); // (0 + 10 + 30 + 40) / 4
    EXPECT_EQ(last[1], 100);
    EXPECT_EQ(last[3], 255);
}

TEST(MipChain, TransparentTexelsDoNotBleed)
{
    const Image image{.width = 2, .height = 1, .rgba = {200, 0, 0, 255, 0, 90, 0, 0}};
    const MipChain chain = MakeMipChain(image);
    EXPECT_EQ(chain.rgba[8], 200);
    EXPECT_EQ(chain.rgba[9], 0);
    EXPECT_EQ(chain.rgba[11], 128);
}

TEST(FrameTimes, QuantilesAreNearestRanks)
{
    FrameTimes times;
    EXPECT_EQ(times.Quantile(0.5), 0.0);
    for (int i = 100; i > 0; --i)
        times.Add(i);
    EXPECT_EQ(times.Quantile(0.5), 50.0);
    EXPECT_EQ(times.Quantile(0.99), 99.0);
    EXPECT_EQ(times.Quantile(1.0), 100.0);
}

TEST(ContentHash, SeesEveryByteAndTheLength)
{
    std::vector<std::byte> bytes(67, std::byte{3});
    const uint64_t hash = ContentHash(bytes);
    for (std::byte& byte : bytes)
    {
        byte ^= std::byte{16};
        EXPECT_NE(ContentHash(bytes), hash);
        byte ^= std::byte{16};
    }
    EXPECT_EQ(ContentHash(bytes), hash);
    const std::vector<std::byte> zeros(16);
    EXPECT_NE(ContentHash(zeros), ContentHash(std::span(zeros).first(15)));
}
} // namespace
} // namespace scenery::test
