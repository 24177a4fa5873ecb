#include <thread>

#include <gtest/gtest.h>

#include "mesh_checks.h"
#include "scene_source.h"
#include "test_folder.h"

namespace scenery::test
{
namespace
{

constexpr const char* kBox =
    "AC3Db\nMATERIAL \"m\" rgb 0.5 0.6 0.7 amb 0 0 0 emis 0 0 0 spec 0 0 0 shi 0 trans 0\n"
    "OBJECT world\nkids 1\nOBJECT poly\nname \"p\"\nnumvert 3\n0 0 0\n2 0 0\n0 5 0\nnumsurf 1\n"
    "SURF 0x20\nmat 0\nrefs 3\n0 0 0\n1 1 0\n2 0 1\nkids 0\n";

Bytes GoodTile() { return Square().Faces(10, 0xb, "Grassland", {0, 0, 0, 1, 0, 1, 2, 1, 2}).Build(); }

// Two tiles, a model beside its placement, one in Models/, one through a wrapper.
void WriteScenery(const TestFolder& folder)
{
    folder.Write("Scenery/Terrain/w160n20/w157n20/1.stg", "OBJECT_BASE 1.btg\nOBJECT AIRP.btg\n");
    folder.WriteGzip("Scenery/Terrain/w160n20/w157n20/1.btg.gz", GoodTile());
    folder.WriteGzip("Scenery/Terrain/w160n20/w157n20/AIRP.btg.gz", GoodTile());
    folder.Write("Scenery/Objects/w160n20/w157n20/1.stg", "OBJECT_SHARED Models/box.ac -156.5 20.8 10 0\n"
                                                          "OBJECT_SHARED Models/box.ac -156.5 20.8 20 90\n"
                                                          "OBJECT_SHARED Models/wrapped.xml -156.49 20.8 0 0\n"
                                                          "OBJECT_STATIC own.ac -156.5 20.81 0 0\n");
    folder.Write("Scenery/Objects/w160n20/w157n20/own.ac", kBox);
    folder.Write("Scenery/Models/box.ac", kBox);
    folder.Write("Scenery/Models/wrapped.xml",
                 "<PropertyList><path>box.ac</path><offsets><z-m>3</z-m></offsets></PropertyList>");
}

std::unique_ptr<SceneSource> OpenOk(const std::string& path)
{
    auto source = SceneSource::Open(path);
    EXPECT_TRUE(source.has_value()) << (source ? "" : source.error().message);
    return source ? std::move(*source) : nullptr;
}

TEST(FlightGear, FoundFromEveryLevel)
{
    const TestFolder folder;
    WriteScenery(folder);
    for (const char* level : {"", "Scenery", "Scenery/", "Scenery/Terrain", "Scenery/Terrain/"})
    {
        const auto source = OpenOk(folder.Path() + "/" + level);
        ASSERT_NE(source, nullptr);
        EXPECT_EQ(source->Kind(), SceneKind::FlightGear);
        EXPECT_EQ(source->Tiles().size(), 2U);
        EXPECT_EQ(source->Models().size(), 3U);
        EXPECT_EQ(source->Placements().size(), 4U);
        EXPECT_TRUE(source->Faults().empty());
        EXPECT_FALSE(source->MakeBackdrop().vertices.empty());
    }
}

TEST(FlightGear, ModelsStandUprightAtTheirPlace)
{
    const TestFolder folder;
    WriteScenery(folder);
    const auto source = OpenOk(folder.Path());
    const auto box = source->LoadModel(source->Placements()[0].model);
    ASSERT_TRUE(box.has_value()) << box.error().message;
    ExpectSound(*box);
    float top = 0.0F;
    for (const Vertex& vertex : box->vertices)
    {
        top = std::max(top, vertex.position[2]);
    }
    EXPECT_FLOAT_EQ(top, 5.0F); // y of the file is up
    const Placement& placement = source->Placements()[1];
    EXPECT_NEAR(placement.position.z, 20.0, 0.01);
    EXPECT_NEAR(placement.rotation[2].z, 1.0F, 1e-5F);
    EXPECT_NEAR(placement.rotation[0].x, 1.0F, 1e-4F); // a quarter turn from south is east

    const auto wrapped = source->LoadModel(source->Placements()[2].model);
    ASSERT_TRUE(wrapped.has_value()) << wrapped.error().message;
    EXPECT_NEAR(wrapped->center.z - box->center.z, 3.0F, 1e-5F);
}

TEST(FlightGear, NothingToDrawIsAnError)
{
    const TestFolder folder;
    ExpectSentence(SceneSource::Open(folder.Path("missing")).error().message, "missing");
    ExpectSentence(SceneSource::Open(folder.Path()).error().message, "Terrain");
    folder.Write("Terrain/readme.txt", "empty");
    ExpectSentence(SceneSource::Open(folder.Path()).error().message, "holds no terrain tile");
    folder.Write("Terrain/1.btg.gz", "garbage");
    ExpectSentence(SceneSource::Open(folder.Path()).error().message, "1.btg.gz");
}

TEST(FlightGear, OneBadTileOrModelLeavesTheRest)
{
    const TestFolder folder;
    WriteScenery(folder);
    const std::string terrain = "Scenery/Terrain/w160n20/w157n20/";
    // Truncated behind the bounding sphere: the scan still knows the tile. Random bytes, so that gzip cannot shrink
    // them.
    BtgBuilder big = Square();
    Bytes noise;
    for (std::uint32_t i = 0, state = 1; i < 30000; ++i)
    {
        state = state * 1664525U + 1013904223U;
        Put(noise, static_cast<float>(state >> 8));
    }
    folder.WriteGzip(terrain + "2.btg.gz", big.Object(1, {noise}).Faces(10, 0x1, "Rock", {0, 1, 2}).Build());
    const std::string packed = folder.Read(terrain + "2.btg.gz");
    folder.Write(terrain + "2.btg.gz", std::string_view(packed).substr(0, packed.size() / 2));
    folder.Write(terrain + "3.btg.gz", "no tile at all");
    folder.Write(terrain + "4.stg", "OBJECT_BASE 4.btg\n");
    folder.Write("Scenery/Models/bad.ac", "AC3Db\nOBJECT world\nkids 0\n");
    folder.Write("Scenery/Models/loop.xml", "<a><path>loop.xml</path></a>");
    folder.Write("Scenery/Models/lost.xml", "<a><path>nowhere.ac</path></a>");
    folder.Write("Scenery/Models/none.xml", "<a></a>");
    folder.Write("Scenery/Objects/b.stg",
                 "OBJECT_SHARED Models/bad.ac -156.5 20.8 0 0\nOBJECT_SHARED Models/loop.xml -156.5 20.8 0 0\n"
                 "OBJECT_SHARED Models/lost.xml -156.5 20.8 0 0\nOBJECT_SHARED Models/none.xml -156.5 20.8 0 0\n"
                 "OBJECT_SHARED Models/missing.ac -156.5 20.8 0 0\nOBJECT_SHARED Models/missing.ac -156.5 20.8 0 0\n");
    const auto source = OpenOk(folder.Path());
    ASSERT_NE(source, nullptr);
    EXPECT_EQ(source->Tiles().size(), 3U);
    EXPECT_EQ(source->Placements().size(), 8U);
    ASSERT_EQ(source->Faults().size(), 3U);
    ExpectSentence(source->Faults()[0].message, "4.btg.gz");
    ExpectSentence(source->Faults()[1].message, "3.btg.gz");
    ExpectSentence(source->Faults()[2].message, "missing.ac");
    EXPECT_NE(source->Faults()[2].message.find("2 placements"), std::string::npos);

    std::size_t goodTiles = 0;
    for (std::uint32_t i = 0; i < source->Tiles().size(); ++i)
    {
        const auto mesh = source->LoadTile(i);
        goodTiles += mesh ? 1 : 0;
        if (!mesh)
        {
            ExpectSentence(mesh.error().message, "2.btg.gz");
            EXPECT_NE(mesh.error().message.find("truncated"), std::string::npos) << mesh.error().message;
        }
    }
    EXPECT_EQ(goodTiles, 2U);
    std::size_t goodModels = 0;
    for (std::uint32_t i = 0; i < source->Models().size(); ++i)
    {
        const auto mesh = source->LoadModel(i);
        goodModels += mesh ? 1 : 0;
        if (!mesh)
        {
            ExpectSentence(mesh.error().message, "Models/");
        }
    }
    EXPECT_EQ(goodModels, 3U);
    EXPECT_FALSE(source->LoadTile(99).has_value());
    EXPECT_FALSE(source->LoadModel(99).has_value());
}

TEST(FlightGear, ManyThreadsLoadAtOnce)
{
    const TestFolder folder;
    WriteScenery(folder);
    const auto source = OpenOk(folder.Path());
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
    {
        threads.emplace_back([&] {
            for (int round = 0; round < 10; ++round)
            {
                EXPECT_TRUE(source->LoadTile(0).has_value());
                EXPECT_TRUE(source->LoadModel(0).has_value());
            }
        });
    }
    for (std::thread& thread : threads)
    {
        thread.join();
    }
}

} // namespace
} // namespace scenery::test
