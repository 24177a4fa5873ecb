// BackgroundWrites: the queue of writes with UploadPriority::Background, whose bytes wait to be sent a few in each frame.
//
//   Add ─▶ queued pieces ─Pin─▶ copied into staging ─Settle─▶ those that are still queued join the batch at hand
//
// Queued pieces of a backing never overlap: whatever is written over them later takes their bytes out of the queue. So pieces
// may be sent in any order, and all that counts is the moment at which bytes join a batch, under the engine's mutex.
// A piece stays queued while it is copied: two threads may copy the same one, and the first to settle it sends it.
//
// Its mutex comes after those of the engine and of the buffers; nothing is locked, called back or freed while it is held.
#pragma once

#include "base/align.h"
#include "buffer/block_pool.h"
#include "transfer/copy_plan.h"

#include <condition_variable>
#include <functional>
#include <map>
#include <span>
#include <unordered_map>

namespace sedx
{
// One call of Write or WriteMany, shared by its tickets and the queue. Under the mutex of the queue, except for constants.
struct BackgroundWrite
{
    struct Part // of a backing, which may be gone: only compared
    {
        const Backing* backing = nullptr;
        uint64_t begin = 0; // nothing before it is queued any more
        uint64_t end = 0;
    };
    uint64_t number = 0; // constant; ascending
    uint64_t bytes = 0;  // constant
    uint64_t queuedBytes = 0;
    uint32_t readers = 0; // threads that copy its bytes at this moment
    bool isCancelled = false;
    std::vector<Part> parts;
    size_t firstPart = 0;                // those before it are done
    std::vector<uint64_t> batches;       // that carry its bytes, ascending
    std::unique_ptr<std::byte[]> memory; // SourceLifetime::Copied, while it is needed
    uint64_t memoryBytes = 0;
};

class BackgroundWrites
{
  public:
    explicit BackgroundWrites(uint64_t bytesPerFrame) noexcept : m_bytesPerFrame(bytesPerFrame) {}

    // ---- queueing
    struct Element
    {
        Ref<Backing> backing;
        uint64_t offset = 0;
        std::span<const std::byte> bytes; // stay where they are until nothing of the write is queued or read
    };
    struct Added
    {
        std::shared_ptr<BackgroundWrite> write;
        uint64_t superseded = 0; // bytes of earlier writes, which are not sent any more
    };
    // Elements later in the list win. `memory`: where the bytes lie, if they are the library's own.
    Added Add(std::span<const Element> elements, std::unique_ptr<std::byte[]> memory, uint64_t memoryBytes);

    bool IsEmpty() const noexcept { return m_queuedBytes.load(std::memory_order_relaxed) == 0; }
    uint64_t QueuedBytes() const noexcept { return m_queuedBytes.load(std::memory_order_relaxed); }
    uint64_t QueuedWrites() const noexcept { return m_queuedWrites.load(std::memory_order_relaxed); }
    uint64_t MemoryBytes() const noexcept { return m_memoryBytes.load(std::memory_order_relaxed); }

    // ---- sending
    struct Choice // which queued bytes
    {
        const BackgroundWrite* write = nullptr; // all of a write; else
        const Backing* backing = nullptr;       // a range of a backing; else the oldest writes first
        uint64_t offset = 0;
        uint64_t bytes = 0;
        uint64_t through = ~uint64_t{0}; // writes up to this number
    };
    // What is queued in the range now, and nothing that comes later.
    Choice In(const Backing& backing, uint64_t offset, uint64_t bytes) const noexcept;
    // Staging for chosen bytes, `most` of them at most. 0: none is queued.
    uint64_t StagingFor(const Choice& choice, uint64_t most);
    struct Pinned
    {
        std::shared_ptr<BackgroundWrite> write;
        Ref<Backing> backing;
        uint64_t offset = 0; // in the backing
        uint64_t bytes = 0;
        const std::byte* source = nullptr; // stays readable until Settle
        uint64_t staged = 0;               // in the slice of staging
    };
    // As many chosen bytes as fit into `room` bytes of staging, `most` at most.
    std::vector<Pinned> Pin(const Choice& choice, uint64_t most, uint64_t room);
    // Hands what is still queued of them to `append`, and lets go of all. The engine's mutex is held: `append` adds to the
    // batch of this number. Returns the bytes that join it.
    uint64_t Settle(std::span<const Pinned> pins, const Slice& slice, uint64_t batch,
                    const std::function<void(const Ref<Backing>&, const CopyOp&)>& append);

    // ---- what is not sent after all; each returns bytes
    // Other bytes take this place. The engine's mutex is held: they join its batch.
    uint64_t Supersede(const Backing& backing, uint64_t offset, uint64_t bytes)
    {
        return backing.queued.load(std::memory_order_relaxed) ? DropRange(backing, offset, bytes) : 0;
    }
    // Takes back what is still queued, and returns when nobody reads the source any more.
    uint64_t TakeBack(BackgroundWrite& write, bool asCancelled);
    // Of buffers that nobody has any more.
    uint64_t DropUnreachable();
    void Clear(); // the end; nobody copies any more

    // ---- tickets
    struct Progress
    {
        uint64_t queuedBytes = 0;
        bool isRead = false; // somebody copies from its source at this moment
        bool isCancelled = false;
        std::vector<uint64_t> batches;
    };
    Progress Look(const BackgroundWrite& write) const;
    void WaitForReaders(const BackgroundWrite& write) const;
    // The newest write that is queued for a backing; null if there is none.
    std::shared_ptr<BackgroundWrite> NewestFor(const Backing& backing) const;

    // ---- the cap
    void SetBytesPerFrame(uint64_t bytes) noexcept { m_bytesPerFrame.store(bytes); }
    uint64_t BytesPerFrame() const noexcept { return m_bytesPerFrame.load(); }
    // What may be sent for this frame; 0 if that was asked for it, or for a later one, before.
    uint64_t TakeTurn(uint64_t frame) noexcept;

    // Backings and memory that the queue does not need any more. To be destroyed without a lock.
    struct Gone
    {
        std::vector<Ref<Backing>> backings;
        std::vector<std::unique_ptr<std::byte[]>> memory;
    };
    Gone TakeGone();

  private:
    struct Piece
    {
        uint64_t end = 0;
        std::shared_ptr<BackgroundWrite> write;
        const std::byte* source = nullptr;
    };
    struct Queued
    {
        Ref<Backing> backing;
        std::map<uint64_t, Piece> pieces; // by begin, without overlaps
    };
    // All with the mutex.
    template <class F>
    bool Visit(Queued& queued, uint64_t begin, uint64_t end, const F& visit);
    template <class F>
    bool Visit(BackgroundWrite& write, const F& visit);
    template <class F>
    void Visit(const Choice& choice, const F& visit);
    template <class F>
    uint64_t Cut(const Backing* backing, uint64_t begin, uint64_t end, const BackgroundWrite* only, const F& visit);
    uint64_t Cut(const Backing* backing, uint64_t begin, uint64_t end, const BackgroundWrite* only = nullptr);
    uint64_t DropRange(const Backing& backing, uint64_t offset, uint64_t bytes);
    void LetGoOfMemory(BackgroundWrite& write);

    mutable std::mutex m_mutex;
    mutable std::condition_variable m_read; // the last reader of a write has left
    std::unordered_map<const Backing*, Queued> m_queued;
    std::map<uint64_t, std::shared_ptr<BackgroundWrite>> m_writes; // with queued bytes, by number
    uint64_t m_lastNumber = 0;
    uint64_t m_lastTurn = 0; // a frame
    Gone m_gone;
    std::atomic<bool> m_hasGone{false};
    std::atomic<uint64_t> m_bytesPerFrame;
    std::atomic<uint64_t> m_queuedBytes{0};
    std::atomic<uint64_t> m_queuedWrites{0};
    std::atomic<uint64_t> m_memoryBytes{0};
};
} // namespace sedx
