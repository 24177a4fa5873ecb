#include "model_file.h"

#include <glm/geometric.hpp>
#include <gtest/gtest.h>

#include "image_file.h"
#include "mesh_checks.h"
#include "scene_source.h"
#include "test_folder.h"

namespace scenery::test
{
namespace
{

// One triangle; the numbers that a broken file gets wrong are parameters.
std::string Gltf(const std::string& indexCount = "3", const std::string& positionView = "1",
                 const std::string& positionCount = "3", const std::string& nodes = R"([{"mesh":0}])")
{
    // Indices 0 1 2 as u16, two bytes of padding, then positions (0,0,0) (1,0,0) (0,2,0).
    return R"({"asset":{"version":"2.0"},"scene":0,"scenes":[{"nodes":[0]}],"nodes":)" + nodes +
           R"(,"meshes":[{"primitives":[{"attributes":{"POSITION":1},"indices":0,"material":0}]}],)"
           R"("materials":[{"pbrMetallicRoughness":{"baseColorFactor":[0.5,0.0,1.0,1.0]}}],)"
           R"("accessors":[{"bufferView":0,"componentType":5123,"count":)" +
           indexCount + R"(,"type":"SCALAR"},{"bufferView":)" + positionView + R"(,"componentType":5126,"count":)" +
           positionCount +
           R"(,"type":"VEC3","min":[0,0,0],"max":[1,2,0]}],)"
           R"("bufferViews":[{"buffer":0,"byteOffset":0,"byteLength":6},{"buffer":0,"byteOffset":8,"byteLength":36}],)"
           R"("buffers":[{"byteLength":44,"uri":"data:application/octet-stream;base64,)"
           R"(AAABAAIAAAAAAAAAAAAAAAAAAAAAAIA/AAAAAAAAAAAAAAAAAAAAQAAAAAA="}]})";
}

TEST(ModelFile, GltfBecomesOneMeshWithZUp)
{
    const TestFolder folder;
    const auto mesh = LoadModelFile(folder.Write("a.gltf", Gltf()));
    ASSERT_TRUE(mesh.has_value()) << mesh.error().message;
    ExpectSound(*mesh);
    EXPECT_EQ(mesh->TriangleCount(), 1U);
    EXPECT_NEAR(mesh->center.z, 1.0F, 1e-6F);
    EXPECT_NEAR(mesh->center.y, 0.0F, 1e-6F);
    EXPECT_NEAR(mesh->materials[0].color[0], 0.735F, 0.01F); // linear 0.5 in sRGB
}

TEST(ModelFile, NodesAreFlattenedAndMirrorsKeepTheirWinding)
{
    const TestFolder folder;
    const auto mesh = LoadModelFile(folder.Write(
        "a.gltf",
        Gltf("3", "1", "3", R"([{"children":[1,2]},{"mesh":0,"translation":[10,0,0]},{"mesh":0,"scale":[-1,1,1]}])")));
    ASSERT_TRUE(mesh.has_value()) << mesh.error().message;
    ASSERT_EQ(mesh->TriangleCount(), 2U);
    for (std::size_t i = 0; i < 6; i += 3)
    {
        const auto at = [&](std::size_t k) {
            const auto& p = mesh->vertices[mesh->indices[i + k]].position;
            return glm::vec3(p[0], p[1], p[2]);
        };
        const glm::vec3 cross = glm::cross(at(1) - at(0), at(2) - at(0));
        const auto& n = mesh->vertices[mesh->indices[i]].normal;
        EXPECT_GT(cross.x * n[0] + cross.y * n[1] + cross.z * n[2], 0.0F);
    }
}

TEST(ModelFile, MalformedGltfIsASentence)
{
    const TestFolder folder;
    const std::string good = Gltf();
    const std::string bad[] = {"",
                               "{}",
                               "{\"asset\":{\"version\":\"2.0\"}}",
                               "not json",
                               good.substr(0, good.size() / 2),
                               Gltf("300000"),
                               Gltf("4294967295"),
                               Gltf("3", "7"),
                               Gltf("3", "1", "2"),
                               Gltf("3", "1", "1000000000"),
                               Gltf("3", "1", "3", R"([{"mesh":5}])"),
                               Gltf("3", "1", "3", R"([{"children":[0],"mesh":0}])"),
                               Gltf("3", "1", "3", R"([{"children":[1]},{"children":[0]}])")};
    for (const std::string& text : bad)
    {
        const auto mesh = LoadModelFile(folder.Write("bad.gltf", text));
        EXPECT_FALSE(mesh.has_value()) << text;
        if (!mesh)
        {
            ExpectSentence(mesh.error().message, "bad.gltf");
        }
    }
}

TEST(ModelFile, GltfIndexOutOfRangeIsASentence)
{
    const TestFolder folder;
    std::string text = Gltf();
    text.replace(text.find("AAABAAIA"), 8, "AAABAAkA"); // 0 1 9
    const auto mesh = LoadModelFile(folder.Write("index.gltf", text));
    ASSERT_FALSE(mesh.has_value());
    ExpectSentence(mesh.error().message, "index.gltf");
}

TEST(ModelFile, CutGltfNeverCrashes)
{
    const TestFolder folder;
    const std::string good = Gltf();
    for (std::size_t size = 0; size < good.size(); size += 7)
    {
        const auto mesh = LoadModelFile(folder.Write("cut.gltf", std::string_view(good).substr(0, size)));
        EXPECT_FALSE(mesh.has_value()) << size;
    }
}

TEST(ModelFile, BadAc3dIsASentence)
{
    const TestFolder folder;
    const std::string head =
        "AC3Db\nMATERIAL \"m\" rgb 1 1 1 amb 0 0 0 emis 0 0 0 spec 0 0 0 shi 0 trans 0\nOBJECT world\nkids 1\n"
        "OBJECT poly\nnumvert 3\n0 0 0\n1 0 0\n0 1 0\nnumsurf 1\n";
    const std::string bad[] = {head + "SURF 0x20\nmat 0\nrefs 3\n0 0 0\n1 0 0\n7 0 0\nkids 0\n",
                               head + "SURF 0x2\nmat 0\nrefs 2\n0 0 0\n1 0 0\nkids 0\n", // a line
                               head,
                               "AC3Db\nOBJECT world\nkids 0\n",
                               "AC3Db\n",
                               "",
                               "plain text"};
    for (const std::string& text : bad)
    {
        const auto mesh = LoadModelFile(folder.Write("bad.ac", text));
        EXPECT_FALSE(mesh.has_value()) << text;
        if (!mesh)
        {
            ExpectSentence(mesh.error().message, "bad.ac");
        }
    }
}

TEST(ModelFile, TextureBesideTheModelIsFound)
{
    const TestFolder folder;
    const std::vector<std::uint8_t> pixels(16, 200);
    ASSERT_TRUE(WritePng(folder.Path("wall.png"), 2, 2, pixels).has_value());
    const auto text = [](const std::string& texture) {
        return "AC3Db\nMATERIAL \"m\" rgb 1 1 1 amb 0 0 0 emis 0 0 0 spec 0 0 0 shi 0 trans 0\nOBJECT world\nkids 1\n"
               "OBJECT poly\ntexture \"" +
               texture +
               "\"\nnumvert 3\n0 0 0\n1 0 0\n0 1 0\nnumsurf 1\n"
               "SURF 0x20\nmat 0\nrefs 3\n0 0 0\n1 1 0\n2 0 1\nkids 0\n";
    };
    const auto textured = [](const Mesh& mesh) {
        for (const Submesh& submesh : mesh.submeshes)
        {
            if (!mesh.materials[submesh.material].texture.empty())
            {
                return mesh.materials[submesh.material].texture;
            }
        }
        return std::string();
    };
    const auto found = LoadModelFile(folder.Write("a.ac", text("wall.png")));
    ASSERT_TRUE(found.has_value()) << found.error().message;
    EXPECT_EQ(textured(*found), folder.Path("wall.png"));
    float lowestV = 1.0F;
    for (const Vertex& vertex : found->vertices)
    {
        lowestV = std::min(lowestV, vertex.uv[1]);
    }
    EXPECT_FLOAT_EQ(lowestV, 0.0F);
    const auto lost = LoadModelFile(folder.Write("b.ac", text("lost.png")));
    ASSERT_TRUE(lost.has_value()) << lost.error().message;
    EXPECT_EQ(textured(*lost), "");
}

TEST(ModelFile, OpensAsASceneOfOneModel)
{
    const TestFolder folder;
    auto source = SceneSource::Open(folder.Write("a.gltf", Gltf()));
    ASSERT_TRUE(source.has_value()) << source.error().message;
    EXPECT_EQ((*source)->Kind(), SceneKind::Model);
    EXPECT_TRUE((*source)->Tiles().empty());
    EXPECT_EQ((*source)->Models().size(), 1U);
    EXPECT_EQ((*source)->Placements().size(), 1U);
    EXPECT_TRUE((*source)->LoadModel(0).has_value());
    EXPECT_FALSE((*source)->LoadModel(1).has_value());
    EXPECT_FALSE((*source)->LoadTile(0).has_value());

    ExpectSentence(SceneSource::Open(folder.Path("none.gltf")).error().message, "none.gltf");
    ExpectSentence(SceneSource::Open(folder.Write("notes.txt", "hello")).error().message, "notes.txt");
    ExpectSentence(SceneSource::Open(folder.Write("plain", "hello")).error().message, "plain");
    ExpectSentence((*source)->LoadImage(folder.Path("none.png")).error().message, "none.png");
}

} // namespace
} // namespace scenery::test
