#include "mesh_tools.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <glm/geometric.hpp>

namespace scenery
{
namespace
{

glm::vec3 PositionOf(const Vertex& vertex) { return {vertex.position[0], vertex.position[1], vertex.position[2]}; }

} // namespace

void ComputeBounds(Mesh& mesh)
{
    mesh.center = glm::vec3(0.0F);
    mesh.radius = 0.0F;
    if (mesh.vertices.empty())
    {
        return;
    }
    glm::vec3 low(std::numeric_limits<float>::max());
    glm::vec3 high(std::numeric_limits<float>::lowest());
    for (const Vertex& vertex : mesh.vertices)
    {
        low = glm::min(low, PositionOf(vertex));
        high = glm::max(high, PositionOf(vertex));
    }
    mesh.center = (low + high) * 0.5F;
    for (const Vertex& vertex : mesh.vertices)
    {
        mesh.radius = std::max(mesh.radius, glm::distance(mesh.center, PositionOf(vertex)));
    }
}

void ComputeNormals(Mesh& mesh, const std::vector<bool>& missing)
{
    if (std::find(missing.begin(), missing.end(), true) == missing.end())
    {
        return;
    }
    std::vector<glm::vec3> sums(mesh.vertices.size(), glm::vec3(0.0F));
    for (std::size_t i = 0; i + 2 < mesh.indices.size(); i += 3)
    {
        const glm::vec3 a = PositionOf(mesh.vertices[mesh.indices[i]]);
        const glm::vec3 b = PositionOf(mesh.vertices[mesh.indices[i + 1]]);
        const glm::vec3 c = PositionOf(mesh.vertices[mesh.indices[i + 2]]);
        const glm::vec3 normal = glm::cross(b - a, c - a);
        for (std::size_t k = 0; k < 3; ++k)
        {
            sums[mesh.indices[i + k]] += normal;
        }
    }
    for (std::size_t i = 0; i < mesh.vertices.size(); ++i)
    {
        if (!missing[i])
        {
            continue;
        }
        const float length = glm::length(sums[i]);
        const glm::vec3 normal =
            length > 0.0F && std::isfinite(length) ? sums[i] / length : glm::vec3(0.0F, 0.0F, 1.0F);
        for (int axis = 0; axis < 3; ++axis)
        {
            mesh.vertices[i].normal[axis] = normal[axis];
        }
    }
}

std::uint32_t FindOrAddMaterial(Mesh& mesh, const Material& material)
{
    const auto found = std::find_if(mesh.materials.begin(), mesh.materials.end(),
                                    [&](const Material& other) { return other.name == material.name; });
    if (found != mesh.materials.end())
    {
        return static_cast<std::uint32_t>(found - mesh.materials.begin());
    }
    mesh.materials.push_back(material);
    return static_cast<std::uint32_t>(mesh.materials.size() - 1);
}

void SetIndices(Mesh& mesh, const std::vector<std::vector<std::uint32_t>>& indicesOfMaterial)
{
    mesh.indices.clear();
    mesh.submeshes.clear();
    for (std::size_t material = 0; material < indicesOfMaterial.size(); ++material)
    {
        const auto& part = indicesOfMaterial[material];
        if (part.empty())
        {
            continue;
        }
        mesh.submeshes.push_back({static_cast<std::uint32_t>(mesh.indices.size()),
                                  static_cast<std::uint32_t>(part.size()), static_cast<std::uint32_t>(material)});
        mesh.indices.insert(mesh.indices.end(), part.begin(), part.end());
    }
}

} // namespace scenery
