#include "camera_path.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include <glm/common.hpp>
#include <glm/geometric.hpp>

namespace scenery
{
namespace
{

constexpr std::size_t kSampleCount = 257;
constexpr int kSmoothingRounds = 24;

// Direction and speed at a key. Never faster than the slower of its two neighbours allows: a plain Catmull-Rom curve would
// swing far past a key that comes after a long leg.
glm::dvec3 Tangent(const glm::dvec3& before, const glm::dvec3& key, const glm::dvec3& after)
{
    const glm::dvec3 tangent = (after - before) * 0.5;
    const double length = glm::length(tangent);
    const double limit = 1.5 * std::min(glm::distance(before, key), glm::distance(key, after));
    return length > limit ? tangent * (limit / length) : tangent;
}

// Between b and c, for t in 0..1 (cubic Hermite).
glm::dvec3 Curve(const glm::dvec3& a, const glm::dvec3& b, const glm::dvec3& c, const glm::dvec3& d, double t)
{
    const double s = 1.0 - t;
    return (1.0 + 2.0 * t) * s * s * b + t * s * s * Tangent(a, b, c) + t * t * (3.0 - 2.0 * t) * c -
           t * t * s * Tangent(b, c, d);
}

} // namespace

CameraPath::CameraPath(std::span<const CameraPose> keys, const Floor& floor)
{
    if (keys.empty())
    {
        return;
    }
    const auto key = [&](std::ptrdiff_t index) {
        return keys[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(index, 0, std::ssize(keys) - 1))];
    };
    m_samples.resize(kSampleCount);
    std::vector<double> lift(kSampleCount);
    for (std::size_t i = 0; i < kSampleCount; ++i)
    {
        const double place = static_cast<double>(i) / (kSampleCount - 1) * static_cast<double>(keys.size() - 1);
        const auto k = static_cast<std::ptrdiff_t>(place);
        const double t = place - static_cast<double>(k);
        m_samples[i].position =
            Curve(key(k - 1).position, key(k).position, key(k + 1).position, key(k + 2).position, t);
        m_samples[i].target = Curve(key(k - 1).target, key(k).target, key(k + 1).target, key(k + 2).target, t);
        lift[i] = std::max(0.0, floor(m_samples[i].position.x, m_samples[i].position.y) - m_samples[i].position.z);
    }
    // Climb before the ridge, not at it: spread each lift to its neighbours, never below what is needed.
    const std::vector<double> needed = lift;
    for (int round = 0; round < kSmoothingRounds; ++round)
    {
        const std::vector<double> previous = lift;
        for (std::size_t i = 0; i < kSampleCount; ++i)
        {
            const double before = previous[i == 0 ? 0 : i - 1];
            const double after = previous[std::min(i + 1, kSampleCount - 1)];
            lift[i] = std::max(needed[i], (before + previous[i] + after) / 3.0);
        }
    }
    for (std::size_t i = 0; i < kSampleCount; ++i)
    {
        m_samples[i].position.z += lift[i];
    }
}

CameraPath CameraPath::Orbit(const glm::dvec3& center, double radius)
{
    constexpr double kDistanceInRadii = 2.6;
    constexpr double kElevation = 0.4; // radians
    const double distance = std::max(radius, 1.0e-3) * kDistanceInRadii;
    CameraPath path;
    path.m_samples.resize(kSampleCount);
    for (std::size_t i = 0; i < kSampleCount; ++i)
    {
        const double angle = 2.0 * std::numbers::pi * (static_cast<double>(i) / (kSampleCount - 1) - 0.15);
        path.m_samples[i].position =
            center + distance * glm::dvec3(std::cos(angle) * std::cos(kElevation),
                                           std::sin(angle) * std::cos(kElevation), std::sin(kElevation));
        path.m_samples[i].target = center;
    }
    return path;
}

CameraPose CameraPath::At(double t) const
{
    if (m_samples.empty())
    {
        return {{0.0, -1.0, 0.0}, {0.0, 0.0, 0.0}};
    }
    const double place = (std::isfinite(t) ? std::clamp(t, 0.0, 1.0) : 0.0) * static_cast<double>(m_samples.size() - 1);
    const auto index = std::min(static_cast<std::size_t>(place), m_samples.size() - 2);
    const double part = place - static_cast<double>(index);
    return {glm::mix(m_samples[index].position, m_samples[index + 1].position, part),
            glm::mix(m_samples[index].target, m_samples[index + 1].target, part)};
}

} // namespace scenery
