// WriteLanes: short writes, collected without a lock that threads share. Each thread has a lane with staging of its own; the
// transfer engine collects what lanes hold when a batch goes out, or when something must come after it.
//
//   thread ─Write─▶ its lane ─Collect / EndBatch─▶ the batch at hand (transfer_engine.h)
//
// Order: writes of a lane stand in call order. Of two lanes that write the same buffer in one batch, the first keeps its
// order alone until the second comes; from then on each write to that buffer has a stamp (base/stamps.h). Whatever has none
// came before everything that has one, or at the same time.
//
// Locks: a lane's (of the core, see LaneLocks), then that of the staging pool. Never the mutex of a buffer: what replaces a
// backing waits for lanes.
#pragma once

#include "base/stamps.h"
#include "buffer/block_pool.h"
#include "transfer/copy_op.h"

#include <span>

namespace sedx
{
// Writes of a lane that follow each other and go into the same backing.
struct LaneRun
{
    static constexpr uint32_t kUnstamped = ~uint32_t{0};
    Backing* backing = nullptr;       // one of the lanes of its batch refers to it
    uint32_t firstOp = 0;             // of LaneContents::ops; the run ends where the next one begins
    uint32_t firstStamp = kUnstamped; // of LaneContents::stamps, one for each write
};

// What a lane holds. Memory of the vectors goes round between lanes and the engine.
struct LaneContents
{
    std::vector<CopyOp> ops; // neighbours that continue each other are one, unless they are stamped
    std::vector<LaneRun> runs;
    std::vector<uint64_t> stamps;      // ascending
    std::vector<Slice> chunks;         // each counts as one slice of its block
    std::vector<Ref<Backing>> touched; // that this lane wrote first in the batch
    std::span<const CopyOp> OpsOf(size_t run) const noexcept;
    std::span<const uint64_t> StampsOf(size_t run) const noexcept; // empty: the run is not stamped
    void Clear() noexcept;
};

class WriteLanes
{
  public:
    static constexpr uint64_t kMostBytes = 4096; // of one write; longer ones are split, and copied by several threads

    WriteLanes(BufferCore& core, BlockPool& staging);
    WriteLanes(const WriteLanes&) = delete;
    WriteLanes& operator=(const WriteLanes&) = delete;

    // Copies 1 to kMostBytes bytes and answers with the number of the batch that will carry them. 0: nothing happened, and
    // another way must be taken: there is no lane for this thread, the staging block at hand is full, background writes to the
    // buffer are queued, or the buffer is idle and mappable and so to be written in place (device memory up to
    // `directMaxBytes`). Any thread.
    uint64_t Write(BufferResource& resource, uint64_t offset, std::span<const std::byte> bytes,
                   uint64_t directMaxBytes);

    // Whether there is something to collect. Sees every write that happened before.
    bool HasWrites() const noexcept { return m_filled.load(std::memory_order_acquire) != 0; }

    // Moves what lanes hold into `contents`, which grows as needed; answers how many of them were filled. One thread at a time.
    size_t Collect(std::vector<LaneContents>& contents);
    // The same at the end of a batch: every write gets into it, or is one of `nextBatch`.
    size_t EndBatch(std::vector<LaneContents>& contents, uint64_t nextBatch);

    // Since the beginning.
    struct Totals
    {
        uint64_t writes = 0;
        uint64_t bytes = 0;
    };
    Totals Count() const noexcept;

  private:
    struct alignas(64) Lane // under its lock, except for the counters
    {
        LaneContents contents;
        uint64_t used = 0;       // bytes of the last chunk
        uint64_t chunkBytes = 0; // of the next one
        // Written by the thread of the lane only.
        std::atomic<uint64_t> writes{0};
        std::atomic<uint64_t> bytes{0};
    };
    bool IsInPlace(const Backing& backing, uint64_t bytes, uint64_t directMaxBytes) const noexcept;
    static uint64_t Room(const Lane& lane) noexcept;
    bool MakeRoom(Lane& lane, uint64_t bytes);
    // Answers whether the write needs a stamp.
    bool Touch(Lane& lane, uint32_t index, Backing& backing, uint64_t batch);
    void Add(LaneContents& contents, Backing& backing, const CopyOp& op, bool isStamped);
    size_t TakeAll(std::vector<LaneContents>& contents, uint64_t batch);
    void TakeContents(uint32_t index, LaneContents& into);

    BufferCore& m_core;
    BlockPool& m_staging;
    Stamps m_stamps;
    const uint64_t m_mostChunkBytes;
    std::atomic<uint64_t> m_batch{1};  // changes with all lanes locked
    std::atomic<uint64_t> m_filled{0}; // a bit for each lane with contents
    std::array<Lane, kThreadSlots> m_lanes;
};
} // namespace sedx
