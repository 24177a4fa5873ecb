// WriteOrder: writes in the order of where they go, and those of them that lie close together. A key holds a destination
// and the number of its write in one word: sorting moves eight bytes for each write, and looks at no write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sedx
{
struct CopyOp;

// How writes are packed into keys: bits of the destination that differ among the writes, above the number of the write.
// Bits that are the same for all are left out, and the lowest ones if a word has no room for them.
class WriteKeys
{
  public:
    // `varying`: the bits in which destinations differ. `count` writes, 1 to 2^32.
    WriteKeys(uint64_t varying, size_t count) noexcept;

    uint64_t KeyOf(uint64_t destination, size_t number) const noexcept
    {
        return (((destination & m_mask) >> m_low) << m_numberBits) | number;
    }
    size_t NumberOf(uint64_t key) const noexcept
    {
        return static_cast<size_t>(key & ((uint64_t{1} << m_numberBits) - 1));
    }
    // Which of equal steps of the destination the write begins in.
    uint64_t StepOf(uint64_t key) const noexcept { return key >> m_numberBits; }
    // Writes that begin this many steps apart are at least `bytes` apart, one begin from the other.
    uint64_t StepsOf(uint64_t bytes) const noexcept;
    // Whether keys order writes by destination exactly; else only up to a step.
    bool IsExact() const noexcept { return m_isExact; }
    // The bits in which keys differ, without those of the numbers.
    uint64_t Varying() const noexcept { return m_varying; }

  private:
    uint64_t m_varying = 0;
    uint64_t m_mask = 0;       // of the destination
    uint32_t m_low = 0;        // the destination's lowest bit in the key
    uint32_t m_numberBits = 0; // below it
    bool m_isExact = true;
};

// What sorting needs meanwhile; used again, because fresh pages cost more than sorting on them.
struct OrderScratch
{
    std::vector<uint64_t> keys;
    std::vector<uint64_t> sorted;
    std::vector<uint32_t> histogram;
    std::vector<uint32_t> nextHistogram;
};

// Keys of all writes, ascending. Valid until the scratch is used again.
std::span<const uint64_t> OrderByDestination(std::span<const CopyOp> ops, const WriteKeys& keys, OrderScratch& scratch);

// Keys of some writes, dealt out to stretches of the destination. Many writes are ordered by several threads in two rounds:
// each thread deals out a share of the writes, then each orders what all shares have for one stretch.
class KeyHands
{
  public:
    static constexpr size_t kMostStretches = 64;

    // Of the writes from `begin` to, and without, `end`. `borders`: of the stretches, steps, ascending; one more than there are
    // stretches, the first 0 and the last beyond all steps.
    void Deal(std::span<const CopyOp> ops, size_t begin, size_t end, const WriteKeys& keys,
              std::span<const uint64_t> borders);
    std::span<const uint64_t> Of(size_t stretch) const noexcept
    {
        return std::span(m_dealt).subspan(m_begins[stretch], m_begins[stretch + 1] - m_begins[stretch]);
    }

  private:
    std::vector<uint64_t> m_keys;     // in the order of their writes
    std::vector<uint8_t> m_stretches; // of each key
    std::vector<uint64_t> m_dealt;
    std::vector<size_t> m_begins;
};
// Keys that `hands` have for a stretch, ascending. Valid until the scratch is used again.
std::span<const uint64_t> OrderStretch(std::span<const KeyHands> hands, size_t stretch, const WriteKeys& keys,
                                       OrderScratch& scratch);

// Calls visit(begin, end) for each run of two or more keys of which neighbours lie less than `steps` apart: no other
// write can overlap another one, if `steps` are those of the longest.
template <class F>
void ForEachRun(std::span<const uint64_t> order, const WriteKeys& keys, uint64_t steps, const F& visit)
{
    // Close neighbours are few and come at random: they are found without a branch, some at a time, and visited then.
    constexpr size_t kAtOnce = 512;
    size_t close[kAtOnce];
    size_t runBegin = 0;
    size_t runEnd = 0;
    for (size_t begin = 1; begin < order.size(); begin += kAtOnce)
    {
        const size_t end = begin + kAtOnce < order.size() ? begin + kAtOnce : order.size();
        size_t found = 0;
        for (size_t i = begin; i < end; ++i)
        {
            close[found] = i;
            found += keys.StepOf(order[i]) - keys.StepOf(order[i - 1]) < steps ? 1 : 0;
        }
        for (size_t i = 0; i < found; ++i)
        {
            if (close[i] != runEnd)
            {
                if (runEnd != 0)
                    visit(runBegin, runEnd);
                runBegin = close[i] - 1;
            }
            runEnd = close[i] + 1;
        }
    }
    if (runEnd != 0)
        visit(runBegin, runEnd);
}
} // namespace sedx
