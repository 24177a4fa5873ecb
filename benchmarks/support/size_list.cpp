#include "support/size_list.h"

#include "support/context.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <span>

namespace bench
{
namespace
{
struct Quantile
{
    double part;
    double bytes;
};
// Of the real sizes.
constexpr Quantile kMeshes[] = {{0, 64},        {0.01, 152},     {0.05, 152},      {0.1, 272},
                                {0.25, 416},    {0.5, 1'324},    {0.75, 4'432},    {0.9, 15'184},
                                {0.95, 37'336}, {0.99, 147'908}, {0.999, 355'280}, {1, 793'668}};
constexpr Quantile kTiles[] = {{0, 152},           {0.1, 152},       {0.25, 176},       {0.5, 17'192},
                               {0.75, 386'296},    {0.9, 1'431'620}, {0.95, 2'208'668}, {0.99, 3'213'860},
                               {0.999, 6'250'748}, {1, 7'116'344}};
constexpr size_t kMeshCount = 15'304;
constexpr size_t kTileCount = 952;

void AppendSynthetic(std::vector<uint64_t>& out, std::span<const Quantile> quantiles, size_t count)
{
    for (size_t i = 0; i < count; ++i)
    {
        const double part = static_cast<double>(i) / static_cast<double>(count - 1);
        const auto above =
            std::ranges::find_if(quantiles.subspan(1), [&](const Quantile& q) { return part <= q.part; });
        const Quantile high = *above;
        const Quantile low = *(above - 1);
        // Between two quantiles sizes grow by a constant factor. Vertices and triangles make multiples of four bytes.
        const double position = (part - low.part) / (high.part - low.part);
        const double bytes = low.bytes * std::pow(high.bytes / low.bytes, position);
        out.push_back(static_cast<uint64_t>(std::llround(bytes / 4)) * 4);
    }
}

std::vector<std::string> Split(const std::string& line)
{
    std::vector<std::string> fields(1);
    for (const char c : line)
    {
        if (c == ',')
            fields.emplace_back();
        else if (c != '\r')
            fields.back() += c;
    }
    return fields;
}

// One size a line: the most of the columns `vertices`, and three indices for each of the column triangles.
void AppendFile(std::vector<uint64_t>& out, const std::filesystem::path& file, std::span<const char* const> vertices)
{
    std::ifstream stream(file);
    std::string line;
    Require(stream.good() && std::getline(stream, line), file.string() + " cannot be read");
    const std::vector<std::string> header = Split(line);
    const auto column = [&](const char* name) {
        const auto found = std::ranges::find(header, name);
        Require(found != header.end(), fmt::format("{} has no column '{}'", file.string(), name));
        return static_cast<size_t>(found - header.begin());
    };
    std::vector<size_t> vertexColumns;
    for (const char* name : vertices)
        vertexColumns.push_back(column(name));
    const size_t triangleColumn = column("triangles");

    for (size_t number = 2; std::getline(stream, line); ++number)
    {
        if (line.empty())
            continue;
        // Names may hold commas: they come first, so columns are counted from the end.
        const std::vector<std::string> fields = Split(line);
        const auto value = [&](size_t index) {
            uint64_t parsed = 0;
            Require(fields.size() >= header.size(), fmt::format("{}:{}: too few fields", file.string(), number));
            const std::string& field = fields[fields.size() - header.size() + index];
            const auto end = std::from_chars(field.data(), field.data() + field.size(), parsed);
            Require(end.ec == std::errc{}, fmt::format("{}:{}: '{}' is no number", file.string(), number, field));
            return parsed;
        };
        uint64_t most = 0;
        for (const size_t index : vertexColumns)
            most = std::max(most, value(index));
        if (const uint64_t bytes = most * kBytesPerVertex + value(triangleColumn) * 3 * kBytesPerIndex; bytes != 0)
            out.push_back(bytes);
    }
}
} // namespace

SizeList LoadScenerySizes(const std::filesystem::path& folder, std::string& whyNot)
{
    const std::filesystem::path meshes = folder / "flightgear_ac_meshes.csv";
    const std::filesystem::path tiles = folder / "flightgear_terrain_tiles.csv";
    SizeList list;
    if (!folder.empty() && std::filesystem::exists(meshes) && std::filesystem::exists(tiles))
    {
        constexpr const char* kMeshVertices[] = {"positions"};
        constexpr const char* kTileVertices[] = {"positions", "normals", "texcoords"};
        AppendFile(list.bytes, meshes, kMeshVertices);
        const size_t meshCount = list.bytes.size();
        AppendFile(list.bytes, tiles, kTileVertices);
        list.name = fmt::format("{} meshes and {} tiles", meshCount, list.bytes.size() - meshCount);
        list.isReal = true;
        return list;
    }
    whyNot = folder.empty() ? "no folder with workloads (--workloads)"
                            : fmt::format("{} lacks {} or {}", folder.string(), meshes.filename().string(),
                                          tiles.filename().string());
    AppendSynthetic(list.bytes, kMeshes, kMeshCount);
    AppendSynthetic(list.bytes, kTiles, kTileCount);
    list.name = fmt::format("{} synthetic sizes", list.bytes.size());
    return list;
}
} // namespace bench
