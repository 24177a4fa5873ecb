#include "btg_mesh.h"

#include <glm/geometric.hpp>

#include "land_cover.h"
#include "mesh_tools.h"

namespace scenery
{
namespace
{

// Finds the vertex of a corner. Few vertices share a position, so a chain for each position beats a hash table.
class VertexMerger
{
  public:
    VertexMerger(const BtgFile& file, Mesh& mesh, const glm::dmat3& ecefToWorld)
        : m_file(file), m_mesh(mesh), m_rotation(ecefToWorld), m_firstOfPosition(file.positions.size(), kBtgNone)
    {
    }

    std::uint32_t Find(const BtgCorner& corner)
    {
        std::uint32_t* link = &m_firstOfPosition[corner.position];
        while (*link != kBtgNone)
        {
            if (m_corners[*link] == corner)
            {
                return *link;
            }
            link = &m_next[*link];
        }
        const auto index = static_cast<std::uint32_t>(m_corners.size());
        *link = index;
        m_corners.push_back(corner);
        m_next.push_back(kBtgNone);
        m_mesh.vertices.push_back(MakeVertex(corner));
        m_missingNormal.push_back(corner.normal == kBtgNone);
        return index;
    }

    const std::vector<bool>& MissingNormals() const { return m_missingNormal; }

  private:
    Vertex MakeVertex(const BtgCorner& corner) const
    {
        const glm::vec3 position(m_rotation * glm::dvec3(m_file.positions[corner.position]));
        glm::vec3 normal(0.0F, 0.0F, 1.0F);
        if (corner.normal != kBtgNone && glm::length(m_file.normals[corner.normal]) > 0.0F)
        {
            normal = glm::vec3(m_rotation * glm::normalize(glm::dvec3(m_file.normals[corner.normal])));
        }
        glm::vec2 uv(0.0F);
        if (corner.texCoord != kBtgNone)
        {
            uv = m_file.texCoords[corner.texCoord];
            uv.y = 1.0F - uv.y; // BTG counts rows from the bottom
        }
        return {{position.x, position.y, position.z}, {normal.x, normal.y, normal.z}, {uv.x, uv.y}};
    }

    const BtgFile& m_file;
    Mesh& m_mesh;
    glm::dmat3 m_rotation;
    std::vector<std::uint32_t> m_firstOfPosition;
    std::vector<std::uint32_t> m_next;
    std::vector<BtgCorner> m_corners;
    std::vector<bool> m_missingNormal;
};

} // namespace

Mesh MeshFromBtg(const BtgFile& file, const std::string& name, const glm::dmat3& ecefToWorld)
{
    Mesh mesh;
    mesh.name = name;
    VertexMerger merger(file, mesh, ecefToWorld);
    std::vector<std::vector<std::uint32_t>> indices;
    for (const BtgGroup& group : file.groups)
    {
        mesh.materials.push_back(LandCoverMaterial(group.material));
        std::vector<std::uint32_t>& part = indices.emplace_back();
        part.reserve(group.corners.size());
        for (const BtgCorner& corner : group.corners)
        {
            part.push_back(merger.Find(corner));
        }
    }
    SetIndices(mesh, indices);
    ComputeNormals(mesh, merger.MissingNormals());
    ComputeBounds(mesh);
    return mesh;
}

} // namespace scenery
