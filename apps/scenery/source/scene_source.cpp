#include "scene_source.h"

#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "flightgear_source.h"
#include "image_file.h"
#include "island_source.h"
#include "model_source.h"
#include "no_throw.h"

namespace scenery
{
namespace
{

Result<std::unique_ptr<SceneSource>> OpenPath(const std::string& path)
{
    namespace fs = std::filesystem;
    if (path.empty())
    {
        return IslandSource::Open();
    }
    std::error_code code;
    const fs::file_status status = fs::status(path, code);
    if (!fs::exists(status))
    {
        return tl::make_unexpected(SceneError{fmt::format("The scenery {} does not exist.", path)});
    }
    return fs::is_directory(status) ? FlightGearSource::Open(path) : ModelSource::Open(path);
}

} // namespace

Result<std::unique_ptr<SceneSource>> SceneSource::Open(const std::string& path)
{
    return NoThrow("The scenery " + path, [&] { return OpenPath(path); });
}

Result<Image> SceneSource::LoadImage(const std::string& path) const
{
    return NoThrow("The image " + path, [&] { return ReadPng(path); });
}

} // namespace scenery
