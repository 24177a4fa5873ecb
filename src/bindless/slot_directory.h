// SlotDirectory: which registration has which slot, from many threads. Knows no Vulkan calls: what a slot holds, which frames
// must pass before it is used again, and what changed since the last look.
//
// A thread works in the shard of the buffer it registers; slots belong to a shard, and change it only while they are free.
#pragma once

#include <sedx/export.h>
#include <vulkan/vulkan_core.h>

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sedx
{
// The range of memory that a slot shows.
struct SlotContents
{
    VkBuffer buffer = VK_NULL_HANDLE;
    uint64_t offset = 0; // in the VkBuffer, bytes
    uint64_t bytes = 0;
    VkDeviceAddress address = 0; // at offset
    bool isDeviceLocal = false;
};

struct SlotChange
{
    uint32_t slot = 0;
    uint32_t id = 0; // 0: it became empty
    SlotContents contents;
};

class SlotDirectory
{
  public:
    // Many times the threads that register at once. Each holds the lock of one most of the time, and goes through them in the
    // order of its buffers: who had to wait once runs behind the other from then on, and waits at every lock. Eight threads took
    // 1.6 times as long with 64.
    static constexpr uint32_t kShards = 256;
    static constexpr uint32_t kSlotBits = 20;
    static constexpr uint32_t kSlotMask = (1u << kSlotBits) - 1;
    // Generations go from 1 to this, then around: an ID comes back after so many uses of its slot. No ID is 0 or UINT32_MAX.
    static constexpr uint32_t kGenerations = (1u << (32 - kSlotBits)) - 2;
    static constexpr uint32_t IdOf(uint32_t slot, uint32_t generation) noexcept
    {
        return generation << kSlotBits | slot;
    }

    // The lock of a shard, which calls one after the other keep as long as they need the same. While a thread has one it must not
    // call Update, RemoveAll, Find, IsLive, CompletedBefore, NameOf, Collect or Clear: they lock, too.
    class Hold
    {
      public:
        Hold() = default;

      private:
        friend class SlotDirectory;
        std::unique_lock<std::mutex> lock;
        uint32_t shard = kShards;
    };

    // Slot 0 is left out. 2 <= capacity <= maxSlots <= 2^20. `lastOpened` tells the newest frame that was begun; it is asked with
    // the lock of a shard, so that a frame which saw a slot in Collect is never newer.
    SlotDirectory(uint32_t capacity, uint32_t maxSlots, bool keepsNames, std::function<uint64_t()> lastOpened);
    ~SlotDirectory();

    // `viewOffset`: of the contents in the buffer, for Update. `head`: of the list of slots of this buffer, guarded by the lock
    // of the shard; 0: none. `completed`: frames up to this one have passed. `read()` tells the contents, under the lock of the
    // shard: an Update comes before it or finds the slot. 0: no slot is left.
    template <class Read>
    uint32_t Add(Hold& hold, uint32_t shard, uint32_t& head, uint64_t viewOffset, uint64_t completed,
                 const std::string& name, const Read& read)
    {
        Lock(hold, shard);
        const uint32_t slot = TakeOrRefill(hold, completed);
        return slot != 0 ? Enter(shard, slot, head, read(), viewOffset, completed, name) : 0;
    }
    // The slot is used again when the frames begun so far have passed. False: nothing is registered under this ID.
    bool Remove(Hold& hold, uint32_t id);
    // Hints for the cache, of what Remove will look at: the slot, and later the head of its list, which the slot knows.
    void PrefetchSlot(uint32_t id) const noexcept;
    void PrefetchHead(const Hold& hold, uint32_t id) const noexcept;
    // The buffer behind all slots of a list has other memory, which begins with `whole`.
    void Update(uint32_t shard, const uint32_t& head, const SlotContents& whole);
    void RemoveAll(uint32_t shard, uint32_t& head);
    // Every list ends, and nothing can be added any more. For the end.
    void Clear();

    // Newest slot of the list, as an ID; 0: none.
    uint32_t Find(uint32_t shard, const uint32_t& head) const;
    bool IsLive(uint32_t id) const;
    // `completed` as Add was told it: no frame up to this one knew the registration. UINT64_MAX: nothing lives under the ID.
    uint64_t CompletedBefore(uint32_t id) const;
    // The name of what has the slot now or had it last; empty without names.
    std::string NameOf(uint32_t slot) const;

    // Calls visit(const SlotChange&) for what changed since the last call, each slot once, as it is now.
    template <class Visit>
    void Collect(const Visit& visit)
    {
        const std::lock_guard moves(m_movesMutex);
        for (uint32_t shard = 0; shard < kShards; ++shard)
        {
            Shard& home = m_shards[shard];
            if (!home.hasChanged.load(std::memory_order_acquire))
                continue;
            const std::lock_guard lock(m_shards[shard].mutex);
            for (const uint32_t slot : home.changed)
            {
                // Stolen since, and listed there.
                if (ChunkOf(slot)->shards[slot % kChunk].load(std::memory_order_relaxed) != shard)
                    continue;
                Slot& entry = At(slot);
                entry.isChanged = false;
                visit(SlotChange{slot, entry.head != nullptr ? IdOf(slot, entry.generation) : 0, entry.Contents()});
            }
            home.changed.clear();
            home.hasChanged.store(false, std::memory_order_relaxed);
        }
    }
    bool HasChanges() const noexcept;

    uint32_t Capacity() const noexcept { return m_capacity.load(std::memory_order_acquire); }
    uint32_t MaxSlots() const noexcept { return m_maxSlots; }
    uint32_t Live() const noexcept;
    uint64_t Registrations() const noexcept;
    uint32_t Growths() const noexcept { return m_growths.load(std::memory_order_relaxed); }

  private:
    struct alignas(64) Slot // under the lock of its shard
    {
        VkBuffer buffer = VK_NULL_HANDLE; // these: see SlotContents
        uint64_t offset = 0;
        uint64_t bytes = 0;
        VkDeviceAddress address = 0;
        uint64_t viewOffset = 0;
        uint32_t* head = nullptr; // null: free
        uint32_t previous = 0;    // in the list of its buffer; 0: it is the first
        uint32_t next = 0;
        uint16_t generation = 0;
        bool isDeviceLocal = false;
        bool isChanged = false;

        void Put(const SlotContents& contents) noexcept;
        SlotContents Contents() const noexcept { return {buffer, offset, bytes, address, isDeviceLocal}; }
    };
    static_assert(sizeof(Slot) == 64); // one line of the cache is all that registering touches here
    static_assert(kGenerations <= UINT16_MAX);
    static_assert(kShards <= 256); // Chunk::shards
    struct Free
    {
        uint32_t slot = 0;
        uint64_t frame = 0; // that must have passed
    };
    struct alignas(64) Shard
    {
        std::mutex mutex;        // of what follows
        std::deque<Free> free;   // by frame, ascending
        uint32_t freshBegin = 0; // slots that were never used
        uint32_t freshEnd = 0;
        std::vector<uint32_t> changed;
        std::atomic<bool> hasChanged{false};
        bool isClosed = false;
        std::atomic<uint32_t> live{0};
        std::atomic<uint64_t> registrations{0};
    };
    static constexpr uint32_t kChunk = 256; // slots that are allocated at once
    static constexpr uint32_t kFresh = 64;  // slots that a shard gets at once: neighbours, written in one go
    struct Chunk
    {
        std::array<Slot, kChunk> slots;
        std::array<uint64_t, kChunk> completedBefore{};    // as Add was told it
        std::array<std::atomic<uint8_t>, kChunk> shards{}; // whose they are
        std::unique_ptr<std::array<std::string, kChunk>> names;
    };

    Slot& At(uint32_t slot) const noexcept { return ChunkOf(slot)->slots[slot % kChunk]; }
    Chunk* ChunkOf(uint32_t slot) const noexcept { return m_chunks[slot / kChunk].load(std::memory_order_acquire); }
    void Lock(Hold& hold, uint32_t shard) const;
    // Locks the shard of an ID's slot. False: nothing lives under it.
    bool LockLive(Hold& hold, uint32_t id) const;
    // With the lock of the shard.
    uint32_t TakeSlot(Shard& home, uint64_t completed) noexcept;
    // The lock is released meanwhile if the shard has no slot. 0: nobody has.
    uint32_t TakeOrRefill(Hold& hold, uint64_t completed);
    uint32_t Enter(uint32_t shard, uint32_t slot, uint32_t& head, const SlotContents& contents, uint64_t viewOffset,
                   uint64_t completed, const std::string& name);
    void MarkChanged(Shard& home, uint32_t slot, Slot& entry);
    void Release(Shard& home, uint32_t slot);
    // Without locks. False: there is nothing more.
    bool Refill(uint32_t shard, uint64_t completed);
    bool GiveFresh(uint32_t shard, bool mayGrow);
    bool Steal(uint32_t shard, uint64_t completed);

    const uint32_t m_maxSlots;
    const bool m_keepsNames;
    const std::function<uint64_t()> m_lastOpened;
    std::mutex m_movesMutex; // of Steal and Collect: a change is in one list or in the other. Before those of shards
    mutable std::array<Shard, kShards> m_shards;
    std::vector<std::atomic<Chunk*>> m_chunks;

    std::mutex m_freshMutex; // after that of a shard
    uint32_t m_fresh = 1;    // slots from here on were given to no shard
    std::atomic<uint32_t> m_capacity;
    std::atomic<uint32_t> m_growths{0};
};
} // namespace sedx
