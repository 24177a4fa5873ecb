#include "renderer/camera.h"

#include <glm/geometric.hpp>
#include <glm/trigonometric.hpp>

#include <algorithm>
#include <cmath>

namespace scenery
{
namespace
{
constexpr double kVerticalDegrees = 48.0;
constexpr double kNearMeters = 0.5;
constexpr double kNearShare = 0.02; // of the distance to the target, for models of a few centimetres
} // namespace

Camera::Camera(const CameraPose& pose, double aspect) : m_position(pose.position)
{
    m_forward = glm::normalize(pose.target - pose.position);
    m_right = glm::normalize(glm::cross(m_forward, glm::dvec3(0.0, 0.0, 1.0)));
    m_up = glm::cross(m_right, m_forward);
    m_tanY = std::tan(glm::radians(kVerticalDegrees) * 0.5);
    m_tanX = m_tanY * aspect;
    m_near = static_cast<float>(std::min(kNearMeters, glm::distance(pose.position, pose.target) * kNearShare));
}

glm::mat4 Camera::ViewProjection() const
{
    const glm::vec3 x = glm::vec3(m_right / m_tanX);
    const glm::vec3 y = glm::vec3(-m_up / m_tanY);
    const glm::vec3 w = glm::vec3(m_forward);
    glm::mat4 matrix(0.0F);
    for (int column = 0; column < 3; ++column)
    {
        matrix[column][0] = x[column];
        matrix[column][1] = y[column];
        matrix[column][3] = w[column];
    }
    matrix[3][2] = m_near; // z is constant, so that depth is m_near / distance
    return matrix;
}

std::array<glm::vec3, 4> Camera::Sides() const
{
    const auto inwards = [this](const glm::dvec3& outwards, double tangent) {
        return glm::vec3(glm::normalize(m_forward * tangent - outwards));
    };
    return {inwards(-m_right, m_tanX), inwards(m_right, m_tanX), inwards(m_up, m_tanY), inwards(-m_up, m_tanY)};
}
} // namespace scenery
