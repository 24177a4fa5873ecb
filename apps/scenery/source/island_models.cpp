#include "island_models.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "noise.h"
#include "shape_builder.h"

namespace scenery
{
namespace
{

// How many models of each kind, in the order of the indices.
constexpr std::uint32_t kTrees = 18;
constexpr std::uint32_t kRocks = 11;
constexpr std::uint32_t kHouses = 19;
constexpr std::uint32_t kTowers = 6;

float Pick(Random& random, double low, double high) { return static_cast<float>(random.Between(low, high)); }

void BuildTree(ShapeBuilder& shape, Random& random, std::uint32_t number)
{
    const float height = Pick(random, 7.0, 16.0);
    shape.SetMaterial("trunk", 0x5a4430);
    shape.AddCone({0.0F, 0.0F, -1.0F}, 0.3F, 0.2F, height * 0.35F + 1.0F, 4);
    constexpr std::array<std::uint32_t, 4> kLeaves = {0x38582c, 0x446832, 0x2f5030, 0x547a3a};
    shape.SetMaterial("leaves", kLeaves[number % kLeaves.size()]);
    if (number % 4 == 3)
    {
        shape.AddBall({0.0F, 0.0F, height * 0.65F}, {height * 0.28F, height * 0.28F, height * 0.35F}, 6,
                      4 + number % 3);
        return;
    }
    const std::uint32_t layers = 1 + number % 3;
    for (std::uint32_t layer = 0; layer < layers; ++layer)
    {
        const float part = static_cast<float>(layer) / static_cast<float>(layers);
        shape.AddCone({0.0F, 0.0F, height * (0.2F + 0.6F * part)}, height * 0.24F * (1.1F - 0.6F * part), 0.0F,
                      height * (0.8F / static_cast<float>(layers) + 0.12F), 6);
    }
}

void BuildRock(ShapeBuilder& shape, Random& random, std::uint32_t number)
{
    shape.SetMaterial("stone", number % 2 == 0 ? 0x6d6861 : 0x5d5a56);
    if (number < 6)
    {
        // A boulder of a single cone stump: a few hundred bytes, as a tenth of all real meshes.
        shape.AddCone({0.0F, 0.0F, -0.5F}, Pick(random, 1.0, 2.5), Pick(random, 0.4, 0.9), Pick(random, 1.2, 3.0),
                      4 + number % 2);
        return;
    }
    shape.AddBall({0.0F, 0.0F, 0.2F}, {Pick(random, 1.0, 3.0), Pick(random, 1.0, 3.0), Pick(random, 0.8, 2.0)}, 6, 4);
}

void BuildHouse(ShapeBuilder& shape, Random& random, std::uint32_t number)
{
    constexpr std::array<std::uint32_t, 5> kWalls = {0xd9d2c0, 0xc9b79a, 0xb8c2c4, 0xe2ddd2, 0xb59a7c};
    constexpr std::array<std::uint32_t, 4> kRoofs = {0x8a4436, 0x5c5550, 0x73503c, 0x4a5560};
    const float halfX = Pick(random, 4.0, 8.0);
    const float halfY = Pick(random, 3.0, 5.0);
    const float wall = Pick(random, 3.0, 6.5);
    shape.SetMaterial("wall", kWalls[number % kWalls.size()]);
    shape.AddBox({-halfX, -halfY, -3.0F}, {halfX, halfY, wall});
    shape.SetMaterial("roof", kRoofs[number % kRoofs.size()]);
    shape.AddGableRoof({-halfX - 0.5F, -halfY - 0.5F, wall}, {halfX + 0.5F, halfY + 0.5F, wall + halfY * 0.8F});
    if (number % 3 == 1)
    {
        shape.SetMaterial("chimney", 0x7b6a5e);
        shape.AddBox({halfX * 0.4F, 0.3F, wall}, {halfX * 0.4F + 0.8F, 1.1F, wall + halfY * 0.8F + 1.2F});
    }
    if (number >= 16)
    {
        shape.SetMaterial("window", 0x38444e);
        const std::uint32_t count = 2 + (number - 16) * 3;
        for (std::uint32_t i = 0; i < count; ++i)
        {
            const float x = -halfX + 2.0F * halfX * (static_cast<float>(i) + 0.5F) / static_cast<float>(count);
            shape.AddBox({x - 0.15F, -halfY - 0.05F, wall * 0.45F}, {x + 0.15F, halfY + 0.05F, wall * 0.75F});
        }
    }
}

void BuildTower(ShapeBuilder& shape, Random& random, std::uint32_t number)
{
    const float height = Pick(random, 22.0, 60.0);
    const float radius = Pick(random, 1.5, 4.0);
    const std::uint32_t sides = 7 + number * 3;
    constexpr std::uint32_t kBands = 5;
    for (std::uint32_t band = 0; band < kBands; ++band)
    {
        shape.SetMaterial(band % 2 == 0 ? "white" : "red", band % 2 == 0 ? 0xe8e6e0 : 0xb03a30);
        const float low = static_cast<float>(band) / kBands;
        const float high = static_cast<float>(band + 1) / kBands;
        shape.AddCone({0.0F, 0.0F, height * low - (band == 0 ? 3.0F : 0.0F)}, radius * (1.0F - 0.4F * low),
                      radius * (1.0F - 0.4F * high), height / kBands + (band == 0 ? 3.0F : 0.0F), sides);
    }
    shape.SetMaterial("lamp", 0xf4e6a8);
    shape.AddBall({0.0F, 0.0F, height + radius * 0.5F}, {radius * 0.5F, radius * 0.5F, radius * 0.6F}, sides, 8);
}

void BuildHall(ShapeBuilder& shape, Random& random, std::uint32_t number)
{
    // Floors and windows double from hall to hall: the long tail of the sizes.
    const std::uint32_t floors = 3 + number * 3;
    const std::uint32_t windows = 5 + number * 4;
    const float halfX = Pick(random, 14.0, 26.0);
    const float halfY = Pick(random, 9.0, 14.0);
    const float height = static_cast<float>(floors) * 3.4F;
    shape.SetMaterial("wall", number % 2 == 0 ? 0xbdb8ae : 0x9aa4ab);
    shape.AddBox({-halfX, -halfY, -4.0F}, {halfX, halfY, height});
    shape.SetMaterial("roof", 0x55585c);
    shape.AddBox({-halfX * 0.4F, -halfY * 0.4F, height}, {halfX * 0.4F, halfY * 0.4F, height + 3.0F});
    shape.SetMaterial("window", 0x34424e);
    for (std::uint32_t floor = 0; floor < floors; ++floor)
    {
        const float z = (static_cast<float>(floor) + 0.35F) * 3.4F;
        for (std::uint32_t i = 0; i < windows; ++i)
        {
            const float x = -halfX + 2.0F * halfX * (static_cast<float>(i) + 0.5F) / static_cast<float>(windows);
            const float half = halfX / static_cast<float>(windows) * 0.6F;
            shape.AddBox({x - half, -halfY - 0.1F, z}, {x + half, halfY + 0.1F, z + 1.7F});
        }
    }
}

} // namespace

IslandModelKind IslandModelKindOf(std::uint32_t index)
{
    constexpr std::array<std::uint32_t, 4> kCounts = {kTrees, kRocks, kHouses, kTowers};
    std::uint32_t end = 0;
    for (std::size_t kind = 0; kind < kCounts.size(); ++kind)
    {
        end += kCounts[kind];
        if (index < end)
        {
            return static_cast<IslandModelKind>(kind);
        }
    }
    return IslandModelKind::Hall;
}

Mesh MakeIslandModel(std::uint32_t index)
{
    Random random(0x5CE7E12ULL + index);
    ShapeBuilder shape;
    switch (IslandModelKindOf(index))
    {
    case IslandModelKind::Tree: BuildTree(shape, random, index); return shape.Finish(fmt::format("tree_{}", index));
    case IslandModelKind::Rock:
        BuildRock(shape, random, index - kTrees);
        return shape.Finish(fmt::format("rock_{}", index));
    case IslandModelKind::House:
        BuildHouse(shape, random, index - kTrees - kRocks);
        return shape.Finish(fmt::format("house_{}", index));
    case IslandModelKind::Tower:
        BuildTower(shape, random, index - kTrees - kRocks - kHouses);
        return shape.Finish(fmt::format("tower_{}", index));
    case IslandModelKind::Hall: break;
    }
    BuildHall(shape, random, index - kTrees - kRocks - kHouses - kTowers);
    return shape.Finish(fmt::format("hall_{}", index));
}

} // namespace scenery
