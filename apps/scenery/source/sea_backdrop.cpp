#include "sea_backdrop.h"

#include <cmath>
#include <cstdint>
#include <numbers>

#include <glm/geometric.hpp>

#include "land_cover.h"
#include "mesh_tools.h"

namespace scenery
{
namespace
{

constexpr std::uint32_t kRings = 48;
constexpr std::uint32_t kSides = 96;
constexpr double kDepthMeters = 30.0;

} // namespace

Mesh MakeSeaBackdrop(const LocalFrame& frame, double radiusMeters)
{
    Mesh mesh;
    mesh.name = "sea";
    mesh.materials.push_back(LandCoverMaterial("Ocean"));
    std::vector<std::uint32_t> indices;
    for (std::uint32_t ring = 0; ring <= kRings; ++ring)
    {
        const double distance = radiusMeters * ring / kRings;
        for (std::uint32_t side = 0; side <= kSides; ++side)
        {
            const double angle = 2.0 * std::numbers::pi * side / kSides;
            Geodetic place =
                GeodeticFromEcef(frame.ToEcef({distance * std::cos(angle), distance * std::sin(angle), 0.0}));
            place.altitudeMeters = -kDepthMeters;
            const glm::vec3 position(frame.FromEcef(EcefFromGeodetic(place)));
            const glm::vec3 up(frame.EcefToLocal() * LocalFrame(place).Axes()[2]);
            mesh.vertices.push_back({{position.x, position.y, position.z}, {up.x, up.y, up.z}, {0.0F, 0.0F}});
            if (ring < kRings && side < kSides)
            {
                const std::uint32_t inner = ring * (kSides + 1) + side;
                const std::uint32_t outer = inner + kSides + 1;
                indices.insert(indices.end(), {inner, outer, outer + 1});
                if (ring > 0)
                {
                    indices.insert(indices.end(), {inner, outer + 1, inner + 1});
                }
            }
        }
    }
    SetIndices(mesh, {indices});
    ComputeBounds(mesh);
    return mesh;
}

} // namespace scenery
