// PackedWrites: many short writes of one call, packed into staging by several threads. The writes are dealt out in parts; each
// part is given a slice of staging in one piece, and one thread at a time fills it.
#pragma once

#include "base/align.h"
#include "base/copy_workers.h"
#include "buffer/block_pool.h"
#include "transfer/copy_op.h"

#include <sedx/upload_queue.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace sedx
{
class PackedWrites
{
  public:
    static constexpr size_t kLeast = 4096;       // fewer writes are not worth waking somebody
    static constexpr uint64_t kMostBytes = 4096; // of one write

    static bool Suits(std::span<const BufferWrite> writes) noexcept
    {
        return writes.size() >= kLeast && std::none_of(writes.begin(), writes.end(), [](const BufferWrite& write) {
                   return write.bytes.size() > kMostBytes;
               });
    }

    // `blockBytes`: of staging; parts are much smaller. `memory`: for the copies, to be used again.
    PackedWrites(CopyWorkers& workers, std::span<const BufferWrite> writes, uint64_t blockBytes,
                 std::vector<CopyOp> memory)
        : m_workers(workers), m_writes(writes), m_memory(std::move(memory))
    {
        const uint64_t mostBytes = std::clamp<uint64_t>(blockBytes / 16, kMostBytes, 256 * 1024);
        m_parts.reserve(writes.size() / kPartWrites + 1);
        Part part;
        for (size_t i = 0; i < writes.size(); ++i)
        {
            const uint64_t bytes = AlignUp(uint64_t{writes[i].bytes.size()}, kStagingAlignment);
            if (i - part.first == kPartWrites || part.bytes + bytes > mostBytes)
            {
                m_parts.push_back(part);
                part = {.first = i};
            }
            part.bytes += bytes;
        }
        m_parts.push_back(part);
    }

    size_t Parts() const noexcept { return m_parts.size(); }
    // Staging that a part needs, aligned to kStagingAlignment.
    uint64_t BytesOf(size_t part) const noexcept { return std::max(m_parts[part].bytes, kStagingAlignment); }
    // The next part, from the first, has a slice.
    void Place(const Slice& slice) { m_slices.push_back(slice); }
    std::span<const Slice> Slices() const noexcept { return m_slices; } // of parts that are not filled

    // Fills the parts that have a slice, and gives the copies away, neighbours merged.
    std::vector<CopyOp> Fill()
    {
        const size_t count = m_slices.size();
        const std::span parts = std::span(m_parts).subspan(m_filled, count);
        const size_t first = parts.front().first;
        const auto endOf = [&](size_t i) {
            const size_t next = m_filled + i + 1;
            return next < m_parts.size() ? m_parts[next].first : m_writes.size();
        };
        std::vector<CopyOp> ops = std::exchange(m_memory, {});
        ops.resize(endOf(count - 1) - first);
        m_workers.ForEach(count, [&](size_t i) noexcept {
            FillPart(parts[i], endOf(i), m_slices[i], ops.data() + (parts[i].first - first));
        });
        // Merging leaves gaps between the parts.
        size_t kept = 0;
        for (const Part& part : parts)
        {
            size_t from = part.first - first;
            const size_t end = from + part.ops;
            if (kept != 0 && from != end && Continues(ops[kept - 1], ops[from]))
                ops[kept - 1].bytes += ops[from++].bytes;
            if (from != kept)
                std::copy(ops.begin() + static_cast<ptrdiff_t>(from), ops.begin() + static_cast<ptrdiff_t>(end),
                          ops.begin() + static_cast<ptrdiff_t>(kept));
            kept += end - from;
        }
        ops.resize(kept);
        m_filled += count;
        return ops;
    }
    // After Fill: their owner has the slices.
    void ForgetSlices() noexcept { m_slices.clear(); }

  private:
    static constexpr size_t kPartWrites = 1024; // some ten microseconds
    struct Part
    {
        size_t first = 0;   // of its writes
        uint64_t bytes = 0; // of staging
        size_t ops = 0;     // once it is filled
    };

    // `end`: of its writes. `next`: where the first copy belongs.
    void FillPart(Part& part, size_t end, const Slice& slice, CopyOp* next) const noexcept
    {
        const CopyOp* const begin = next;
        std::byte* const data = slice.Data();
        uint64_t used = 0;
        for (size_t i = part.first; i < end; ++i)
        {
            const BufferWrite& write = m_writes[i];
            const uint64_t bytes = write.bytes.size();
            if (bytes == 0)
                continue;
            std::memcpy(data + used, write.bytes.data(), bytes);
            const CopyOp op{write.offset, slice.offset + used, bytes, slice.block};
            if (next != begin && Continues(next[-1], op))
                next[-1].bytes += bytes;
            else
                *next++ = op;
            used = AlignUp(used + bytes, kStagingAlignment);
        }
        part.ops = static_cast<size_t>(next - begin);
    }

    CopyWorkers& m_workers;
    std::span<const BufferWrite> m_writes;
    std::vector<CopyOp> m_memory;
    std::vector<Part> m_parts;
    size_t m_filled = 0; // parts
    std::vector<Slice> m_slices;
};
} // namespace sedx
