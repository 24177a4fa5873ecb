#include "flightgear_model.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <glm/trigonometric.hpp>

#include "byte_source.h"
#include "mesh_tools.h"
#include "model_file.h"
#include "model_xml.h"

namespace scenery
{
namespace fs = std::filesystem;
namespace
{

constexpr int kMaxWrapperDepth = 8;

std::optional<fs::path> FindPart(const std::string& name, const fs::path& wrapper, const fs::path& sceneryFolder)
{
    const fs::path dataRoot = sceneryFolder.parent_path();
    for (const fs::path& folder : {wrapper.parent_path(), sceneryFolder, dataRoot})
    {
        std::error_code ignored;
        if (!name.empty() && fs::is_regular_file(folder / name, ignored))
        {
            return folder / name;
        }
    }
    return std::nullopt;
}

// Lamps and their halos face the camera and shine by night: as plain triangles they would be wrong by day.
bool IsEffect(const std::string& path) { return path.find("Effects/") != std::string::npos; }

void Append(Mesh& mesh, const Mesh& part, const ModelPart& where)
{
    const float angle = glm::radians(where.headingDegrees);
    const float c = std::cos(angle);
    const float s = std::sin(angle);
    const auto base = static_cast<std::uint32_t>(mesh.vertices.size());
    const auto firstIndex = static_cast<std::uint32_t>(mesh.indices.size());
    const auto firstMaterial = static_cast<std::uint32_t>(mesh.materials.size());
    for (Vertex vertex : part.vertices)
    {
        const float x = vertex.position[0];
        const float y = vertex.position[1];
        const float nx = vertex.normal[0];
        const float ny = vertex.normal[1];
        vertex.position[0] = c * x - s * y + where.offsetMeters.x;
        vertex.position[1] = s * x + c * y + where.offsetMeters.y;
        vertex.position[2] += where.offsetMeters.z;
        vertex.normal[0] = c * nx - s * ny;
        vertex.normal[1] = s * nx + c * ny;
        mesh.vertices.push_back(vertex);
    }
    for (const std::uint32_t index : part.indices)
    {
        mesh.indices.push_back(base + index);
    }
    for (const Submesh& submesh : part.submeshes)
    {
        mesh.submeshes.push_back(
            {firstIndex + submesh.firstIndex, submesh.indexCount, firstMaterial + submesh.material});
    }
    mesh.materials.insert(mesh.materials.end(), part.materials.begin(), part.materials.end());
}

Mesh MakeParticleSheet(const fs::path& file)
{
    constexpr float kHalfWidth = 1.0F;
    constexpr float kHeight = 12.0F;
    Mesh mesh;
    for (int sheet = 0; sheet < 2; ++sheet)
    {
        for (int corner = 0; corner < 4; ++corner)
        {
            const float along = corner == 0 || corner == 3 ? -kHalfWidth : kHalfWidth;
            const float up = corner < 2 ? 0.0F : 1.0F;
            mesh.vertices.push_back({{sheet == 0 ? along : 0.0F, sheet == 0 ? 0.0F : along, up * kHeight},
                                     {0.0F, 0.0F, 1.0F},
                                     {along > 0.0F ? 1.0F : 0.0F, 1.0F - up}});
        }
    }
    mesh.indices = {0, 1, 2, 0, 2, 3, 4, 5, 6, 4, 6, 7};
    mesh.submeshes = {{0, 12, 0}};
    Material& material = mesh.materials.emplace_back();
    material.name = "particles of " + file.filename().string();
    material.color = {0.93F, 0.95F, 0.97F, 0.7F};
    return mesh;
}

Result<Mesh> Load(const fs::path& file, const fs::path& sceneryFolder, int depth)
{
    const auto fail = [&](const std::string& fault) {
        return tl::make_unexpected(SceneError{fmt::format("The model {} {}.", file.string(), fault)});
    };
    if (file.extension() != ".xml")
    {
        return LoadModelFile(file.string());
    }
    if (depth >= kMaxWrapperDepth)
    {
        return fail("names itself, directly or through others");
    }
    const auto text = ReadTextFile(file.string());
    if (!text)
    {
        return tl::make_unexpected(text.error());
    }
    const ModelXml xml = ParseModelXml(*text);
    if (xml.parts.empty())
    {
        return xml.particles ? Result<Mesh>(MakeParticleSheet(file)) : Result<Mesh>(fail("names no model file"));
    }
    Mesh mesh;
    for (const ModelPart& part : xml.parts)
    {
        const bool nested = &part != xml.parts.data();
        if (nested && IsEffect(part.path))
        {
            continue;
        }
        const auto found = FindPart(part.path, file, sceneryFolder);
        if (!found)
        {
            return fail(fmt::format("names the file {}, which is missing", part.path));
        }
        const auto loaded = Load(*found, sceneryFolder, depth + 1);
        if (!loaded)
        {
            return loaded;
        }
        Append(mesh, *loaded, part);
    }
    return mesh.indices.empty() ? Result<Mesh>(fail("has no triangles")) : Result<Mesh>(std::move(mesh));
}

} // namespace

Result<Mesh> LoadFlightGearModel(const std::string& file, const std::string& sceneryFolder)
{
    auto mesh = Load(file, sceneryFolder, 0);
    if (mesh)
    {
        mesh->name = fs::path(file).filename().string();
        ComputeBounds(*mesh);
    }
    return mesh;
}

} // namespace scenery
