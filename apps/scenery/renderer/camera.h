// Where the picture is taken from. World coordinates are doubles; what goes to the GPU is relative to the camera, so that
// floats are enough at any distance from the world's origin.
#pragma once

#include "source/scene_types.h"

#include <glm/mat4x4.hpp>
#include <glm/vec3.hpp>

#include <array>

namespace scenery
{
class Camera
{
  public:
    // `aspect`: width by height.
    Camera(const CameraPose& pose, double aspect);

    const glm::dvec3& Position() const noexcept { return m_position; }

    // From metres relative to the camera to clip space. Depth is reversed (1 at Near(), 0 at infinity), y points down.
    glm::mat4 ViewProjection() const;

    // The direction through a place of the picture is Forward() + x * RayRight() + y * RayUp() for x and y in -1..1,
    // x to the right and y up. Not unit length.
    glm::vec3 RayRight() const { return glm::vec3(m_right * m_tanX); }
    glm::vec3 RayUp() const { return glm::vec3(m_up * m_tanY); }
    glm::vec3 Forward() const { return glm::vec3(m_forward); }

    // The planes at the left, right, upper and lower side of the picture, all through the camera: normals, unit length, inwards.
    // What lies behind the camera lies outside of all of them.
    std::array<glm::vec3, 4> Sides() const;

    float Near() const noexcept { return m_near; } // metres; 0.5, or less before a very near target

  private:
    glm::dvec3 m_position;
    glm::dvec3 m_right;
    glm::dvec3 m_up;
    glm::dvec3 m_forward;
    double m_tanX; // tangent of half the angle of view
    double m_tanY;
    float m_near;
};
} // namespace scenery
