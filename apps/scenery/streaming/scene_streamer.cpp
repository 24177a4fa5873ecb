#include "streaming/scene_streamer.h"

#include "failure.h"
#include "streaming/residency_plan.h"

#include <sedx/profile.h>

#include <algorithm>

namespace scenery
{
namespace
{
// One core is left to the thread that draws.
unsigned LoaderCount() { return std::max(std::thread::hardware_concurrency(), 2u) - 1; }
} // namespace

SceneStreamer::SceneStreamer(const SceneSource& source, sedx::BufferSystem& system,
                             sedx::BindlessBufferSystem& bindless, TextureCache& textures, UploadMeter& meter,
                             uint64_t budgetBytes)
    : m_source(source), m_system(system), m_bindless(bindless), m_textures(textures), m_meter(meter),
      m_items(MakeStreamItems(source)), m_ledger(budgetBytes), m_slots(m_items.size())
{
    for (const SceneError& fault : source.Faults())
        m_faults.push_back(fault);
    for (unsigned i = 0; i < LoaderCount(); ++i)
        m_loaders.emplace_back([this] { LoaderMain(); });
}

SceneStreamer::~SceneStreamer()
{
    {
        const std::lock_guard lock(m_mutex);
        m_stop = true;
    }
    m_work.notify_all();
    for (std::thread& loader : m_loaders)
        loader.join();
}

void SceneStreamer::Update(const glm::dvec3& camera, uint64_t lastFrame)
{
    SEDX_PROFILE_SCOPE("SceneStreamer::Update");
    {
        const std::lock_guard lock(m_mutex);
        m_ledger.OnFramePassed(m_system.CompletedFrame());
        TakeArrivalsLocked();

        std::vector<PlanEntry> entries(m_items.size());
        for (size_t i = 0; i < m_items.size(); ++i)
        {
            m_slots[i].distance = Distance(m_items[i], camera);
            entries[i] = {.distance = m_slots[i].distance,
                          .bytes = m_slots[i].bytes,
                          .failed = m_slots[i].state == State::Failed};
        }
        m_wanted = PlanResidency(entries, m_ledger.BudgetBytes());
        m_planIsStale = false;

        std::vector<bool> isWanted(m_items.size(), false);
        for (const uint32_t item : m_wanted)
            isWanted[item] = true;
        m_leftOut = 0;
        for (size_t i = 0; i < m_items.size(); ++i)
        {
            Slot& slot = m_slots[i];
            if (slot.state == State::Resident && !isWanted[i])
            {
                slot.mesh.reset(); // the memory goes when frames in flight have passed
                slot.state = State::Absent;
                m_ledger.Retire(slot.bytes.value_or(0), lastFrame);
            }
            m_leftOut += !isWanted[i] && slot.state != State::Failed;
        }
    }
    m_work.notify_all();
    RebuildDrawList();
}

void SceneStreamer::WaitUntilSettled(const glm::dvec3& camera, uint64_t lastFrame)
{
    SEDX_PROFILE_SCOPE("SceneStreamer::WaitUntilSettled");
    for (;;)
    {
        Update(camera, lastFrame);
        std::unique_lock lock(m_mutex);
        if (IsSettledLocked())
            return;
        // Wakes by itself too: memory of dropped buffers comes back without a loader's doing.
        m_progress.wait_for(lock, std::chrono::milliseconds(5),
                            [this] { return m_planIsStale || !m_arrivals.empty(); });
        lock.unlock();
        m_system.Poll();
    }
}

std::vector<SceneError> SceneStreamer::TakeFaults()
{
    const std::lock_guard lock(m_mutex);
    return std::exchange(m_faults, {});
}

bool SceneStreamer::IsSettledLocked() const
{
    return !m_planIsStale && m_arrivals.empty() && std::all_of(m_wanted.begin(), m_wanted.end(), [this](uint32_t item) {
        return m_slots[item].state == State::Resident;
    });
}

void SceneStreamer::TakeArrivalsLocked()
{
    for (Arrival& arrival : m_arrivals)
    {
        Slot& slot = m_slots[arrival.item];
        slot.state = State::Resident;
        slot.mesh = std::make_unique<GpuMesh>(std::move(arrival.mesh));
        if (std::exchange(slot.wasResident, true))
            continue;
        const StreamItem& item = m_items[arrival.item];
        m_stats.tiles += item.isTile ? 1 : 0;
        m_stats.triangles += arrival.trianglesDrawn;
        for (const PlacementGroup& group : item.groups)
            m_stats.objects += group.placements.size();
    }
    m_arrivals.clear();
}

void SceneStreamer::RebuildDrawList()
{
    // Slots that are resident belong to this thread: loaders touch absent ones only.
    m_drawList.clear();
    const std::lock_guard lock(m_mutex);
    for (const bool tiles : {true, false})
    {
        for (const uint32_t item : m_wanted)
        {
            if (m_items[item].isTile == tiles && m_slots[item].state == State::Resident)
                m_drawList.push_back(m_slots[item].mesh.get());
        }
    }
}

std::optional<uint32_t> SceneStreamer::PickLocked()
{
    for (const uint32_t item : m_wanted)
    {
        Slot& slot = m_slots[item];
        if (slot.state != State::Absent)
            continue;
        // Strictly in order: smaller items farther away must not take the memory that a near one waits for.
        if (slot.bytes && !m_ledger.Reserve(*slot.bytes))
            return std::nullopt;
        slot.state = State::Loading;
        return item;
    }
    return std::nullopt;
}

void SceneStreamer::LoaderMain()
{
    std::unique_lock lock(m_mutex);
    while (!m_stop)
    {
        if (const std::optional<uint32_t> item = PickLocked())
            LoadItem(*item, lock);
        else
            m_work.wait(lock);
    }
}

void SceneStreamer::LoadItem(uint32_t index, std::unique_lock<std::mutex>& lock)
{
    const StreamItem& item = m_items[index];
    uint64_t reserved = m_slots[index].bytes.value_or(0);
    const bool wasKnown = m_slots[index].bytes.has_value();
    lock.unlock();

    std::vector<SceneError> faults;
    auto prepared = Prepare(item, faults);
    lock.lock();
    if (wasKnown && !prepared)
        m_ledger.Release(reserved); // the file changed since it was read first
    for (SceneError& fault : faults)
        m_faults.push_back(std::move(fault));
    Slot& slot = m_slots[index];
    if (prepared && !wasKnown)
    {
        slot.bytes = reserved = prepared->BufferBytes();
        if (!m_ledger.Reserve(reserved))
        {
            slot.state = State::Absent;
            m_planIsStale = true;
            m_progress.notify_all();
            return;
        }
    }
    if (prepared)
    {
        lock.unlock();
        try
        {
            SEDX_PROFILE_SCOPE("SceneStreamer::Upload");
            const UploadMeter::Scope measured(m_meter);
            Arrival arrival{.item = index, .mesh = UploadMesh(m_system, m_bindless, *prepared)};
            uint64_t copies = item.isTile ? 1 : 0;
            for (const PlacementGroup& group : item.groups)
                copies += group.placements.size();
            arrival.trianglesDrawn = prepared->mesh.TriangleCount() * copies;
            lock.lock();
            m_arrivals.push_back(std::move(arrival));
        }
        catch (const Failure& failure)
        {
            prepared = tl::unexpected(SceneError{failure.what()});
            lock.lock();
            m_ledger.Release(reserved);
        }
    }
    if (!prepared)
    {
        slot.state = State::Failed;
        m_faults.push_back(std::move(prepared.error()));
        m_planIsStale = true;
    }
    m_progress.notify_all();
}

Result<PreparedMesh> SceneStreamer::Prepare(const StreamItem& item, std::vector<SceneError>& faults) const
{
    SEDX_PROFILE_SCOPE("SceneStreamer::Read");
    try
    {
        Result<Mesh> mesh = item.isTile ? m_source.LoadTile(item.index) : m_source.LoadModel(item.index);
        if (!mesh)
            return tl::unexpected(std::move(mesh.error()));
        const auto lookup = [this, &faults](const std::string& path) { return m_textures.Acquire(path, faults); };
        if (item.isTile)
            return PrepareTile(std::move(*mesh), m_source.Tiles()[item.index], lookup);
        return PrepareModel(std::move(*mesh), item, m_source.Placements(), lookup);
    }
    catch (const std::exception& error) // out of memory, a library that throws
    {
        const std::string& file = item.isTile ? m_source.Tiles()[item.index].file : m_source.Models()[item.index].file;
        return tl::unexpected(SceneError{file + " could not be read: " + error.what()});
    }
}
} // namespace scenery
