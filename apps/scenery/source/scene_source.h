// Where a scene comes from: FlightGear scenery, a model file, or the built-in island.
//
//     auto source = scenery::SceneSource::Open(path);             // cheap: names, places and sizes only
//     if (!source) { Print(source.error().message); return 2; }
//     for (std::uint32_t i = 0; i < (*source)->Tiles().size(); ++i)
//         workers.Run([&, i] { auto mesh = (*source)->LoadTile(i); … });
//
// It reads and converts on the CPU; it does not cache, upload or draw, and starts no threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "scene_types.h"

namespace scenery
{

enum class SceneKind
{
    FlightGear,
    Model, // no tiles, one model placed once
    Island // no files
};

// All methods are const and may be called from any number of threads at once. What the spans refer to lives as long as
// the source and never changes.
class SceneSource
{
  public:
    // Empty path: the built-in island. Folder: FlightGear scenery (the folder that holds Terrain/, Terrain/ itself, or
    // a parent up to the data root). File: any model that assimp reads. Fails if there is nothing at all to draw.
    static Result<std::unique_ptr<SceneSource>> Open(const std::string& path);

    virtual ~SceneSource() = default;
    SceneSource(const SceneSource&) = delete;
    SceneSource& operator=(const SceneSource&) = delete;

    virtual SceneKind Kind() const = 0;

    virtual std::span<const TileInfo> Tiles() const = 0;
    virtual std::span<const ModelInfo> Models() const = 0;
    virtual std::span<const Placement> Placements() const = 0;

    // What the scan had to leave out: a tile without a readable header, placements whose model is missing. One sentence
    // each. What only shows when a file is read in full comes from LoadTile and LoadModel.
    virtual std::span<const SceneError> Faults() const = 0;

    // A tile or model that fails does so every time and disturbs no other.
    virtual Result<Mesh> LoadTile(std::uint32_t index) const = 0;
    virtual Result<Mesh> LoadModel(std::uint32_t index) const = 0;

    // Sea for where there is no tile, in world coordinates; without vertices where none is needed. It is not a tile and
    // does not count as one.
    virtual Mesh MakeBackdrop() const { return {}; }

    // PNG only; any other format is an error, and the material's colour is the thing to draw with.
    virtual Result<Image> LoadImage(const std::string& path) const;

    // Contains every tile's sphere and every placement; approximate, as known from the scan.
    virtual SceneBounds Bounds() const = 0;

    // A flight over the region: t = 0 shows all of it, then lower, past relief; t = 1 is the end. Clamped outside 0..1.
    virtual CameraPose CameraPath(double t) const = 0;

  protected:
    SceneSource() = default;
};

} // namespace scenery
