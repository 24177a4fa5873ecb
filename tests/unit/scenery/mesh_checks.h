// What must hold for every mesh that a source hands out.
#pragma once

#include <cmath>

#include <gtest/gtest.h>

#include "scene_types.h"

namespace scenery::test
{

inline void ExpectSound(const Mesh& mesh)
{
    ASSERT_FALSE(mesh.indices.empty()) << mesh.name;
    std::size_t next = 0;
    for (const Submesh& submesh : mesh.submeshes)
    {
        EXPECT_EQ(submesh.firstIndex, next) << mesh.name;
        EXPECT_EQ(submesh.indexCount % 3, 0U) << mesh.name;
        EXPECT_LT(submesh.material, mesh.materials.size()) << mesh.name;
        next += submesh.indexCount;
    }
    EXPECT_EQ(next, mesh.indices.size()) << mesh.name;
    for (const std::uint32_t index : mesh.indices)
    {
        ASSERT_LT(index, mesh.vertices.size()) << mesh.name;
    }
    for (const Vertex& vertex : mesh.vertices)
    {
        const auto& p = vertex.position;
        const auto& n = vertex.normal;
        ASSERT_TRUE(std::isfinite(p[0]) && std::isfinite(p[1]) && std::isfinite(p[2])) << mesh.name;
        ASSERT_NEAR(n[0] * n[0] + n[1] * n[1] + n[2] * n[2], 1.0F, 1e-3F) << mesh.name;
        ASSERT_TRUE(std::isfinite(vertex.uv[0]) && std::isfinite(vertex.uv[1])) << mesh.name;
        const float dx = p[0] - mesh.center.x;
        const float dy = p[1] - mesh.center.y;
        const float dz = p[2] - mesh.center.z;
        ASSERT_LE(std::sqrt(dx * dx + dy * dy + dz * dz), mesh.radius * 1.001F + 1e-5F) << mesh.name;
    }
}

} // namespace scenery::test
