// A single model file as a scene: one model, placed once, seen from a circle around it.
#pragma once

#include "camera_path.h"
#include "scene_source.h"

namespace scenery
{

class ModelSource final : public SceneSource
{
  public:
    // Reads the file in full, so that a bad one is known at once.
    static Result<std::unique_ptr<SceneSource>> Open(const std::string& path);

    SceneKind Kind() const override { return SceneKind::Model; }
    std::span<const TileInfo> Tiles() const override { return {}; }
    std::span<const ModelInfo> Models() const override { return {&m_info, 1}; }
    std::span<const Placement> Placements() const override { return {&m_placement, 1}; }
    std::span<const SceneError> Faults() const override { return {}; }
    Result<Mesh> LoadTile(std::uint32_t index) const override;
    Result<Mesh> LoadModel(std::uint32_t index) const override;
    SceneBounds Bounds() const override;
    CameraPose CameraPath(double t) const override { return m_flight.At(t); }

  private:
    ModelSource(const std::string& path, Mesh mesh);

    Mesh m_mesh;
    ModelInfo m_info;
    Placement m_placement;
    scenery::CameraPath m_flight;
};

} // namespace scenery
