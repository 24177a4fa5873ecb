#include "bindless/slot_directory.h"

#include <algorithm>
#include <utility>

namespace sedx
{
namespace
{
// Written by one thread at a time, read by others.
template <class T>
void Add(std::atomic<T>& number, T amount) noexcept
{
    number.store(number.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}
} // namespace

SlotDirectory::SlotDirectory(uint32_t capacity, uint32_t maxSlots, bool keepsNames,
                             std::function<uint64_t()> lastOpened)
    : m_maxSlots(maxSlots), m_keepsNames(keepsNames), m_lastOpened(std::move(lastOpened)),
      m_chunks((maxSlots + kChunk - 1) / kChunk), m_capacity(capacity)
{
}

SlotDirectory::~SlotDirectory()
{
    for (const std::atomic<Chunk*>& chunk : m_chunks)
        delete chunk.load();
}

// ---- finding a slot --------------------------------------------------------------------------------------------------

uint32_t SlotDirectory::Take(Shard& home, uint64_t completed) noexcept
{
    if (!home.free.empty() && home.free.front().frame <= completed)
    {
        const uint32_t slot = home.free.front().slot;
        home.free.pop_front();
        return slot;
    }
    return home.freshBegin != home.freshEnd ? home.freshBegin++ : 0;
}

// A share of the slots that nobody ever had. Those of the shard are used up, which may no longer be so.
bool SlotDirectory::GiveFresh(uint32_t shard, bool mayGrow)
{
    const std::lock_guard lock(m_locks[shard]);
    Shard& home = m_shards[shard];
    if (home.freshBegin != home.freshEnd)
        return true;
    const std::lock_guard fresh(m_freshMutex);
    uint32_t capacity = m_capacity.load(std::memory_order_relaxed);
    if (m_fresh == capacity)
    {
        if (!mayGrow || capacity == m_maxSlots)
            return false;
        capacity = capacity > m_maxSlots / 2 ? m_maxSlots : capacity * 2;
        m_capacity.store(capacity, std::memory_order_release);
        m_growths.fetch_add(1, std::memory_order_relaxed);
    }
    home.freshBegin = m_fresh;
    m_fresh = std::min(capacity, (m_fresh / kFresh + 1) * kFresh);
    home.freshEnd = m_fresh;
    for (uint32_t slot = home.freshBegin; slot != home.freshEnd; ++slot)
    {
        std::atomic<Chunk*>& chunk = m_chunks[slot / kChunk];
        if (chunk.load(std::memory_order_relaxed) == nullptr)
        {
            auto made = std::make_unique<Chunk>();
            if (m_keepsNames)
                made->names = std::make_unique<std::array<std::string, kChunk>>();
            chunk.store(made.release(), std::memory_order_release);
        }
        ChunkOf(slot)->shards[slot % kChunk].store(static_cast<uint8_t>(shard), std::memory_order_relaxed);
    }
    return true;
}

// Free slots of another shard. One lock at a time.
bool SlotDirectory::Steal(uint32_t shard, uint64_t completed)
{
    constexpr size_t kAtOnce = 64;
    const std::lock_guard moves(m_movesMutex);
    for (uint32_t step = 1; step < kShards; ++step)
    {
        const uint32_t victim = (shard + step) % kShards;
        Shard& theirs = m_shards[victim];
        std::vector<Free> stolen;
        std::vector<uint32_t> changed;
        {
            const std::lock_guard lock(m_locks[victim]);
            while (stolen.size() < kAtOnce)
            {
                const uint32_t slot = Take(theirs, completed);
                if (slot == 0)
                    break;
                ChunkOf(slot)->shards[slot % kChunk].store(static_cast<uint8_t>(shard), std::memory_order_relaxed);
                stolen.push_back({slot, 0});
                // The list of the other shard forgets it: see Collect.
                if (std::exchange(At(slot).isChanged, false))
                    changed.push_back(slot);
            }
        }
        if (stolen.empty())
            continue;
        const std::lock_guard lock(m_locks[shard]);
        std::deque<Free>& mine = m_shards[shard].free;
        mine.insert(mine.begin(), stolen.begin(), stolen.end()); // usable now, so they come first
        for (const uint32_t slot : changed)
            MarkChanged(m_shards[shard], slot);
        return true;
    }
    return false;
}

bool SlotDirectory::Refill(uint32_t shard, uint64_t completed)
{
    return GiveFresh(shard, false) || Steal(shard, completed) || GiveFresh(shard, true);
}

// ---- registering -----------------------------------------------------------------------------------------------------

void SlotDirectory::MarkChanged(Shard& home, uint32_t slot)
{
    Slot& entry = At(slot);
    if (entry.isChanged)
        return;
    entry.isChanged = true;
    if (home.changed.empty())
        home.hasChanged.store(true, std::memory_order_release);
    home.changed.push_back(slot);
}

uint32_t SlotDirectory::Add(uint32_t shard, uint32_t& head, const SlotContents& contents, uint64_t viewOffset,
                            uint64_t completed, const std::string& name)
{
    Shard& home = m_shards[shard];
    std::unique_lock lock(m_locks[shard]);
    uint32_t slot = Take(home, completed);
    while (slot == 0 || home.isClosed)
    {
        if (home.isClosed)
            return 0;
        lock.unlock();
        if (!Refill(shard, completed))
            return 0;
        lock.lock();
        slot = Take(home, completed);
    }
    Slot& entry = At(slot);
    entry.contents = contents;
    entry.viewOffset = viewOffset;
    entry.completedBefore = completed;
    entry.generation = entry.generation % kGenerations + 1;
    entry.head = &head;
    entry.previous = 0;
    entry.next = head;
    if (head != 0)
        At(head).previous = slot;
    head = slot;
    if (m_keepsNames)
        (*ChunkOf(slot)->names)[slot % kChunk] = name;
    MarkChanged(home, slot);
    sedx::Add(home.live, 1u);
    sedx::Add(home.registrations, uint64_t{1});
    return IdOf(slot, entry.generation);
}

std::unique_lock<std::mutex> SlotDirectory::LockLive(uint32_t id, uint32_t& shard) const
{
    const uint32_t slot = id & kSlotMask;
    if (slot == 0 || slot >= m_maxSlots || ChunkOf(slot) == nullptr)
        return {};
    const std::atomic<uint8_t>& owner = ChunkOf(slot)->shards[slot % kChunk];
    for (;;)
    {
        shard = owner.load(std::memory_order_relaxed);
        std::unique_lock lock(m_locks[shard]);
        if (owner.load(std::memory_order_relaxed) != shard)
            continue; // stolen meanwhile
        const Slot& entry = At(slot);
        if (entry.head == nullptr || IdOf(slot, entry.generation) != id)
            return {};
        return lock;
    }
}

void SlotDirectory::Release(Shard& home, uint32_t slot)
{
    Slot& entry = At(slot);
    (entry.previous != 0 ? At(entry.previous).next : *entry.head) = entry.next;
    if (entry.next != 0)
        At(entry.next).previous = entry.previous;
    entry.head = nullptr;
    entry.contents = {};
    MarkChanged(home, slot);
    home.free.push_back({slot, m_lastOpened()});
    sedx::Add(home.live, ~0u);
}

bool SlotDirectory::Remove(uint32_t id)
{
    uint32_t shard = 0;
    const std::unique_lock lock = LockLive(id, shard);
    if (!lock)
        return false;
    Release(m_shards[shard], id & kSlotMask);
    return true;
}

void SlotDirectory::RemoveAll(uint32_t shard, uint32_t& head)
{
    const std::lock_guard lock(m_locks[shard]);
    while (head != 0)
        Release(m_shards[shard], head);
}

void SlotDirectory::Update(uint32_t shard, const uint32_t& head, const SlotContents& whole)
{
    const std::lock_guard lock(m_locks[shard]);
    for (uint32_t slot = head; slot != 0; slot = At(slot).next)
    {
        Slot& entry = At(slot);
        entry.contents.buffer = whole.buffer;
        entry.contents.offset = whole.offset + entry.viewOffset;
        entry.contents.address = whole.address != 0 ? whole.address + entry.viewOffset : 0;
        entry.contents.isDeviceLocal = whole.isDeviceLocal;
        MarkChanged(m_shards[shard], slot);
    }
}

void SlotDirectory::Clear()
{
    for (uint32_t shard = 0; shard < kShards; ++shard)
    {
        const std::lock_guard lock(m_locks[shard]);
        for (const std::atomic<Chunk*>& chunk : m_chunks)
        {
            if (chunk.load() == nullptr)
                continue;
            for (uint32_t i = 0; i < kChunk; ++i)
                if (chunk.load()->shards[i].load() == shard && chunk.load()->slots[i].head != nullptr)
                {
                    *chunk.load()->slots[i].head = 0;
                    chunk.load()->slots[i].head = nullptr;
                }
        }
        m_shards[shard].live.store(0);
        m_shards[shard].isClosed = true;
    }
}

// ---- looking ---------------------------------------------------------------------------------------------------------

uint32_t SlotDirectory::Find(uint32_t shard, const uint32_t& head) const
{
    const std::lock_guard lock(m_locks[shard]);
    return head != 0 ? IdOf(head, At(head).generation) : 0;
}

bool SlotDirectory::IsLive(uint32_t id) const
{
    uint32_t shard = 0;
    return static_cast<bool>(LockLive(id, shard));
}

uint64_t SlotDirectory::CompletedBefore(uint32_t id) const
{
    uint32_t shard = 0;
    const std::unique_lock lock = LockLive(id, shard);
    return lock ? At(id & kSlotMask).completedBefore : UINT64_MAX;
}

std::string SlotDirectory::NameOf(uint32_t slot) const
{
    Chunk* const chunk = slot < m_maxSlots ? ChunkOf(slot) : nullptr;
    if (chunk == nullptr || !chunk->names)
        return {};
    const std::atomic<uint8_t>& owner = chunk->shards[slot % kChunk];
    for (;;)
    {
        const uint32_t shard = owner.load(std::memory_order_relaxed);
        const std::lock_guard lock(m_locks[shard]);
        if (owner.load(std::memory_order_relaxed) == shard)
            return (*chunk->names)[slot % kChunk];
    }
}

bool SlotDirectory::HasChanges() const noexcept
{
    return std::any_of(m_shards.begin(), m_shards.end(),
                       [](const Shard& shard) { return shard.hasChanged.load(std::memory_order_acquire); });
}

void SlotDirectory::Collect(std::vector<SlotChange>& changes)
{
    const std::lock_guard moves(m_movesMutex);
    for (uint32_t shard = 0; shard < kShards; ++shard)
    {
        Shard& home = m_shards[shard];
        if (!home.hasChanged.load(std::memory_order_acquire))
            continue;
        const std::lock_guard lock(m_locks[shard]);
        changes.reserve(changes.size() + home.changed.size());
        for (const uint32_t slot : home.changed)
        {
            // Stolen since, and listed there.
            if (ChunkOf(slot)->shards[slot % kChunk].load(std::memory_order_relaxed) != shard)
                continue;
            Slot& entry = At(slot);
            entry.isChanged = false;
            changes.push_back({slot, entry.head != nullptr ? IdOf(slot, entry.generation) : 0, entry.contents});
        }
        home.changed.clear();
        home.hasChanged.store(false, std::memory_order_relaxed);
    }
}

uint32_t SlotDirectory::Live() const noexcept
{
    uint32_t live = 0;
    for (const Shard& shard : m_shards)
        live += shard.live.load(std::memory_order_relaxed);
    return live;
}

uint64_t SlotDirectory::Registrations() const noexcept
{
    uint64_t count = 0;
    for (const Shard& shard : m_shards)
        count += shard.registrations.load(std::memory_order_relaxed);
    return count;
}
} // namespace sedx
