// Writes small FlightGear scenery for the tests of the application: four tiles of hilly land, two kinds of models.
//
//     make_scenery FOLDER good | truncated-tile | broken-model | no-tiles
//
// truncated-tile cuts one tile off in the middle, broken-model gives one model a face with a vertex that does not exist.
#include <zlib.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <string>
#include <vector>

namespace
{
constexpr double kLongitude = -156.4; // degrees, of the first tile's south-west corner
constexpr double kLatitude = 20.8;
constexpr double kTileDegrees = 0.02;
constexpr int kCells = 12; // a side of a tile
constexpr const char* kFolder = "w160n20/w157n20";

using Position = std::array<double, 3>;

double Height(double longitude, double latitude)
{
    return 180.0 + 150.0 * std::sin(longitude * 400.0) * std::cos(latitude * 300.0);
}

// WGS84, Earth-centred.
Position ToEcef(double longitude, double latitude, double height)
{
    constexpr double kRadians = std::numbers::pi / 180.0;
    constexpr double kAxis = 6378137.0;
    constexpr double kSquaredEccentricity = 6.69437999014e-3;
    const double s = std::sin(latitude * kRadians);
    const double c = std::cos(latitude * kRadians);
    const double n = kAxis / std::sqrt(1.0 - kSquaredEccentricity * s * s);
    return {(n + height) * c * std::cos(longitude * kRadians), (n + height) * c * std::sin(longitude * kRadians),
            (n * (1.0 - kSquaredEccentricity) + height) * s};
}

class ByteWriter
{
  public:
    template <class T>
    void Add(T value)
    {
        const auto* begin = reinterpret_cast<const char*>(&value);
        m_bytes.insert(m_bytes.end(), begin, begin + sizeof value);
    }
    void Add(const std::string& text) { m_bytes.insert(m_bytes.end(), text.begin(), text.end()); }
    void Add(const ByteWriter& other) { m_bytes.insert(m_bytes.end(), other.m_bytes.begin(), other.m_bytes.end()); }
    uint32_t Size() const { return static_cast<uint32_t>(m_bytes.size()); }
    const std::vector<char>& Bytes() const { return m_bytes; }

  private:
    std::vector<char> m_bytes;
};

void AddObject(ByteWriter& file, uint8_t type, const std::vector<ByteWriter>& elements,
               const std::string& material = {})
{
    file.Add(type);
    file.Add(static_cast<uint16_t>(material.empty() ? 0 : 2));
    file.Add(static_cast<uint16_t>(elements.size()));
    if (!material.empty())
    {
        file.Add(uint8_t{0});
        file.Add(static_cast<uint32_t>(material.size()));
        file.Add(material);
        file.Add(uint8_t{1}); // index mask: position, normal
        file.Add(uint32_t{1});
        file.Add(uint8_t{3});
    }
    for (const ByteWriter& element : elements)
    {
        file.Add(element.Size());
        file.Add(element);
    }
}

std::vector<char> MakeTile(double west, double south)
{
    std::vector<Position> points;
    for (int y = 0; y <= kCells; ++y)
    {
        for (int x = 0; x <= kCells; ++x)
        {
            const double longitude = west + kTileDegrees * x / kCells;
            const double latitude = south + kTileDegrees * y / kCells;
            points.push_back(ToEcef(longitude, latitude, Height(longitude, latitude)));
        }
    }
    const Position center = points[points.size() / 2];
    const double length = std::hypot(center[0], center[1], center[2]);
    float radius = 0.0F;
    ByteWriter positions;
    ByteWriter normals;
    for (const Position& point : points)
    {
        const Position d{point[0] - center[0], point[1] - center[1], point[2] - center[2]};
        radius = std::max(radius, static_cast<float>(std::hypot(d[0], d[1], d[2])));
        for (int i = 0; i < 3; ++i)
        {
            positions.Add(static_cast<float>(d[static_cast<size_t>(i)]));
            normals.Add(static_cast<uint8_t>(127.5 + 127.5 * center[static_cast<size_t>(i)] / length));
        }
    }
    ByteWriter sphere;
    for (const double value : center)
        sphere.Add(value);
    sphere.Add(radius);

    // One element a triangle, as in real files; two land covers.
    std::array<std::vector<ByteWriter>, 2> triangles;
    for (int y = 0; y < kCells; ++y)
    {
        for (int x = 0; x < kCells; ++x)
        {
            const int corner = y * (kCells + 1) + x;
            const int above = corner + kCells + 1;
            for (const std::array<int, 3>& triangle :
                 {std::array<int, 3>{corner, corner + 1, above + 1}, std::array<int, 3>{corner, above + 1, above}})
            {
                ByteWriter element;
                for (const int index : triangle)
                {
                    element.Add(static_cast<uint16_t>(index));
                    element.Add(static_cast<uint16_t>(index));
                }
                triangles[static_cast<size_t>(x % 2)].push_back(element);
            }
        }
    }
    ByteWriter file;
    file.Add(uint32_t{0x5347} << 16 | 7u);
    file.Add(uint32_t{0});
    file.Add(uint16_t{5});
    AddObject(file, 0, {sphere});
    AddObject(file, 1, {positions});
    AddObject(file, 2, {normals});
    AddObject(file, 10, triangles[0], "Grassland");
    AddObject(file, 10, triangles[1], "DryCrop");
    return file.Bytes();
}

void WriteGzip(const std::filesystem::path& path, const std::vector<char>& bytes)
{
    const gzFile file = gzopen(path.string().c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
}

void WriteText(const std::filesystem::path& path, const std::string& text)
{
    std::ofstream(path, std::ios::binary) << text;
}

// A square pillar; `lastIndex` is 7 in a sound model.
std::string MakeModel(double width, double height, int lastIndex)
{
    std::string text = "AC3Db\nMATERIAL \"wall\" rgb 0.8 0.5 0.3 amb 0.2 0.2 0.2 emis 0 0 0 spec 0 0 0 shi 0 trans 0\n"
                       "OBJECT world\nkids 1\nOBJECT poly\nname \"pillar\"\nnumvert 8\n";
    char line[96];
    for (const double y : {0.0, height})
    {
        for (const auto& [x, z] : {std::pair{-0.5, -0.5}, {0.5, -0.5}, {0.5, 0.5}, {-0.5, 0.5}})
        {
            std::snprintf(line, sizeof line, "%g %g %g\n", x * width, y, z * width);
            text += line;
        }
    }
    text += "numsurf 5\n";
    for (const std::array<int, 4>& face :
         {std::array<int, 4>{0, 1, 5, 4}, {1, 2, 6, 5}, {2, 3, 7, 6}, {3, 0, 4, 7}, {4, 5, 6, lastIndex}})
    {
        text += "SURF 0x20\nmat 0\nrefs 4\n";
        for (const int index : face)
            text += std::to_string(index) + " 0 0\n";
    }
    return text + "kids 0\n";
}

void TruncateFile(const std::filesystem::path& path)
{
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
}
} // namespace

int main(int argc, char** argv)
{
    if (argc != 3)
    {
        std::fprintf(stderr, "usage: make_scenery FOLDER good|truncated-tile|broken-model|no-tiles\n");
        return 2;
    }
    const std::filesystem::path root = argv[1];
    const std::string kind = argv[2];
    const std::filesystem::path terrain = root / "Terrain" / kFolder;
    std::filesystem::remove_all(root);
    std::filesystem::create_directories(terrain);
    if (kind == "no-tiles")
        return 0;

    WriteText(terrain / "pillar.ac", MakeModel(20.0, 60.0, 7));
    WriteText(terrain / "block.ac", MakeModel(60.0, 25.0, kind == "broken-model" ? 700 : 7));
    for (int i = 0; i < 4; ++i)
    {
        const double west = kLongitude + kTileDegrees * (i % 2);
        const double south = kLatitude + kTileDegrees * (i / 2);
        const std::string name = std::to_string(390000 + i);
        WriteGzip(terrain / (name + ".btg.gz"), MakeTile(west, south));
        std::string stg = "OBJECT_BASE " + name + ".btg\n";
        for (int place = 0; place < 6; ++place)
        {
            const double longitude = west + kTileDegrees * (0.15 + 0.12 * place);
            const double latitude = south + kTileDegrees * 0.5;
            char line[160];
            std::snprintf(line, sizeof line, "OBJECT_STATIC %s %.6f %.6f %.2f %d\n",
                          place % 3 == 0 ? "block.ac" : "pillar.ac", longitude, latitude, Height(longitude, latitude),
                          place * 30);
            stg += line;
        }
        WriteText(terrain / (name + ".stg"), stg);
    }
    if (kind == "truncated-tile")
        TruncateFile(terrain / "390002.btg.gz");
    return 0;
}
