#include "transfer/packed_writes.h"

#include "base/align.h"
#include "buffer/buffer_resource.h"
#include "buffer/range.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sedx
{
namespace
{
constexpr size_t kPartWrites = 1024;            // some ten microseconds
constexpr uint64_t kMostPartBytes = 256 * 1024; // stays in a core's cache
} // namespace

PackedWrites::PackedWrites(CopyWorkers& workers, std::span<const BufferWrite> writes, uint64_t blockBytes) noexcept
    : m_workers(workers), m_writes(writes), m_mostPartBytes(std::min(blockBytes / 16, kMostPartBytes))
{
}

PackedWrites::Grain PackedWrites::MeasureGrain(size_t first) const noexcept
{
    const BufferResource* const resource = m_writes.front().buffer.Resource();
    Grain grain{.isGood = true};
    for (const BufferWrite& write : m_writes.subspan(first, std::min(kGrain, m_writes.size() - first)))
    {
        const uint64_t bytes = write.bytes.size();
        grain.isGood &= write.buffer.Resource() == resource && bytes <= kMostBytes &&
                        FitsInto(write.offset, bytes, resource->bytes);
        grain.bytes += bytes;
        grain.staging += AlignUp(bytes, kStagingAlignment);
    }
    grain.isGood &= grain.staging <= m_mostPartBytes;
    return grain;
}

bool PackedWrites::Measure()
{
    if (m_writes.size() < kLeast || !m_writes.front().buffer ||
        m_writes.front().buffer.Resource() != m_writes.back().buffer.Resource())
        return false;
    constexpr size_t kGrainsAtOnce = 64;
    std::vector<Grain> grains((m_writes.size() + kGrain - 1) / kGrain);
    m_workers.ForEach((grains.size() + kGrainsAtOnce - 1) / kGrainsAtOnce, [&](size_t part) noexcept {
        for (size_t i = part * kGrainsAtOnce; i < std::min(grains.size(), (part + 1) * kGrainsAtOnce); ++i)
            grains[i] = MeasureGrain(i * kGrain);
    });
    m_parts.reserve(m_writes.size() / kPartWrites + 1);
    Part part;
    for (size_t i = 0; i < grains.size(); ++i)
    {
        if (!grains[i].isGood)
            return false;
        if (i * kGrain - part.first == kPartWrites || part.staging + grains[i].staging > m_mostPartBytes)
        {
            m_parts.push_back(part);
            part = {.first = i * kGrain};
        }
        part.staging += grains[i].staging;
        part.bytes += grains[i].bytes;
        m_bytes += grains[i].bytes;
    }
    m_parts.push_back(part);
    return true;
}

uint64_t PackedWrites::BytesOf(size_t part) const noexcept
{
    return std::max(m_parts[part].staging, kStagingAlignment);
}

size_t PackedWrites::EndOf(const Part& part) const noexcept
{
    return &part == &m_parts.back() ? m_writes.size() : (&part)[1].first;
}

// `next`: where its first copy belongs.
void PackedWrites::FillPart(Part& part, const Slice& slice, CopyOp* next) const noexcept
{
    const CopyOp* const begin = next;
    std::byte* const data = slice.Data();
    WriteShape shape;
    uint64_t used = 0;
    for (const BufferWrite& write : m_writes.subspan(part.first, EndOf(part) - part.first))
    {
        const uint64_t bytes = write.bytes.size();
        if (bytes == 0)
            continue;
        std::memcpy(data + used, write.bytes.data(), bytes);
        const CopyOp op{write.offset, slice.offset + used, bytes, slice.block};
        used += AlignUp(bytes, kStagingAlignment);
        if (next != begin && Continues(next[-1], op))
        {
            next[-1].bytes += bytes;
            shape.NoteLonger(next[-1]);
            continue;
        }
        shape.Note(op);
        *next++ = op;
    }
    part.ops = static_cast<size_t>(next - begin);
    part.shape = shape;
}

PackedWrites::Filled PackedWrites::Fill()
{
    const size_t count = m_slices.size();
    const std::span parts = std::span(m_parts).subspan(m_filled, count);
    const size_t first = parts.front().first;
    Filled filled{std::exchange(m_memory, {}), {}};
    std::vector<CopyOp>& ops = filled.ops;
    ops.resize(EndOf(parts.back()) - first);
    m_workers.ForEach(
        count, [&](size_t i) noexcept { FillPart(parts[i], m_slices[i], ops.data() + (parts[i].first - first)); });
    m_filled += count;
    // Merging leaves gaps between the parts.
    size_t kept = 0;
    for (const Part& part : parts)
    {
        size_t from = part.first - first;
        const size_t end = from + part.ops;
        filled.shape.Note(part.shape);
        if (kept != 0 && from != end && Continues(ops[kept - 1], ops[from]))
        {
            ops[kept - 1].bytes += ops[from++].bytes;
            filled.shape.longest = std::max(filled.shape.longest, ops[kept - 1].bytes);
        }
        if (from != kept)
            std::copy(ops.begin() + static_cast<ptrdiff_t>(from), ops.begin() + static_cast<ptrdiff_t>(end),
                      ops.begin() + static_cast<ptrdiff_t>(kept));
        kept += end - from;
    }
    ops.resize(kept);
    return filled;
}
} // namespace sedx
