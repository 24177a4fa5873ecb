// The built-in island: always there, the same on every machine, no file needed.
#pragma once

#include <vector>

#include "camera_path.h"
#include "scene_source.h"

namespace scenery
{

class IslandSource final : public SceneSource
{
  public:
    static Result<std::unique_ptr<SceneSource>> Open();

    SceneKind Kind() const override { return SceneKind::Island; }
    std::span<const TileInfo> Tiles() const override { return m_tiles; }
    std::span<const ModelInfo> Models() const override { return m_models; }
    std::span<const Placement> Placements() const override { return m_placements; }
    std::span<const SceneError> Faults() const override { return {}; }
    Result<Mesh> LoadTile(std::uint32_t index) const override;
    Result<Mesh> LoadModel(std::uint32_t index) const override;
    SceneBounds Bounds() const override;
    CameraPose CameraPath(double t) const override { return m_flight.At(t); }

  private:
    IslandSource();

    void PlaceObjects();
    void PlanFlight();

    std::vector<TileInfo> m_tiles;
    std::vector<ModelInfo> m_models;
    std::vector<Placement> m_placements;
    scenery::CameraPath m_flight;
};

} // namespace scenery
