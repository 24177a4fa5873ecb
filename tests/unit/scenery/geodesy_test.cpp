#include "geodesy.h"

#include <glm/geometric.hpp>
#include <gtest/gtest.h>

#include "flightgear_scan.h"

namespace scenery::test
{
namespace
{

void ExpectNear(const glm::dvec3& a, const glm::dvec3& b, double tolerance)
{
    EXPECT_LE(glm::distance(a, b), tolerance)
        << a.x << ' ' << a.y << ' ' << a.z << " / " << b.x << ' ' << b.y << ' ' << b.z;
}

TEST(Geodesy, KnownPoints)
{
    ExpectNear(EcefFromGeodetic({0.0, 0.0, 0.0}), {6378137.0, 0.0, 0.0}, 1e-6);
    ExpectNear(EcefFromGeodetic({90.0, 0.0, 100.0}), {0.0, 6378237.0, 0.0}, 1e-6);
    ExpectNear(EcefFromGeodetic({0.0, 90.0, 0.0}), {0.0, 0.0, 6356752.314245}, 1e-5);
    ExpectNear(EcefFromGeodetic({0.0, 45.0, 0.0}), {4517590.878849, 0.0, 4487348.408866}, 1e-5);
}

TEST(Geodesy, RoundTripEverywhere)
{
    for (double lat = -90.0; lat <= 90.0; lat += 7.5)
    {
        for (double lon = -180.0; lon < 180.0; lon += 30.0)
        {
            for (const double altitude : {-5000.0, 0.0, 4000.0, 400000.0})
            {
                const glm::dvec3 ecef = EcefFromGeodetic({lon, lat, altitude});
                const Geodetic back = GeodeticFromEcef(ecef);
                EXPECT_NEAR(back.latitudeDegrees, lat, 1e-8);
                EXPECT_NEAR(back.altitudeMeters, altitude, 1e-3);
                ExpectNear(EcefFromGeodetic(back), ecef, 1e-3);
            }
        }
    }
}

TEST(Geodesy, LocalAxesAreEastNorthUp)
{
    const LocalFrame frame({-156.5, 20.8, 0.0});
    // A minute of latitude there is 1844.9 m, a hundredth of a degree of longitude 1040.7 m (WGS84 radii of curvature).
    const glm::dvec3 north = frame.FromEcef(EcefFromGeodetic({-156.5, 20.8 + 1.0 / 60.0, 0.0}));
    EXPECT_NEAR(north.y, 1845.0, 0.6);
    EXPECT_NEAR(north.x, 0.0, 1e-6);
    EXPECT_LT(north.z, 0.0);
    const glm::dvec3 east = frame.FromEcef(EcefFromGeodetic({-156.49, 20.8, 0.0}));
    EXPECT_NEAR(east.x, 1041.1, 0.8);
    const glm::dvec3 up = frame.FromEcef(EcefFromGeodetic({-156.5, 20.8, 3055.0}));
    ExpectNear(up, {0.0, 0.0, 3055.0}, 1e-6);
    ExpectNear(frame.FromEcef(frame.ToEcef({12.0, -7.0, 5.0})), {12.0, -7.0, 5.0}, 1e-6);
}

TEST(Geodesy, PlacementStandsUprightAndTurnsCounterClockwise)
{
    const Geodetic place{-156.5, 20.8, 100.0};
    const glm::dmat3 toLocal = LocalFrame(place).EcefToLocal();
    const glm::dmat3 zero = toLocal * PlacementAxes(place, 0.0, 0.0, 0.0);
    ExpectNear(zero[0], {0.0, -1.0, 0.0}, 1e-12); // x to the south
    ExpectNear(zero[1], {1.0, 0.0, 0.0}, 1e-12);
    ExpectNear(zero[2], {0.0, 0.0, 1.0}, 1e-12);
    const glm::dmat3 quarter = toLocal * PlacementAxes(place, 90.0, 0.0, 0.0);
    ExpectNear(quarter[0], {1.0, 0.0, 0.0}, 1e-12);
    ExpectNear(quarter[2], {0.0, 0.0, 1.0}, 1e-12);
}

} // namespace
} // namespace scenery::test
