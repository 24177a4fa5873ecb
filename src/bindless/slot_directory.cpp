#include "bindless/slot_directory.h"

#include "base/prefetch.h"

#include <algorithm>
#include <utility>

namespace sedx
{
namespace
{
// Written by one thread at a time, read by others.
template <class T>
void Increase(std::atomic<T>& number, T amount) noexcept
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

uint32_t SlotDirectory::TakeSlot(Shard& home, uint64_t completed) noexcept
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
    const std::lock_guard lock(m_shards[shard].mutex);
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
        ChunkOf(slot)->shards[slot % kChunk].store(static_cast<uint8_t>(shard), std::memory_order_release);
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
            const std::lock_guard lock(m_shards[victim].mutex);
            while (stolen.size() < kAtOnce)
            {
                const uint32_t slot = TakeSlot(theirs, completed);
                if (slot == 0)
                    break;
                ChunkOf(slot)->shards[slot % kChunk].store(static_cast<uint8_t>(shard), std::memory_order_release);
                stolen.push_back({slot, 0});
                // The list of the other shard forgets it: see Collect.
                if (std::exchange(At(slot).isChanged, false))
                    changed.push_back(slot);
            }
        }
        if (stolen.empty())
            continue;
        const std::lock_guard lock(m_shards[shard].mutex);
        std::deque<Free>& mine = m_shards[shard].free;
        mine.insert(mine.begin(), stolen.begin(), stolen.end()); // usable now, so they come first
        for (const uint32_t slot : changed)
            MarkChanged(m_shards[shard], slot, At(slot));
        return true;
    }
    return false;
}

bool SlotDirectory::Refill(uint32_t shard, uint64_t completed)
{
    return GiveFresh(shard, false) || Steal(shard, completed) || GiveFresh(shard, true);
}

// ---- registering -----------------------------------------------------------------------------------------------------

void SlotDirectory::MarkChanged(Shard& home, uint32_t slot, Slot& entry)
{
    if (entry.isChanged)
        return;
    entry.isChanged = true;
    if (home.changed.empty())
        home.hasChanged.store(true, std::memory_order_release);
    home.changed.push_back(slot);
}

void SlotDirectory::Slot::Put(const SlotContents& contents) noexcept
{
    buffer = contents.buffer;
    offset = contents.offset;
    bytes = contents.bytes;
    address = contents.address;
    isDeviceLocal = contents.isDeviceLocal;
}

void SlotDirectory::Lock(Hold& hold, uint32_t shard) const
{
    if (hold.shard == shard)
        return;
    hold.lock = {}; // one at a time
    hold.lock = std::unique_lock(m_shards[shard].mutex);
    hold.shard = shard;
}

uint32_t SlotDirectory::TakeOrRefill(Hold& hold, uint64_t completed)
{
    const uint32_t shard = hold.shard;
    Shard& home = m_shards[shard];
    for (;;)
    {
        if (home.isClosed)
            return 0;
        if (const uint32_t slot = TakeSlot(home, completed))
            return slot;
        hold.lock.unlock();
        const bool found = Refill(shard, completed);
        hold.lock.lock();
        if (!found)
            return 0;
    }
}

uint32_t SlotDirectory::Enter(uint32_t shard, uint32_t slot, uint32_t& head, const SlotContents& contents,
                              uint64_t viewOffset, uint64_t completed, const std::string& name)
{
    Shard& home = m_shards[shard];
    Chunk& chunk = *ChunkOf(slot);
    Slot& entry = chunk.slots[slot % kChunk];
    entry.Put(contents);
    entry.viewOffset = viewOffset;
    entry.generation = static_cast<uint16_t>(entry.generation % kGenerations + 1);
    entry.head = &head;
    entry.previous = 0;
    entry.next = head;
    if (head != 0)
        At(head).previous = slot;
    head = slot;
    chunk.completedBefore[slot % kChunk] = completed;
    if (m_keepsNames)
        (*chunk.names)[slot % kChunk] = name;
    MarkChanged(home, slot, entry);
    Increase(home.live, 1u);
    Increase(home.registrations, uint64_t{1});
    return IdOf(slot, entry.generation);
}

bool SlotDirectory::LockLive(Hold& hold, uint32_t id) const
{
    const uint32_t slot = id & kSlotMask;
    if (slot == 0 || slot >= m_maxSlots || ChunkOf(slot) == nullptr)
        return false;
    const std::atomic<uint8_t>& owner = ChunkOf(slot)->shards[slot % kChunk];
    do
        Lock(hold, owner.load(std::memory_order_acquire));
    while (owner.load(std::memory_order_acquire) != hold.shard); // stolen meanwhile
    const Slot& entry = At(slot);
    return entry.head != nullptr && IdOf(slot, entry.generation) == id;
}

void SlotDirectory::Release(Shard& home, uint32_t slot)
{
    Slot& entry = At(slot);
    (entry.previous != 0 ? At(entry.previous).next : *entry.head) = entry.next;
    if (entry.next != 0)
        At(entry.next).previous = entry.previous;
    entry.head = nullptr;
    entry.Put({});
    MarkChanged(home, slot, entry);
    home.free.push_back({slot, m_lastOpened()});
    Increase(home.live, ~0u);
}

bool SlotDirectory::Remove(Hold& hold, uint32_t id)
{
    if (!LockLive(hold, id))
        return false;
    Release(m_shards[hold.shard], id & kSlotMask);
    return true;
}

void SlotDirectory::PrefetchSlot(uint32_t id) const noexcept
{
    const uint32_t slot = id & kSlotMask;
    if (slot < m_maxSlots && ChunkOf(slot) != nullptr)
        Prefetch(&At(slot));
}

void SlotDirectory::PrefetchHead(const Hold& hold, uint32_t id) const noexcept
{
    const uint32_t slot = id & kSlotMask;
    const Chunk* const chunk = slot < m_maxSlots ? ChunkOf(slot) : nullptr;
    if (chunk != nullptr && chunk->shards[slot % kChunk].load(std::memory_order_acquire) == hold.shard)
        Prefetch(chunk->slots[slot % kChunk].head);
}

void SlotDirectory::RemoveAll(uint32_t shard, uint32_t& head)
{
    const std::lock_guard lock(m_shards[shard].mutex);
    while (head != 0)
        Release(m_shards[shard], head);
}

void SlotDirectory::Update(uint32_t shard, const uint32_t& head, const SlotContents& whole)
{
    const std::lock_guard lock(m_shards[shard].mutex);
    for (uint32_t slot = head; slot != 0; slot = At(slot).next)
    {
        Slot& entry = At(slot);
        entry.Put({whole.buffer, whole.offset + entry.viewOffset, entry.bytes,
                   whole.address != 0 ? whole.address + entry.viewOffset : 0, whole.isDeviceLocal});
        MarkChanged(m_shards[shard], slot, entry);
    }
}

void SlotDirectory::Clear()
{
    for (uint32_t shard = 0; shard < kShards; ++shard)
    {
        const std::lock_guard lock(m_shards[shard].mutex);
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
    const std::lock_guard lock(m_shards[shard].mutex);
    return head != 0 ? IdOf(head, At(head).generation) : 0;
}

bool SlotDirectory::IsLive(uint32_t id) const
{
    Hold hold;
    return LockLive(hold, id);
}

uint64_t SlotDirectory::CompletedBefore(uint32_t id) const
{
    Hold hold;
    const uint32_t slot = id & kSlotMask;
    return LockLive(hold, id) ? ChunkOf(slot)->completedBefore[slot % kChunk] : UINT64_MAX;
}

std::string SlotDirectory::NameOf(uint32_t slot) const
{
    Chunk* const chunk = slot < m_maxSlots ? ChunkOf(slot) : nullptr;
    if (chunk == nullptr || !chunk->names)
        return {};
    const std::atomic<uint8_t>& owner = chunk->shards[slot % kChunk];
    for (;;)
    {
        const uint32_t shard = owner.load(std::memory_order_acquire);
        const std::lock_guard lock(m_shards[shard].mutex);
        if (owner.load(std::memory_order_acquire) == shard)
            return (*chunk->names)[slot % kChunk];
    }
}

bool SlotDirectory::HasChanges() const noexcept
{
    return std::any_of(m_shards.begin(), m_shards.end(),
                       [](const Shard& shard) { return shard.hasChanged.load(std::memory_order_acquire); });
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
