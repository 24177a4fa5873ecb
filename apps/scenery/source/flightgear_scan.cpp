#include "flightgear_scan.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <glm/gtc/constants.hpp>
#include <glm/gtc/matrix_transform.hpp>

#include "btg_file.h"
#include "byte_source.h"
#include "stg_file.h"

namespace scenery
{
namespace fs = std::filesystem;
namespace
{

constexpr std::size_t kSphereBytes = 4096; // the bounding sphere is the first object

tl::unexpected<SceneError> Fail(std::string message) { return tl::make_unexpected(SceneError{std::move(message)}); }

bool IsFolder(const fs::path& path)
{
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

bool IsFile(const fs::path& path)
{
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

std::optional<fs::path> FindSceneryFolder(const fs::path& path)
{
    if (path.filename() == "Terrain" && IsFolder(path))
    {
        return path.parent_path();
    }
    for (const fs::path& candidate : {path, path / "Scenery"})
    {
        if (IsFolder(candidate / "Terrain"))
        {
            return candidate;
        }
    }
    return std::nullopt;
}

// Sorted, so that indices are the same on every machine.
std::vector<fs::path> FilesBelow(const fs::path& folder)
{
    std::vector<fs::path> files;
    std::error_code code;
    constexpr auto kOptions =
        fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
    fs::recursive_directory_iterator at(folder, kOptions, code);
    while (!code && at != fs::recursive_directory_iterator())
    {
        // Links may form a circle; no real scenery is deep.
        if (at.depth() > 8)
        {
            at.pop(code);
            continue;
        }
        if (IsFile(at->path()))
        {
            files.push_back(at->path());
        }
        at.increment(code);
    }
    std::sort(files.begin(), files.end());
    return files;
}

bool EndsWith(const fs::path& path, std::string_view ending) { return path.native().ends_with(ending); }

class FlightGearScanner
{
  public:
    explicit FlightGearScanner(const fs::path& folder) : m_folder(folder) { m_scan.folder = folder.string(); }

    Result<FlightGearScan> Scan()
    {
        for (const fs::path& file : FilesBelow(m_folder / "Terrain"))
        {
            if (EndsWith(file, ".stg"))
            {
                ReadStg(file);
            }
            else if (EndsWith(file, ".btg.gz") || EndsWith(file, ".btg"))
            {
                m_tileFiles.insert(file);
            }
        }
        for (const char* kind : {"Objects", "Buildings", "Pylons", "Roads", "Details"})
        {
            for (const fs::path& file : FilesBelow(m_folder / kind))
            {
                if (EndsWith(file, ".stg"))
                {
                    ReadStg(file);
                }
            }
        }
        ReadTiles();
        if (m_scan.tiles.empty() && m_objects.empty())
        {
            return m_scan.faults.empty()
                       ? Fail(fmt::format("The folder {} holds no terrain tile.", (m_folder / "Terrain").string()))
                       : Fail(fmt::format("The folder {} holds no usable terrain tile: {}",
                                          (m_folder / "Terrain").string(), m_scan.faults.front().message));
        }
        ChooseFrame();
        PlaceObjects();
        return std::move(m_scan);
    }

  private:
    struct FoundObject
    {
        StgObject object;
        fs::path stg;
    };

    void AddFault(std::string message) { m_scan.faults.push_back({std::move(message)}); }

    void ReadStg(const fs::path& file)
    {
        const auto text = ReadTextFile(file.string());
        if (!text)
        {
            m_scan.faults.push_back(text.error());
            return;
        }
        StgFile stg = ParseStg(*text, file.string());
        m_scan.faults.insert(m_scan.faults.end(), stg.faults.begin(), stg.faults.end());
        for (const std::string& name : stg.tiles)
        {
            const fs::path plain = file.parent_path() / name;
            const fs::path packed = plain.string() + ".gz";
            if (IsFile(packed) || IsFile(plain))
            {
                m_tileFiles.insert(IsFile(packed) ? packed : plain);
            }
            else
            {
                AddFault(fmt::format("The terrain tile {} named in {} is missing.", packed.string(), file.string()));
            }
        }
        for (StgObject& object : stg.objects)
        {
            m_objects.push_back({std::move(object), file});
        }
    }

    void ReadTiles()
    {
        for (const fs::path& file : m_tileFiles)
        {
            const std::string name = file.string();
            const auto sphere = ReadGzipStart(name, kSphereBytes).and_then([&](const std::vector<std::byte>& start) {
                return ParseBtgSphere(start, name);
            });
            if (!sphere)
            {
                m_scan.faults.push_back(sphere.error());
                continue;
            }
            std::error_code ignored;
            m_scan.tileFileBytes.push_back(fs::file_size(file, ignored));
            const std::string base = file.filename().string();
            m_scan.tiles.push_back({base.substr(0, base.find(".btg")), name, sphere->center, sphere->radius});
        }
    }

    void ChooseFrame()
    {
        glm::dvec3 sum(0.0);
        for (const TileInfo& tile : m_scan.tiles)
        {
            sum += tile.origin;
        }
        for (const FoundObject& found : m_objects)
        {
            sum += m_scan.tiles.empty() ? EcefFromGeodetic(found.object.place) : glm::dvec3(0.0);
        }
        Geodetic middle =
            GeodeticFromEcef(sum / static_cast<double>(std::max<std::size_t>(
                                       m_scan.tiles.empty() ? m_objects.size() : m_scan.tiles.size(), 1)));
        middle.altitudeMeters = 0.0;
        m_scan.frame = LocalFrame(middle);
        for (TileInfo& tile : m_scan.tiles)
        {
            tile.origin = m_scan.frame.FromEcef(tile.origin);
        }
    }

    std::optional<fs::path> FindModel(const FoundObject& found) const
    {
        const fs::path name(found.object.model);
        const fs::path dataRoot = m_folder.parent_path();
        for (const fs::path& folder : {found.stg.parent_path(), m_folder, m_folder / "Models", dataRoot,
                                       dataRoot / "Models", dataRoot / "Scenery"})
        {
            if (IsFile(folder / name))
            {
                return (folder / name).lexically_normal();
            }
        }
        return std::nullopt;
    }

    void PlaceObjects()
    {
        std::map<std::string, std::uint32_t> modelOfFile;
        std::map<std::string, std::uint32_t> missing; // sentence so far, placements
        for (const FoundObject& found : m_objects)
        {
            const auto file = FindModel(found);
            if (!file)
            {
                ++missing[fmt::format("The model {} named in {} is missing", found.object.model, found.stg.string())];
                continue;
            }
            const auto [entry, added] =
                modelOfFile.emplace(file->string(), static_cast<std::uint32_t>(m_scan.models.size()));
            if (added)
            {
                m_scan.models.push_back({file->stem().string(), file->string(), 0});
            }
            ++m_scan.models[entry->second].placementCount;
            const StgObject& object = found.object;
            const glm::dmat3 axes = m_scan.frame.EcefToLocal() * PlacementAxes(object.place, object.headingDegrees,
                                                                               object.pitchDegrees, object.rollDegrees);
            m_scan.placements.push_back(
                {entry->second, m_scan.frame.FromEcef(EcefFromGeodetic(object.place)), glm::mat3(axes)});
        }
        for (const auto& [sentence, count] : missing)
        {
            AddFault(fmt::format("{} ({} placement{} left out).", sentence, count, count == 1 ? "" : "s"));
        }
    }

    fs::path m_folder;
    std::set<fs::path> m_tileFiles; // a tile may be named twice
    std::vector<FoundObject> m_objects;
    FlightGearScan m_scan;
};

} // namespace

glm::dmat3 PlacementAxes(const Geodetic& place, double headingDegrees, double pitchDegrees, double rollDegrees)
{
    const LocalFrame local(place);
    const glm::dvec3 east = local.Axes()[0];
    const glm::dvec3 north = local.Axes()[1];
    const glm::dmat3 southEastUp(-north, east, local.Axes()[2]);
    const glm::dmat4 one(1.0);
    const glm::dmat3 heading(glm::rotate(one, glm::radians(headingDegrees), glm::dvec3(0.0, 0.0, 1.0)));
    const glm::dmat3 pitch(glm::rotate(one, glm::radians(pitchDegrees), glm::dvec3(0.0, 1.0, 0.0)));
    const glm::dmat3 roll(glm::rotate(one, glm::radians(rollDegrees), glm::dvec3(1.0, 0.0, 0.0)));
    return southEastUp * heading * pitch * roll;
}

Result<FlightGearScan> ScanFlightGear(const std::string& path)
{
    std::error_code code;
    fs::path start = fs::absolute(path, code).lexically_normal();
    if (start.filename().empty())
    {
        start = start.parent_path(); // a trailing slash
    }
    if (!fs::exists(start, code))
    {
        return Fail(fmt::format("The scenery folder {} does not exist.", path));
    }
    const auto folder = FindSceneryFolder(start);
    if (!folder)
    {
        return Fail(fmt::format("The folder {} is not FlightGear scenery: there is no Terrain folder in it.", path));
    }
    return FlightGearScanner(*folder).Scan();
}

} // namespace scenery
