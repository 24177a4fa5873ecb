#include "island_terrain.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <glm/geometric.hpp>

#include "land_cover.h"
#include "mesh_tools.h"
#include "noise.h"

namespace scenery
{
namespace
{

constexpr double kHalfSide = kIslandTilesPerSide * kIslandTileMeters / 2.0;
constexpr double kSeaBed = -120.0;
constexpr double kOuterTileMeters = 40000.0;
constexpr double kSkirtMeters = 40.0; // hides the gaps between neighbours of different detail

// In the order of the materials of every tile.
constexpr std::array kCovers = {"Ocean", "Sand", "Grassland", "DeciduousForest", "Rock", "Snow"};
enum Cover : std::size_t
{
    kOcean,
    kSand,
    kGrass,
    kForest,
    kRock,
    kSnow
};

std::size_t ChooseCover(const glm::dvec3& place, double slopeUp)
{
    const double patch = FractalNoise(place.x / 420.0, place.y / 420.0, 3, 901);
    if (place.z < 4.0 + 3.0 * patch)
    {
        return kSand;
    }
    if (place.z > 1080.0 + 160.0 * patch && slopeUp > 0.6)
    {
        return kSnow;
    }
    if (slopeUp < 0.72 || place.z > 820.0 + 200.0 * patch)
    {
        return kRock;
    }
    return patch > 0.02 ? kForest : kGrass;
}

// Which part of the world a tile covers.
struct Area
{
    double x;
    double y;
    double side;
    bool openSea;
};

Area AreaOf(std::uint32_t index)
{
    if (index < kIslandLandTiles)
    {
        const double column = index % kIslandTilesPerSide;
        const double row = index / kIslandTilesPerSide;
        return {(column + 0.5) * kIslandTileMeters - kHalfSide, (row + 0.5) * kIslandTileMeters - kHalfSide,
                kIslandTileMeters, false};
    }
    return {0.0, 0.0, kOuterTileMeters, true};
}

// Flat sea and mountains need different detail; the sizes of real tiles differ as much.
std::uint32_t QuadsPerSide(const Area& area)
{
    double low = 1.0e9;
    double high = -1.0e9;
    for (int i = 0; i <= 16; ++i)
    {
        for (int j = 0; j <= 16; ++j)
        {
            const double height =
                IslandHeight(area.x + (i / 16.0 - 0.5) * area.side, area.y + (j / 16.0 - 0.5) * area.side);
            low = std::min(low, height);
            high = std::max(high, height);
        }
    }
    return high < 0.0 ? 0 : (high - low < 150.0 ? 32 : (high - low < 450.0 ? 64 : 112));
}

class TileBuilder
{
  public:
    explicit TileBuilder(const Area& area) : m_area(area), m_indices(kCovers.size())
    {
        for (const char* cover : kCovers)
        {
            m_mesh.materials.push_back(LandCoverMaterial(cover));
        }
    }

    void AddSea(double x0, double y0, double x1, double y1, std::uint32_t quads)
    {
        const auto base = static_cast<std::uint32_t>(m_mesh.vertices.size());
        for (std::uint32_t j = 0; j <= quads; ++j)
        {
            for (std::uint32_t i = 0; i <= quads; ++i)
            {
                AddVertex({std::lerp(x0, x1, double{1.0} * i / quads), std::lerp(y0, y1, double{1.0} * j / quads), 0.0},
                          {0.0, 0.0, 1.0});
            }
        }
        for (std::uint32_t j = 0; j < quads; ++j)
        {
            for (std::uint32_t i = 0; i < quads; ++i)
            {
                const std::uint32_t corner = base + j * (quads + 1) + i;
                AddQuad(kOcean, corner, corner + 1, corner + quads + 2, corner + quads + 1);
            }
        }
    }

    void AddLand(std::uint32_t quads)
    {
        const auto base = static_cast<std::uint32_t>(m_mesh.vertices.size());
        const std::uint32_t row = quads + 3; // one ring more, folded down as the skirt
        for (std::uint32_t j = 0; j < row; ++j)
        {
            for (std::uint32_t i = 0; i < row; ++i)
            {
                const bool skirt = i == 0 || j == 0 || i == row - 1 || j == row - 1;
                const double u = static_cast<double>(std::clamp(i, 1U, quads + 1) - 1) / quads - 0.5;
                const double v = static_cast<double>(std::clamp(j, 1U, quads + 1) - 1) / quads - 0.5;
                const double x = m_area.x + u * m_area.side;
                const double y = m_area.y + v * m_area.side;
                AddVertex({x, y, IslandHeight(x, y) - (skirt ? kSkirtMeters : 0.0)}, IslandNormal(x, y));
            }
        }
        for (std::uint32_t j = 0; j + 1 < row; ++j)
        {
            for (std::uint32_t i = 0; i + 1 < row; ++i)
            {
                const std::uint32_t corner = base + j * row + i;
                AddTriangle(corner, corner + 1, corner + row + 1);
                AddTriangle(corner, corner + row + 1, corner + row);
            }
        }
    }

    Mesh Finish(std::string name)
    {
        m_mesh.name = std::move(name);
        SetIndices(m_mesh, m_indices);
        ComputeBounds(m_mesh);
        return std::move(m_mesh);
    }

  private:
    void AddVertex(const glm::dvec3& place, const glm::dvec3& normal)
    {
        constexpr double kTextureMeters = 50.0;
        m_mesh.vertices.push_back(
            {{static_cast<float>(place.x - (m_area.openSea ? 0.0 : m_area.x)),
              static_cast<float>(place.y - (m_area.openSea ? 0.0 : m_area.y)), static_cast<float>(place.z)},
             {static_cast<float>(normal.x), static_cast<float>(normal.y), static_cast<float>(normal.z)},
             {static_cast<float>((place.x - m_area.x) / kTextureMeters),
              static_cast<float>((m_area.y - place.y) / kTextureMeters)}});
    }

    void AddTriangle(std::uint32_t a, std::uint32_t b, std::uint32_t c)
    {
        glm::dvec3 middle(0.0);
        double up = 0.0;
        for (const std::uint32_t corner : {a, b, c})
        {
            const Vertex& vertex = m_mesh.vertices[corner];
            middle += glm::dvec3(vertex.position[0], vertex.position[1], vertex.position[2]) / 3.0;
            up += vertex.normal[2] / 3.0;
        }
        auto& part = m_indices[ChooseCover(middle + glm::dvec3(m_area.x, m_area.y, 0.0), up)];
        part.insert(part.end(), {a, b, c});
    }

    void AddQuad(std::size_t cover, std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d)
    {
        m_indices[cover].insert(m_indices[cover].end(), {a, b, c, a, c, d});
    }

    Area m_area;
    Mesh m_mesh;
    std::vector<std::vector<std::uint32_t>> m_indices;
};

// The eight fields of a three by three board around the island, without its middle.
std::array<double, 4> OuterField(std::uint32_t number)
{
    const std::uint32_t field = number < 4 ? number : number + 1;
    constexpr std::array kEdges = {-kHalfSide - kOuterTileMeters, -kHalfSide, kHalfSide, kHalfSide + kOuterTileMeters};
    return {kEdges[field % 3], kEdges[field / 3], kEdges[field % 3 + 1], kEdges[field / 3 + 1]};
}

} // namespace

double IslandHeight(double x, double y)
{
    // An outline bent by noise, two mountains, and ridges that grow with height.
    const double bend = FractalNoise(x / 2600.0, y / 2600.0, 4, 11);
    const double distance = std::hypot(x / 4700.0, y / 4000.0) + 0.45 * bend;
    const double land = std::clamp(1.15 - distance, -0.35, 1.0);
    if (land <= -0.34)
    {
        return kSeaBed;
    }
    const auto mountain = [&](double cx, double cy, double width) {
        const double d2 = ((x - cx) * (x - cx) + (y - cy) * (y - cy)) / (width * width);
        return std::exp(-d2);
    };
    const double peaks = 1150.0 * mountain(900.0, 700.0, 1700.0) + 620.0 * mountain(-2200.0, -900.0, 1200.0);
    const double ridges = RidgedNoise(x / 1500.0, y / 1500.0, 6, 41);
    const double hills = 45.0 + 55.0 * FractalNoise(x / 700.0, y / 700.0, 5, 71);
    const double above = std::max(land, 0.0);
    const double shore = above * above * (3.0 - 2.0 * above);
    return land < 0.0 ? land / 0.34 * -kSeaBed : shore * (hills + peaks * (0.35 + 0.95 * ridges)) + 14.0 * above;
}

glm::dvec3 IslandNormal(double x, double y)
{
    constexpr double kStep = 6.0;
    return glm::normalize(glm::dvec3(IslandHeight(x - kStep, y) - IslandHeight(x + kStep, y),
                                     IslandHeight(x, y - kStep) - IslandHeight(x, y + kStep), 2.0 * kStep));
}

TileInfo IslandTileInfo(std::uint32_t index)
{
    const Area area = AreaOf(index);
    if (!area.openSea)
    {
        return {fmt::format("island_{}_{}", index % kIslandTilesPerSide, index / kIslandTilesPerSide), "",
                glm::dvec3(area.x, area.y, 0.0), std::hypot(area.side * 0.71, 1500.0)};
    }
    // The sphere is around the origin of the frame: these tiles are as wide as the whole scene anyway.
    return {fmt::format("sea_{}", index - kIslandLandTiles), "", glm::dvec3(0.0),
            std::hypot(kHalfSide + kOuterTileMeters, kHalfSide + kOuterTileMeters)};
}

Mesh MakeIslandTile(std::uint32_t index)
{
    const Area area = AreaOf(index);
    TileBuilder builder(area);
    if (area.openSea)
    {
        const auto field = OuterField(index - kIslandLandTiles);
        builder.AddSea(field[0], field[1], field[2], field[3], 8);
        return builder.Finish(IslandTileInfo(index).name);
    }
    const double half = area.side / 2.0;
    const std::uint32_t quads = QuadsPerSide(area);
    builder.AddSea(area.x - half, area.y - half, area.x + half, area.y + half, 4);
    if (quads > 0)
    {
        builder.AddLand(quads);
    }
    return builder.Finish(IslandTileInfo(index).name);
}

} // namespace scenery
