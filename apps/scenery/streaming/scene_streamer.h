// Brings tiles and models into buffers while frames are drawn. Loader threads read, convert, create and fill, nearest
// first; the thread that draws only says where the camera is and takes what has arrived. It never waits, except in
// WaitUntilSettled.
//
//     streamer.Update(camera.Position(), lastFrame);
//     renderer.Draw(frame, camera, streamer.DrawList());
#pragma once

#include "output/upload_meter.h"
#include "renderer/texture_cache.h"
#include "streaming/gpu_mesh.h"
#include "streaming/memory_ledger.h"
#include "streaming/stream_items.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <optional>
#include <thread>

namespace scenery
{
struct StreamStats // of everything that was in buffers at any time
{
    uint32_t tiles = 0;
    uint64_t objects = 0;   // placements
    uint64_t triangles = 0; // of tiles, and of models for each placement
};

class SceneStreamer
{
  public:
    SceneStreamer(const SceneSource& source, sedx::BufferSystem& system, sedx::BindlessBufferSystem& bindless,
                  TextureCache& textures, UploadMeter& meter, uint64_t budgetBytes);
    ~SceneStreamer(); // stops the loaders and drops all buffers

    // Plans for a camera, takes arrivals, drops what is not wanted any more. `lastFrame`: the frame begun last.
    void Update(const glm::dvec3& camera, uint64_t lastFrame);
    // Updates until everything wanted has arrived or failed.
    void WaitUntilSettled(const glm::dvec3& camera, uint64_t lastFrame);

    // What is in buffers: tiles, then models, each nearest first. Valid until the next Update.
    std::span<const GpuMesh* const> DrawList() const { return m_drawList; }
    // Faults since the last call.
    std::vector<SceneError> TakeFaults();
    StreamStats Stats() const { return m_stats; }
    size_t ItemCount() const { return m_items.size(); }
    size_t LeftOutCount() const { return m_leftOut; } // not wanted because of the budget, as of the last Update

  private:
    enum class State
    {
        Absent,
        Loading,
        Resident,
        Failed
    };
    struct Slot
    {
        State state = State::Absent;
        bool wasResident = false; // counted in the stats
        std::optional<uint64_t> bytes;
        double distance = 0.0;
        std::unique_ptr<GpuMesh> mesh;
    };
    struct Arrival
    {
        uint32_t item = 0;
        uint64_t trianglesDrawn = 0;
        GpuMesh mesh;
    };

    void LoaderMain();
    std::optional<uint32_t> PickLocked();
    void LoadItem(uint32_t item, std::unique_lock<std::mutex>& lock);
    Result<PreparedMesh> Prepare(const StreamItem& item, std::vector<SceneError>& faults) const;
    void TakeArrivalsLocked();
    bool IsSettledLocked() const;
    void RebuildDrawList();

    const SceneSource& m_source;
    sedx::BufferSystem& m_system;
    sedx::BindlessBufferSystem& m_bindless;
    TextureCache& m_textures;
    UploadMeter& m_meter;
    const std::vector<StreamItem> m_items;

    // Used by the thread that draws only.
    std::vector<const GpuMesh*> m_drawList;
    StreamStats m_stats;
    size_t m_leftOut = 0;

    std::mutex m_mutex;                 // guards all below
    std::condition_variable m_work;     // loaders wait for it
    std::condition_variable m_progress; // WaitUntilSettled waits for it
    bool m_stop = false;
    bool m_planIsStale = false; // a loader learned something that changes the plan
    MemoryLedger m_ledger;
    std::vector<Slot> m_slots;      // one for each item
    std::vector<uint32_t> m_wanted; // items, nearest first
    std::vector<Arrival> m_arrivals;
    std::vector<SceneError> m_faults;
    std::vector<std::thread> m_loaders;
};
} // namespace scenery
