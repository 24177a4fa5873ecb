// CutWrites: writes of one call on their way into staging. First all of them are given their places, then the bytes are
// copied: together, so that threads can share the work. Many that are all short are packed instead (packed_writes.h).
#pragma once

#include "base/copy_workers.h"
#include "buffer/block_pool.h"
#include "transfer/copy_op.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace sedx
{
class CutWrites
{
  public:
    // `count`: of writes that are expected.
    CutWrites(CopyWorkers& workers, size_t count) : m_workers(workers)
    {
        m_ops.reserve(count);
        m_sources.reserve(count);
    }

    // A further slice, and what is to be copied into one of them. The source stays until Fill.
    void Add(const Slice& slice) { m_slices.push_back(slice); }
    void Add(const CopyOp& op, const std::byte* source)
    {
        m_ops.push_back(op);
        m_sources.push_back(source);
    }

    bool IsEmpty() const noexcept { return m_slices.empty(); }
    std::span<const Slice> Slices() const noexcept { return m_slices; }

    struct Mark
    {
        size_t ops = 0;
        size_t slices = 0;
    };
    Mark End() const noexcept { return {m_ops.size(), m_slices.size()}; }
    // Forgets what was added after `mark`, and returns its slices.
    std::vector<Slice> TakeFrom(const Mark& mark)
    {
        std::vector<Slice> slices(m_slices.begin() + static_cast<ptrdiff_t>(mark.slices), m_slices.end());
        m_slices.resize(mark.slices);
        m_ops.resize(mark.ops);
        m_sources.resize(mark.ops);
        return slices;
    }

    // Copies the bytes, and gives the copies away, neighbours merged.
    std::vector<CopyOp> Fill()
    {
        const size_t count = m_ops.size();
        if (count < kParts * kPart)
            for (size_t i = 0; i < count; ++i)
                m_workers.Copy(Target(i), m_sources[i], m_ops[i].bytes);
        else
            m_workers.ForEach((count + kPart - 1) / kPart, [&](size_t part) noexcept {
                for (size_t i = part * kPart; i < std::min(count, (part + 1) * kPart); ++i)
                    std::memcpy(Target(i), m_sources[i], m_ops[i].bytes);
            });
        m_sources.clear();
        MergeContinued(m_ops);
        return std::exchange(m_ops, {});
    }
    void Clear() noexcept { m_slices.clear(); }

  private:
    static constexpr size_t kPart = 1024; // of writes: some ten microseconds at least
    static constexpr size_t kParts = 4;   // fewer are not worth waking somebody

    std::byte* Target(size_t i) const noexcept { return m_ops[i].block->backing->memory.mapped + m_ops[i].source; }

    CopyWorkers& m_workers;
    std::vector<CopyOp> m_ops;
    std::vector<const std::byte*> m_sources; // of each
    std::vector<Slice> m_slices;
};
} // namespace sedx
