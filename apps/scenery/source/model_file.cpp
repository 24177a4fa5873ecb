#include "model_file.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <system_error>

#include <assimp/config.h>
#include <assimp/Importer.hpp>
#include <assimp/material.h>
#include <assimp/postprocess.h>
#include <assimp/scene.h>
#include <fmt/format.h>
#include <glm/geometric.hpp>

#include "ac3d_check.h"
#include "byte_source.h"
#include "mesh_tools.h"

namespace scenery
{
namespace fs = std::filesystem;
namespace
{

// Faces that meet at more than this keep their edge: buildings stay sharp, barrels become round.
constexpr float kSmoothingDegrees = 45.0F;
constexpr int kMaxNodeDepth = 256;

tl::unexpected<SceneError> Fail(const std::string& path, const std::string& fault)
{
    return tl::make_unexpected(SceneError{fmt::format("The model {} {}.", path, fault)});
}

// An error text of assimp as the end of one of our sentences.
std::string AsClause(std::string text)
{
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    while (!text.empty() && (text.back() == '.' || text.back() == ' '))
    {
        text.pop_back();
    }
    return text.empty() ? "unknown fault" : text;
}

bool HasZUp(const std::string& extension) { return extension == ".stl" || extension == ".3ds" || extension == ".dxf"; }

float SrgbFromLinear(float value)
{
    const float v = std::clamp(value, 0.0F, 1.0F);
    return v <= 0.0031308F ? v * 12.92F : 1.055F * std::pow(v, 1.0F / 2.4F) - 0.055F;
}

std::string FindTexture(const aiMaterial& material, const fs::path& folder)
{
    aiString name;
    if (material.GetTexture(aiTextureType_BASE_COLOR, 0, &name) != aiReturn_SUCCESS &&
        material.GetTexture(aiTextureType_DIFFUSE, 0, &name) != aiReturn_SUCCESS)
    {
        return {};
    }
    std::string text(name.C_Str());
    std::replace(text.begin(), text.end(), '\\', '/');
    if (text.empty() || text.front() == '*')
    {
        return {};
    }
    // Models made on another machine name its folders; the file itself is usually beside the model.
    for (const fs::path& candidate : {folder / text, folder / fs::path(text).filename()})
    {
        std::error_code ignored;
        if (fs::is_regular_file(candidate, ignored))
        {
            return candidate.string();
        }
    }
    return {};
}

Material ConvertMaterial(const aiMaterial& source, std::size_t index, const fs::path& folder, bool linearColors)
{
    Material material;
    aiString name;
    source.Get(AI_MATKEY_NAME, name);
    material.name = fmt::format("{} {}", index, name.C_Str()); // unique, because files repeat names
    aiColor4D color(1.0F, 1.0F, 1.0F, 1.0F);
    if (source.Get(AI_MATKEY_BASE_COLOR, color) != aiReturn_SUCCESS)
    {
        source.Get(AI_MATKEY_COLOR_DIFFUSE, color);
    }
    float opacity = 1.0F;
    if (source.Get(AI_MATKEY_OPACITY, opacity) == aiReturn_SUCCESS)
    {
        color.a = opacity;
    }
    const auto encode = [&](float value) {
        return !std::isfinite(value) ? 1.0F : (linearColors ? SrgbFromLinear(value) : std::clamp(value, 0.0F, 1.0F));
    };
    material.color = {encode(color.r), encode(color.g), encode(color.b),
                      std::isfinite(color.a) ? std::clamp(color.a, 0.0F, 1.0F) : 1.0F};
    material.texture = FindTexture(source, folder);
    return material;
}

class MeshFlattener
{
  public:
    MeshFlattener(const aiScene& scene, const std::string& path, bool turnUp) : m_scene(scene), m_path(path)
    {
        if (turnUp)
        {
            m_root = aiMatrix4x4(1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1);
        }
        m_indices.resize(std::max(scene.mNumMaterials, 1U));
    }

    Result<Mesh> Flatten()
    {
        if (m_scene.mRootNode != nullptr)
        {
            if (auto added = AddNode(*m_scene.mRootNode, m_root, 0); !added)
            {
                return tl::make_unexpected(added.error());
            }
        }
        SetIndices(m_mesh, m_indices);
        if (m_mesh.indices.empty())
        {
            return Fail(m_path, "has no triangles");
        }
        return std::move(m_mesh);
    }

  private:
    Result<void> AddNode(const aiNode& node, const aiMatrix4x4& parent, int depth)
    {
        if (depth > kMaxNodeDepth)
        {
            return Fail(m_path, fmt::format("nests its nodes deeper than {}", kMaxNodeDepth));
        }
        const aiMatrix4x4 transform = parent * node.mTransformation;
        for (unsigned i = 0; i < node.mNumMeshes; ++i)
        {
            if (node.mMeshes[i] >= m_scene.mNumMeshes)
            {
                return Fail(m_path, "has a node with a mesh index out of range");
            }
            if (auto added = AddMesh(*m_scene.mMeshes[node.mMeshes[i]], transform); !added)
            {
                return added;
            }
        }
        for (unsigned i = 0; i < node.mNumChildren; ++i)
        {
            if (auto added = AddNode(*node.mChildren[i], transform, depth + 1); !added)
            {
                return added;
            }
        }
        return {};
    }

    Result<void> AddMesh(const aiMesh& mesh, const aiMatrix4x4& transform)
    {
        if (mesh.mMaterialIndex >= m_indices.size())
        {
            return Fail(m_path, "has a mesh with a material index out of range");
        }
        if (IsInvisible(mesh.mMaterialIndex))
        {
            return {};
        }
        const std::size_t base = m_mesh.vertices.size();
        if (base + mesh.mNumVertices > 0xFFFFFFFFULL)
        {
            return Fail(m_path, "has more vertices than 32-bit indices can reach");
        }
        aiMatrix3x3 normalTransform(transform);
        const bool mirrored = normalTransform.Determinant() < 0.0F;
        normalTransform.Inverse().Transpose();
        for (unsigned i = 0; i < mesh.mNumVertices; ++i)
        {
            const aiVector3D p = transform * mesh.mVertices[i];
            if (!std::isfinite(p.x) || !std::isfinite(p.y) || !std::isfinite(p.z))
            {
                return Fail(m_path, "has a vertex position that is not a number");
            }
            m_mesh.vertices.push_back(MakeVertex(mesh, i, p, normalTransform));
        }
        std::vector<std::uint32_t>& part = m_indices[mesh.mMaterialIndex];
        for (unsigned i = 0; i < mesh.mNumFaces; ++i)
        {
            const aiFace& face = mesh.mFaces[i];
            if (face.mNumIndices != 3)
            {
                continue; // a point or a line
            }
            for (const unsigned corner : {0U, mirrored ? 2U : 1U, mirrored ? 1U : 2U})
            {
                if (face.mIndices[corner] >= mesh.mNumVertices)
                {
                    return Fail(m_path, fmt::format("has a face with vertex index {} of {}", face.mIndices[corner],
                                                    mesh.mNumVertices));
                }
                part.push_back(static_cast<std::uint32_t>(base + face.mIndices[corner]));
            }
        }
        return {};
    }

    // Beams of light and helper shapes are kept fully transparent in many models.
    bool IsInvisible(unsigned material) const
    {
        float opacity = 1.0F;
        return material < m_scene.mNumMaterials &&
               m_scene.mMaterials[material]->Get(AI_MATKEY_OPACITY, opacity) == aiReturn_SUCCESS && opacity <= 0.0F;
    }

    static Vertex MakeVertex(const aiMesh& mesh, unsigned index, const aiVector3D& position,
                             const aiMatrix3x3& normalTransform)
    {
        Vertex vertex{{position.x, position.y, position.z}, {0.0F, 0.0F, 1.0F}, {0.0F, 0.0F}};
        if (mesh.HasNormals())
        {
            const aiVector3D turned = normalTransform * mesh.mNormals[index];
            const float length = turned.Length();
            if (std::isfinite(length) && length > 0.0F)
            {
                vertex.normal[0] = turned.x / length;
                vertex.normal[1] = turned.y / length;
                vertex.normal[2] = turned.z / length;
            }
        }
        if (mesh.HasTextureCoords(0))
        {
            const aiVector3D& uv = mesh.mTextureCoords[0][index];
            vertex.uv[0] = std::isfinite(uv.x) ? uv.x : 0.0F;
            vertex.uv[1] = std::isfinite(uv.y) ? 1.0F - uv.y : 0.0F; // assimp counts rows from the bottom
        }
        return vertex;
    }

    const aiScene& m_scene;
    const std::string& m_path;
    aiMatrix4x4 m_root;
    Mesh m_mesh;
    std::vector<std::vector<std::uint32_t>> m_indices; // for each material
};

} // namespace

Result<Mesh> LoadModelFile(const std::string& path)
{
    std::error_code code;
    if (!fs::is_regular_file(path, code))
    {
        return Fail(path, "does not exist");
    }
    std::string extension = fs::path(path).extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });

    Assimp::Importer importer;
    if (extension.empty() || !importer.IsExtensionSupported(extension))
    {
        return Fail(path, fmt::format("is of a kind that cannot be read ('{}')", extension));
    }
    if (extension == ".ac" || extension == ".acc")
    {
        const auto text = ReadTextFile(path);
        if (!text)
        {
            return tl::make_unexpected(text.error());
        }
        if (const auto fault = FindAc3dFault(*text))
        {
            return Fail(path, *fault);
        }
    }
    importer.SetPropertyInteger(AI_CONFIG_PP_SBP_REMOVE, aiPrimitiveType_POINT | aiPrimitiveType_LINE);
    importer.SetPropertyFloat(AI_CONFIG_PP_GSN_MAX_SMOOTHING_ANGLE, kSmoothingDegrees);
    const aiScene* scene =
        importer.ReadFile(path, aiProcess_ValidateDataStructure | aiProcess_Triangulate | aiProcess_SortByPType |
                                    aiProcess_GenSmoothNormals | aiProcess_JoinIdenticalVertices);
    if (scene == nullptr)
    {
        return Fail(path, fmt::format("cannot be read: {}", AsClause(importer.GetErrorString())));
    }
    auto mesh = MeshFlattener(*scene, path, !HasZUp(extension)).Flatten();
    if (!mesh)
    {
        return mesh;
    }
    const fs::path folder = fs::path(path).parent_path();
    const bool linearColors = extension == ".gltf" || extension == ".glb";
    for (unsigned i = 0; i < scene->mNumMaterials; ++i)
    {
        mesh->materials.push_back(ConvertMaterial(*scene->mMaterials[i], i, folder, linearColors));
    }
    if (mesh->materials.empty())
    {
        mesh->materials.emplace_back().name = "default";
    }
    mesh->name = fs::path(path).filename().string();
    ComputeBounds(*mesh);
    return mesh;
}

} // namespace scenery
