// On scenery that nobody on this project wrote. It is not in the repository: SEDX_TEST_DATA names its folder.
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "mesh_checks.h"
#include "model_file.h"
#include "scene_source.h"

#ifndef SEDX_DEFAULT_TEST_DATA
#    define SEDX_DEFAULT_TEST_DATA "../shared/data"
#endif

namespace scenery::test
{
namespace
{
namespace fs = std::filesystem;

fs::path DataFolder()
{
    const char* named = std::getenv("SEDX_TEST_DATA");
    return named != nullptr ? named : SEDX_DEFAULT_TEST_DATA;
}

class RealData : public testing::Test
{
  protected:
    // True if the folder is there; otherwise the test is marked as skipped and should return.
    bool Has(const char* folder)
    {
        m_folder = DataFolder() / folder;
        std::error_code ignored;
        return fs::is_directory(m_folder, ignored);
    }

    std::string Reason() const { return m_folder.string() + " is not there (set SEDX_TEST_DATA)"; }

    fs::path m_folder;
};

TEST_F(RealData, MauiIsReadInFull)
{
    if (!Has("flightgear_maui_molokai"))
    {
        GTEST_SKIP() << Reason();
    }
    const auto opened = SceneSource::Open(m_folder.string());
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    const SceneSource& source = **opened;
    EXPECT_EQ(source.Tiles().size(), 48U);
    EXPECT_EQ(source.Placements().size(), 293U);
    EXPECT_EQ(source.Models().size(), 51U);
    EXPECT_TRUE(source.Faults().empty()) << source.Faults().front().message;

    std::size_t triangles = 0;
    for (std::uint32_t i = 0; i < source.Tiles().size(); ++i)
    {
        const auto mesh = source.LoadTile(i);
        ASSERT_TRUE(mesh.has_value()) << mesh.error().message;
        ExpectSound(*mesh);
        EXPECT_LE(mesh->radius, source.Tiles()[i].radius * 1.5);
        triangles += mesh->TriangleCount();
    }
    EXPECT_EQ(triangles, 726673U);

    for (std::uint32_t i = 0; i < source.Models().size(); ++i)
    {
        const auto mesh = source.LoadModel(i);
        ASSERT_TRUE(mesh.has_value()) << mesh.error().message;
        ExpectSound(*mesh);
        EXPECT_LT(mesh->radius, 600.0F) << mesh->name;
    }
}

TEST_F(RealData, EveryAc3dModelLoads)
{
    if (!Has("flightgear_maui_molokai"))
    {
        GTEST_SKIP() << Reason();
    }
    std::size_t count = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(m_folder))
    {
        if (entry.path().extension() != ".ac")
        {
            continue;
        }
        const auto mesh = LoadModelFile(entry.path().string());
        ASSERT_TRUE(mesh.has_value()) << mesh.error().message;
        ExpectSound(*mesh);
        ++count;
    }
    EXPECT_EQ(count, 52U);
}

TEST_F(RealData, EveryTextureIsReadable)
{
    if (!Has("flightgear_maui_molokai"))
    {
        GTEST_SKIP() << Reason();
    }
    const auto opened = SceneSource::Open(m_folder.string());
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(m_folder))
    {
        if (entry.path().extension() == ".png")
        {
            const auto image = (*opened)->LoadImage(entry.path().string());
            ASSERT_TRUE(image.has_value()) << image.error().message;
            EXPECT_EQ(image->rgba.size(), std::size_t{image->width} * image->height * 4);
        }
    }
}

TEST_F(RealData, GltfScenesOpen)
{
    if (!Has("gltf_vulkan_samples"))
    {
        GTEST_SKIP() << Reason();
    }
    std::size_t count = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(m_folder))
    {
        if (entry.path().extension() == ".gltf")
        {
            const auto source = SceneSource::Open(entry.path().string());
            ASSERT_TRUE(source.has_value()) << source.error().message;
            ExpectSound(*(*source)->LoadModel(0));
            ++count;
        }
    }
    EXPECT_GT(count, 0U);
}

TEST_F(RealData, ForeignObjectsAreRefusedWithASentence)
{
    if (!Has("xplane_obj8"))
    {
        GTEST_SKIP() << Reason();
    }
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(m_folder))
    {
        if (entry.path().extension() == ".obj")
        {
            const auto source = SceneSource::Open(entry.path().string());
            ASSERT_FALSE(source.has_value()) << entry.path();
            EXPECT_NE(source.error().message.find(entry.path().filename().string()), std::string::npos);
        }
    }
}

} // namespace
} // namespace scenery::test
