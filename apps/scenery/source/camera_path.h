// A flight through a few key poses that keeps clear of the ground.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "scene_types.h"

namespace scenery
{

class CameraPath
{
  public:
    // Lowest allowed height of the camera at a place.
    using Floor = std::function<double(double x, double y)>;

    CameraPath() = default;
    // A smooth curve through at least two poses, spread evenly over t in 0..1.
    CameraPath(std::span<const CameraPose> keys, const Floor& floor);

    // A full circle around a sphere, slightly from above.
    static CameraPath Orbit(const glm::dvec3& center, double radius);

    CameraPose At(double t) const;

  private:
    std::vector<CameraPose> m_samples;
};

} // namespace scenery
