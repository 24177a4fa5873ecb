// WGS84: degrees and metres, Earth-centred Earth-fixed (ECEF) metres, and a local east-north-up (ENU) frame.
#pragma once

#include <glm/mat3x3.hpp>
#include <glm/vec3.hpp>

namespace scenery
{

struct Geodetic
{
    double longitudeDegrees = 0.0;
    double latitudeDegrees = 0.0;
    double altitudeMeters = 0.0; // above the ellipsoid
};

glm::dvec3 EcefFromGeodetic(const Geodetic& place);

// Good to a millimetre between 10 km below and 1000 km above the ellipsoid.
Geodetic GeodeticFromEcef(const glm::dvec3& ecef);

// Tangent frame at one place. Columns of `axes` are east, north and up, in ECEF.
class LocalFrame
{
  public:
    LocalFrame() = default;
    explicit LocalFrame(const Geodetic& place);

    glm::dvec3 FromEcef(const glm::dvec3& ecef) const;
    glm::dvec3 ToEcef(const glm::dvec3& local) const;
    // Turns a direction in ECEF into this frame: multiply from the left.
    glm::dmat3 EcefToLocal() const { return glm::transpose(m_axes); }
    const glm::dmat3& Axes() const { return m_axes; }
    const glm::dvec3& Origin() const { return m_origin; }

  private:
    glm::dvec3 m_origin{0.0};
    glm::dmat3 m_axes{1.0};
};

} // namespace scenery
