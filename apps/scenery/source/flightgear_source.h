// FlightGear scenery: terrain tiles (.btg.gz) and placed models (.stg, .xml, .ac).
#pragma once

#include "camera_path.h"
#include "flightgear_scan.h"
#include "scene_source.h"

namespace scenery
{

class FlightGearSource final : public SceneSource
{
  public:
    static Result<std::unique_ptr<SceneSource>> Open(const std::string& path);

    SceneKind Kind() const override { return SceneKind::FlightGear; }
    std::span<const TileInfo> Tiles() const override { return m_scan.tiles; }
    std::span<const ModelInfo> Models() const override { return m_scan.models; }
    std::span<const Placement> Placements() const override { return m_scan.placements; }
    std::span<const SceneError> Faults() const override { return m_scan.faults; }
    Result<Mesh> LoadTile(std::uint32_t index) const override;
    Result<Mesh> LoadModel(std::uint32_t index) const override;
    Mesh MakeBackdrop() const override;
    SceneBounds Bounds() const override { return m_bounds; }
    CameraPose CameraPath(double t) const override { return m_flight.At(t); }

  private:
    explicit FlightGearSource(FlightGearScan scan);

    FlightGearScan m_scan;
    SceneBounds m_bounds;
    scenery::CameraPath m_flight;
};

} // namespace scenery
