#include "geodesy.h"

#include <cmath>

#include <glm/trigonometric.hpp>

namespace scenery
{
namespace
{

// NGA.STND.0036: semi-major axis and flattening define the rest.
constexpr double kSemiMajor = 6378137.0;
constexpr double kFlattening = 1.0 / 298.257223563;
constexpr double kSemiMinor = kSemiMajor * (1.0 - kFlattening);
constexpr double kEccentricity2 = kFlattening * (2.0 - kFlattening);

} // namespace

glm::dvec3 EcefFromGeodetic(const Geodetic& place)
{
    const double lon = glm::radians(place.longitudeDegrees);
    const double lat = glm::radians(place.latitudeDegrees);
    const double sinLat = std::sin(lat);
    const double primeVertical = kSemiMajor / std::sqrt(1.0 - kEccentricity2 * sinLat * sinLat);
    const double ring = (primeVertical + place.altitudeMeters) * std::cos(lat);
    return {ring * std::cos(lon), ring * std::sin(lon),
            (primeVertical * (1.0 - kEccentricity2) + place.altitudeMeters) * sinLat};
}

Geodetic GeodeticFromEcef(const glm::dvec3& ecef)
{
    const double ring = std::hypot(ecef.x, ecef.y);
    // Bowring's parametric latitude; two rounds are far below a millimetre near the ground.
    double parametric = std::atan2(ecef.z * kSemiMajor, ring * kSemiMinor);
    double lat = 0.0;
    for (int round = 0; round < 3; ++round)
    {
        const double s = std::sin(parametric);
        const double c = std::cos(parametric);
        lat = std::atan2(ecef.z + kEccentricity2 / (1.0 - kEccentricity2) * kSemiMinor * s * s * s,
                         ring - kEccentricity2 * kSemiMajor * c * c * c);
        parametric = std::atan2((1.0 - kFlattening) * std::sin(lat), std::cos(lat));
    }
    const double sinLat = std::sin(lat);
    const double root = std::sqrt(1.0 - kEccentricity2 * sinLat * sinLat);
    // Valid at the poles too, where ring / cos(lat) is not.
    const double altitude = ring * std::cos(lat) + ecef.z * sinLat - kSemiMajor * root;
    return {glm::degrees(std::atan2(ecef.y, ecef.x)), glm::degrees(lat), altitude};
}

LocalFrame::LocalFrame(const Geodetic& place) : m_origin(EcefFromGeodetic(place))
{
    const double lon = glm::radians(place.longitudeDegrees);
    const double lat = glm::radians(place.latitudeDegrees);
    m_axes[0] = {-std::sin(lon), std::cos(lon), 0.0};
    m_axes[1] = {-std::sin(lat) * std::cos(lon), -std::sin(lat) * std::sin(lon), std::cos(lat)};
    m_axes[2] = {std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)};
}

glm::dvec3 LocalFrame::FromEcef(const glm::dvec3& ecef) const { return EcefToLocal() * (ecef - m_origin); }

glm::dvec3 LocalFrame::ToEcef(const glm::dvec3& local) const { return m_origin + m_axes * local; }

} // namespace scenery
