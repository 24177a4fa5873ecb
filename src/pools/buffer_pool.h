// BufferPool: the buffers of one kind, by size class. Thread-safe.
//
//   Acquire ◀── ready (last released first) ◀── the GPU has passed ── waiting (first released first) ◀── Release
//                 └── unused for long: given back
//
// One lock for all classes: nothing is allocated, created or destroyed under it. It is held for a few instructions, except by
// the first request after the GPU has passed something, which moves what waited. A buffer that
// becomes ready counts as fresh, so that its next owner may map and write it in place.
// Order of locks: this one, then that of a buffer.
#pragma once

#include "buffer/buffer_core.h"
#include "pools/entry_list.h"
#include "pools/size_classes.h"
#include "pools/warm_allowance.h"

#include <sedx/buffer_pool_manager.h>

#include <bitset>

namespace sedx::detail
{
struct PoolEntry // one buffer; belongs to its pool, or to the lease
{
    Buffer buffer;
    uint64_t bytes = 0;
    uint32_t sizeClass = 0;
    uint32_t heap = 0; // where it was made
    // Of the last release: what the GPU has to pass (0: nothing), and when it was.
    uint64_t waitFrame = 0;
    uint64_t waitBatch = 0;
    uint64_t usedFrame = 0;
    uint64_t usedNs = 0;
    PoolEntry* previous = nullptr;
    PoolEntry* next = nullptr;
};

class BufferPool
{
  public:
    struct Desc
    {
        BufferPoolKind kind = BufferPoolKind::Staging;
        BufferUsage usage = BufferUsage::None;
        MemoryType memory = MemoryType::CPU;
        uint64_t minBytes = 1;
        std::vector<uint64_t> warmSizes;
        uint32_t warmCount = 0;
        uint64_t cleanupInterval = 0;
        uint64_t maxUnusedFrames = 0;
        uint64_t maxUnusedNs = 0;
    };
    BufferPool(std::shared_ptr<BufferCore> core, Desc desc, std::shared_ptr<WarmAllowance> allowance);
    ~BufferPool();
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;

    BufferCore& Core() const noexcept { return *m_core; }

    // Closed from the beginning. Closing gives back everything that is not leased; what is released later goes at once.
    void Open();
    void Close() noexcept;

    // Whether a request can be served at all.
    Result<void> Check(uint64_t bytes) const;
    // A buffer that is at hand; null: there is none, or the request is the first one of a size with a warm start, or not
    // a valid one.
    PoolEntry* Reuse(uint64_t bytes) noexcept;
    // Whether a buffer that would do waits for the GPU: polling may help.
    bool HasWaitingFor(uint64_t bytes) const noexcept;
    // The request is valid. No lock of the library is held.
    Result<PoolEntry*> Create(uint64_t bytes);
    void Release(PoolEntry* entry) noexcept;
    Result<void> WarmUp(uint64_t bytes, uint32_t count);

    // After a poll. Time is looked at here, frames are in TrimByFrames.
    void Update(uint64_t nowNs) noexcept;
    void TrimByFrames(uint64_t frame) noexcept;
    static constexpr uint32_t kAllHeaps = ~0u;
    uint64_t ReleaseReady(uint32_t heap) noexcept; // returns bytes

    BufferPoolReport Report() noexcept;

  private:
    struct Class
    {
        EntryList<PoolEntry> ready;
        EntryList<PoolEntry> waiting;
    };
    uint32_t ClassOf(uint64_t bytes) const noexcept;
    Result<PoolEntry*> Make(uint32_t sizeClass, uint64_t bytes);
    void AddReady(PoolEntry* entry) noexcept;
    bool TakeWarmStart(uint32_t sizeClass) noexcept;
    void WarmStart(uint32_t sizeClass, uint64_t bytes) noexcept;
    // The following with the lock.
    bool HasPassed(const PoolEntry& entry) const noexcept;
    PoolEntry* TakeReady(uint32_t wanted) noexcept;
    void Promote() noexcept;
    void Disown(PoolEntry& entry) noexcept;
    template <class Expired>
    PoolEntry* Trim(Expired expired) noexcept; // the chain of what is to be deleted after unlocking

    const std::shared_ptr<BufferCore> m_core;
    const Desc m_desc;
    const std::shared_ptr<WarmAllowance> m_allowance;
    const uint64_t m_maxBytes; // the device's limit for a buffer

    mutable std::mutex m_mutex;
    bool m_open = false;
    std::array<Class, kSizeClasses> m_classes;
    std::bitset<kSizeClasses> m_used;      // classes that have had a buffer
    std::bitset<kSizeClasses> m_warmStart; // classes whose first request makes several
    uint64_t m_promotedFrame = 0;          // how far the GPU was at the last promotion
    uint64_t m_promotedBatch = 0;
    uint64_t m_nowNs = 0; // of the last poll
    uint64_t m_trimmedNs = 0;
    uint64_t m_trimmedFrame = 0;
    BufferPoolReport m_report; // kept up to date
};
} // namespace sedx::detail
