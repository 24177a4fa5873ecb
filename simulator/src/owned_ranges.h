// OwnedRanges: which queue family owns which part of a resource. Pure logic.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>

namespace sedx::simulator
{
struct Owner
{
    static constexpr uint32_t kNobody = UINT32_MAX;

    uint32_t family = kNobody;
    uint32_t next = kNobody; // released to this family, which has not acquired it yet

    bool IsReleased() const { return next != kNobody; }
    friend bool operator==(const Owner&, const Owner&) = default;
};

// The parts are bytes of a buffer, or subresources of an image. All of them belong to nobody at first.
class OwnedRanges
{
  public:
    // Calls change(Owner&) for each piece of [begin, end) that has one owner.
    template <class Change>
    void Update(uint64_t begin, uint64_t end, Change change)
    {
        if (begin >= end)
            return;
        const auto first = Split(begin);
        const auto last = Split(end);
        for (auto piece = first; piece != last; ++piece)
            change(piece->second);
        // Neighbours that became alike are one again, or the map would grow for ever.
        auto piece = first == m_begins.begin() ? first : std::prev(first);
        while (piece != last)
        {
            const auto following = std::next(piece);
            if (following == m_begins.end())
                break;
            if (following->second != piece->second)
                piece = following;
            else
            {
                const bool isLast = following == last;
                m_begins.erase(following);
                if (isLast)
                    break;
            }
        }
    }
    // Calls look(const Owner&) for each piece.
    template <class Look>
    void ForEach(Look look) const
    {
        for (const auto& [begin, owner] : m_begins)
            look(owner);
    }
    size_t PieceCount() const { return m_begins.size(); }

  private:
    std::map<uint64_t, Owner>::iterator Split(uint64_t at)
    {
        const auto piece = std::prev(m_begins.upper_bound(at));
        return piece->first == at ? piece : m_begins.emplace(at, piece->second).first;
    }

    std::map<uint64_t, Owner> m_begins{{0, {}}}; // each piece reaches to the next one
};
} // namespace sedx::simulator
