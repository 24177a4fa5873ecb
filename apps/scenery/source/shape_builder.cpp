#include "shape_builder.h"

#include <cmath>
#include <numbers>

#include <glm/geometric.hpp>

#include "mesh_tools.h"

namespace scenery
{

void ShapeBuilder::SetMaterial(const std::string& name, std::uint32_t rgb)
{
    const auto channel = [rgb](unsigned shift) { return static_cast<float>(rgb >> shift & 0xFFU) / 255.0F; };
    Material material;
    material.name = name;
    material.color = {channel(16), channel(8), channel(0), 1.0F};
    m_material = FindOrAddMaterial(m_mesh, material);
    m_indices.resize(m_mesh.materials.size());
}

std::uint32_t ShapeBuilder::AddVertex(const glm::vec3& position, const glm::vec3& normal, float u, float v)
{
    m_mesh.vertices.push_back({{position.x, position.y, position.z}, {normal.x, normal.y, normal.z}, {u, v}});
    return static_cast<std::uint32_t>(m_mesh.vertices.size() - 1);
}

// Flat and convex, counter-clockwise.
void ShapeBuilder::AddPolygon(std::initializer_list<glm::vec3> corners)
{
    const glm::vec3* c = corners.begin();
    const glm::vec3 normal = glm::normalize(glm::cross(c[1] - c[0], c[2] - c[0]));
    const auto first = static_cast<std::uint32_t>(m_mesh.vertices.size());
    for (const glm::vec3& corner : corners)
    {
        AddVertex(corner, normal, corner.x + corner.y, -corner.z);
    }
    for (std::uint32_t i = 1; i + 1 < corners.size(); ++i)
    {
        m_indices[m_material].insert(m_indices[m_material].end(), {first, first + i, first + i + 1});
    }
}

void ShapeBuilder::AddBox(const glm::vec3& low, const glm::vec3& high)
{
    const glm::vec3 a(low.x, low.y, low.z), b(high.x, low.y, low.z), c(high.x, high.y, low.z), d(low.x, high.y, low.z);
    const glm::vec3 e(low.x, low.y, high.z), f(high.x, low.y, high.z), g(high.x, high.y, high.z),
        h(low.x, high.y, high.z);
    AddPolygon({a, b, f, e});
    AddPolygon({b, c, g, f});
    AddPolygon({c, d, h, g});
    AddPolygon({d, a, e, h});
    AddPolygon({e, f, g, h});
}

void ShapeBuilder::AddGableRoof(const glm::vec3& low, const glm::vec3& high)
{
    const float middle = (low.y + high.y) * 0.5F;
    const glm::vec3 a(low.x, low.y, low.z), b(high.x, low.y, low.z), c(high.x, high.y, low.z), d(low.x, high.y, low.z);
    const glm::vec3 e(low.x, middle, high.z), f(high.x, middle, high.z);
    AddPolygon({a, b, f, e});
    AddPolygon({c, d, e, f});
    AddPolygon({b, c, f});
    AddPolygon({d, a, e});
}

void ShapeBuilder::AddCone(const glm::vec3& base, float bottomRadius, float topRadius, float height,
                           std::uint32_t sides)
{
    const auto first = static_cast<std::uint32_t>(m_mesh.vertices.size());
    const float lean = (bottomRadius - topRadius) / height;
    for (std::uint32_t i = 0; i <= sides; ++i)
    {
        const float part = static_cast<float>(i) / static_cast<float>(sides);
        const float angle = part * 2.0F * std::numbers::pi_v<float>;
        const glm::vec3 out(std::cos(angle), std::sin(angle), 0.0F);
        const glm::vec3 normal = glm::normalize(out + glm::vec3(0.0F, 0.0F, lean));
        AddVertex(base + out * bottomRadius, normal, part, 1.0F);
        AddVertex(base + out * topRadius + glm::vec3(0.0F, 0.0F, height), normal, part, 0.0F);
    }
    auto& part = m_indices[m_material];
    for (std::uint32_t i = 0; i < sides; ++i)
    {
        const std::uint32_t v = first + i * 2;
        part.insert(part.end(), {v, v + 2, v + 1});
        if (topRadius > 0.0F)
        {
            part.insert(part.end(), {v + 1, v + 2, v + 3});
        }
    }
    if (topRadius > 0.0F)
    {
        const auto lid = static_cast<std::uint32_t>(m_mesh.vertices.size());
        for (std::uint32_t i = 0; i < sides; ++i)
        {
            const Vertex rim = m_mesh.vertices[first + i * 2 + 1];
            AddVertex({rim.position[0], rim.position[1], rim.position[2]}, {0.0F, 0.0F, 1.0F}, rim.uv[0], 0.0F);
        }
        for (std::uint32_t i = 1; i + 1 < sides; ++i)
        {
            part.insert(part.end(), {lid, lid + i, lid + i + 1});
        }
    }
}

void ShapeBuilder::AddBall(const glm::vec3& center, const glm::vec3& radii, std::uint32_t sides, std::uint32_t rings)
{
    const auto first = static_cast<std::uint32_t>(m_mesh.vertices.size());
    for (std::uint32_t j = 0; j <= rings; ++j)
    {
        const float v = static_cast<float>(j) / static_cast<float>(rings);
        const float polar = v * std::numbers::pi_v<float>;
        for (std::uint32_t i = 0; i <= sides; ++i)
        {
            const float u = static_cast<float>(i) / static_cast<float>(sides);
            const float angle = u * 2.0F * std::numbers::pi_v<float>;
            const glm::vec3 out(std::sin(polar) * std::cos(angle), std::sin(polar) * std::sin(angle), std::cos(polar));
            AddVertex(center + out * radii, glm::normalize(out / radii), u, v);
        }
    }
    auto& part = m_indices[m_material];
    for (std::uint32_t j = 0; j < rings; ++j)
    {
        for (std::uint32_t i = 0; i < sides; ++i)
        {
            const std::uint32_t top = first + j * (sides + 1) + i;
            const std::uint32_t bottom = top + sides + 1;
            if (j > 0)
            {
                part.insert(part.end(), {top, bottom, top + 1});
            }
            if (j + 1 < rings)
            {
                part.insert(part.end(), {top + 1, bottom, bottom + 1});
            }
        }
    }
}

Mesh ShapeBuilder::Finish(std::string name)
{
    m_mesh.name = std::move(name);
    SetIndices(m_mesh, m_indices);
    ComputeBounds(m_mesh);
    return std::move(m_mesh);
}

} // namespace scenery
