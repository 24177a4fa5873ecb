#include "support/update_list.h"

#include "support/context.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>

namespace bench
{
namespace
{
constexpr size_t kOneIn = 20; // overlaps an earlier update
}

UpdateList::UpdateList(const UpdateShape& shape, Random& random)
    : m_bytes(shape.bytes), m_offsets(shape.count), m_payload(shape.count * shape.bytes)
{
    const uint64_t stretch = (shape.end - shape.begin) / shape.count / shape.alignment * shape.alignment;
    Require(shape.bytes <= stretch && shape.bytes % sizeof(uint32_t) == 0, "updates that do not fit into their range");
    std::vector<uint64_t> stretches(shape.count);
    std::iota(stretches.begin(), stretches.end(), uint64_t{0});
    Shuffle(stretches, random);
    const auto aligned = [&](uint64_t upTo) { // 0 .. upTo
        return Below(random, upTo / shape.alignment + 1) * shape.alignment;
    };
    for (size_t i = 0; i < shape.count; ++i)
    {
        m_offsets[i] = shape.begin + stretches[i] * stretch + aligned(stretch - shape.bytes);
        if (i % kOneIn == kOneIn - 1)
            m_offsets[i] =
                std::min(m_offsets[Below(random, i)] + aligned(shape.bytes - shape.alignment), shape.end - shape.bytes);
    }
    Refresh(0);
}

void UpdateList::Refresh(uint64_t generation)
{
    auto word = static_cast<uint32_t>(generation * 2'654'435'761u + 1);
    for (size_t at = 0; at < m_payload.size(); at += sizeof word)
    {
        word = word * 1'664'525u + 1'013'904'223u;
        std::memcpy(m_payload.data() + at, &word, sizeof word);
    }
}

void UpdateList::ApplyTo(std::span<std::byte> contents) const
{
    for (size_t i = 0; i < Count(); ++i)
        std::ranges::copy(Bytes(i), contents.begin() + static_cast<std::ptrdiff_t>(m_offsets[i]));
}

std::vector<sedx::BufferWrite> UpdateList::Writes(const sedx::Buffer& buffer) const
{
    std::vector<sedx::BufferWrite> writes;
    for (size_t i = 0; i < Count(); ++i)
        writes.push_back({buffer, m_offsets[i], Bytes(i)});
    return writes;
}

std::vector<VkBufferCopy2> UpdateList::Regions() const
{
    // From the newest to the oldest: what no newer one has covered.
    std::vector<VkBufferCopy2> regions;
    std::map<uint64_t, uint64_t> covered; // begin, end; apart from each other
    for (size_t i = Count(); i-- > 0;)
    {
        const uint64_t begin = m_offsets[i];
        const uint64_t end = begin + m_bytes;
        uint64_t at = begin;
        auto next = covered.upper_bound(begin);
        if (next != covered.begin() && std::prev(next)->second > begin)
            at = std::prev(next)->second;
        while (at < end)
        {
            const uint64_t until = next == covered.end() ? end : std::min(end, next->first);
            if (at < until)
            {
                regions.push_back(
                    {VK_STRUCTURE_TYPE_BUFFER_COPY_2, nullptr, i * m_bytes + (at - begin), at, until - at});
                covered.insert_or_assign(at, until);
            }
            if (next == covered.end() || next->first >= end)
                break;
            at = next->second;
            ++next;
        }
    }
    return regions;
}
} // namespace bench
