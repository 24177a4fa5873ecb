// RangeSet: which bytes are taken, as ranges that neither touch nor overlap. Pure logic.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

namespace sedx
{
class RangeSet
{
  public:
    bool Overlaps(uint64_t offset, uint64_t bytes) const noexcept
    {
        const auto after = m_ends.lower_bound(offset + bytes); // begins behind the range
        return bytes != 0 && after != m_ends.begin() && std::prev(after)->second > offset;
    }

    // offset + bytes must not overflow.
    void Add(uint64_t offset, uint64_t bytes)
    {
        if (bytes == 0)
            return;
        uint64_t begin = offset;
        uint64_t end = offset + bytes;
        auto next = m_ends.upper_bound(begin);
        if (next != m_ends.begin() && std::prev(next)->second >= begin)
            --next;
        while (next != m_ends.end() && next->first <= end)
        {
            begin = std::min(begin, next->first);
            end = std::max(end, next->second);
            next = m_ends.erase(next);
        }
        m_ends.emplace_hint(next, begin, end);
    }

    // offset + bytes must not overflow.
    void Remove(uint64_t offset, uint64_t bytes)
    {
        const uint64_t end = offset + bytes;
        auto next = m_ends.upper_bound(offset);
        if (next != m_ends.begin() && std::prev(next)->second > offset)
            --next;
        while (bytes != 0 && next != m_ends.end() && next->first < end)
        {
            const auto [begin, rangeEnd] = *next;
            next = m_ends.erase(next);
            if (begin < offset)
                m_ends.emplace(begin, offset);
            if (rangeEnd > end)
                m_ends.emplace(end, rangeEnd);
        }
    }

    // Calls visit(offset, bytes), ascending.
    template <class F>
    void ForEach(const F& visit) const
    {
        for (const auto& [begin, end] : m_ends)
            visit(begin, end - begin);
    }

    size_t Count() const noexcept { return m_ends.size(); }

  private:
    std::map<uint64_t, uint64_t> m_ends; // by begin
};
} // namespace sedx
