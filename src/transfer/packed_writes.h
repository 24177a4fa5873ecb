// PackedWrites: many short writes of one call to one buffer, packed into staging by several threads. The writes are dealt out in
// parts; each part is given a slice of staging in one piece, and one thread at a time fills it.
//
//   Measure ─▶ Place, for each part ─▶ Fill
#pragma once

#include "base/copy_workers.h"
#include "buffer/block_pool.h"
#include "transfer/copy_plan.h"

#include <sedx/upload_queue.h>

#include <span>
#include <vector>

namespace sedx
{
class PackedWrites
{
  public:
    static constexpr size_t kLeast = 4096;       // fewer writes are not worth waking somebody
    static constexpr uint64_t kMostBytes = 4096; // of one write

    // `blockBytes`: of staging; parts are much smaller.
    PackedWrites(CopyWorkers& workers, std::span<const BufferWrite> writes, uint64_t blockBytes) noexcept;

    // False: they do not suit, for being few, long, of several buffers or beyond the end of theirs. Nothing has happened then.
    bool Measure();
    uint64_t Bytes() const noexcept { return m_bytes; } // of all writes

    // Memory for the copies, to be used again; whatever it holds.
    void UseMemory(std::vector<CopyOp> memory) noexcept { m_memory = std::move(memory); }
    size_t Parts() const noexcept { return m_parts.size(); }
    // Staging that a part needs, aligned to kStagingAlignment.
    uint64_t BytesOf(size_t part) const noexcept;
    uint64_t PayloadOf(size_t part) const noexcept { return m_parts[part].bytes; } // of its writes
    // The next part, from the first, has a slice.
    void Place(const Slice& slice) { m_slices.push_back(slice); }
    std::span<const Slice> Slices() const noexcept { return m_slices; } // of parts that are not filled

    struct Filled
    {
        std::vector<CopyOp> ops; // neighbours merged
        WriteShape shape;
    };
    // Fills the parts that have a slice; there is one at least.
    Filled Fill();
    // After Fill: somebody else has the slices.
    void ForgetSlices() noexcept { m_slices.clear(); }

  private:
    // So many writes are measured as one, and belong to one part.
    static constexpr size_t kGrain = 64;
    struct Grain
    {
        uint64_t staging = 0; // bytes
        uint64_t bytes = 0;   // of its writes
        bool isGood = false;
    };
    struct Part
    {
        size_t first = 0; // of its writes
        uint64_t staging = 0;
        uint64_t bytes = 0; // of its writes
        size_t ops = 0;     // once it is filled
        WriteShape shape;
    };
    Grain MeasureGrain(size_t first) const noexcept;
    size_t EndOf(const Part& part) const noexcept;
    void FillPart(Part& part, const Slice& slice, CopyOp* next) const noexcept;

    CopyWorkers& m_workers;
    std::span<const BufferWrite> m_writes;
    const uint64_t m_mostPartBytes;
    uint64_t m_bytes = 0;
    std::vector<CopyOp> m_memory;
    std::vector<Part> m_parts;
    size_t m_filled = 0; // parts
    std::vector<Slice> m_slices;
};
} // namespace sedx
