#include "model_source.h"

#include <fmt/format.h>

#include "flightgear_model.h"
#include "model_file.h"

namespace scenery
{

Result<std::unique_ptr<SceneSource>> ModelSource::Open(const std::string& path)
{
    auto mesh = path.ends_with(".xml") ? LoadFlightGearModel(path, {}) : LoadModelFile(path);
    if (!mesh)
    {
        return tl::make_unexpected(mesh.error());
    }
    return std::unique_ptr<SceneSource>(new ModelSource(path, std::move(*mesh)));
}

ModelSource::ModelSource(const std::string& path, Mesh mesh)
    : m_mesh(std::move(mesh)), m_info{m_mesh.name, path, 1},
      m_flight(scenery::CameraPath::Orbit(glm::dvec3(m_mesh.center), m_mesh.radius))
{
}

Result<Mesh> ModelSource::LoadTile(std::uint32_t index) const
{
    return tl::make_unexpected(SceneError{fmt::format("The model {} has no terrain tile {}.", m_info.file, index)});
}

Result<Mesh> ModelSource::LoadModel(std::uint32_t index) const
{
    if (index != 0)
    {
        return tl::make_unexpected(
            SceneError{fmt::format("{} is one model, there is no model {}.", m_info.file, index)});
    }
    return m_mesh;
}

SceneBounds ModelSource::Bounds() const
{
    const glm::dvec3 center(m_mesh.center);
    const glm::dvec3 reach(static_cast<double>(m_mesh.radius));
    return {center - reach, center + reach};
}

} // namespace scenery
