// Boxes, cones and balls put together into one mesh.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "scene_types.h"

namespace scenery
{

class ShapeBuilder
{
  public:
    // Later shapes get this colour (sRGB, 0xRRGGBB).
    void SetMaterial(const std::string& name, std::uint32_t rgb);

    // Without its bottom.
    void AddBox(const glm::vec3& low, const glm::vec3& high);
    // A ridge along x over a rectangle.
    void AddGableRoof(const glm::vec3& low, const glm::vec3& high);
    // Cylinder, cone or anything between, without its bottom; closed on top where the radius is not 0.
    void AddCone(const glm::vec3& base, float bottomRadius, float topRadius, float height, std::uint32_t sides);
    void AddBall(const glm::vec3& center, const glm::vec3& radii, std::uint32_t sides, std::uint32_t rings);

    Mesh Finish(std::string name);

  private:
    void AddPolygon(std::initializer_list<glm::vec3> corners);
    std::uint32_t AddVertex(const glm::vec3& position, const glm::vec3& normal, float u, float v);

    Mesh m_mesh;
    std::uint32_t m_material = 0;
    std::vector<std::vector<std::uint32_t>> m_indices;
};

} // namespace scenery
