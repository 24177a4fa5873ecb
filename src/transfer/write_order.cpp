#include "transfer/write_order.h"

#include "transfer/copy_plan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <utility>

namespace sedx
{
namespace
{
// Fewer keys are sorted by comparison.
constexpr size_t kRadixLeast = 256;
// From here on fewer passes are worth more than small histograms.
constexpr size_t kWideLeast = 4096;

// The first `count` keys of the scratch.
std::span<const uint64_t> SortKeys(uint64_t varying, size_t count, OrderScratch& scratch)
{
    uint64_t* from = scratch.keys.data();
    if (count < kRadixLeast || varying == 0)
    {
        std::sort(from, from + count);
        return {from, count};
    }
    // Digits from the lowest to the highest, without those that are the same in all keys.
    const auto lowest = static_cast<uint32_t>(std::countr_zero(varying));
    const auto bits = static_cast<uint32_t>(std::bit_width(varying)) - lowest;
    const uint32_t widest = count < kWideLeast ? 8 : 12;
    const uint32_t digits = (bits + widest - 1) / widest;
    const uint32_t digitBits = (bits + digits - 1) / digits;
    const uint64_t mask = (uint64_t{1} << digitBits) - 1;
    std::array<uint32_t, 64> shifts;
    size_t passes = 0;
    for (uint32_t shift = lowest; shift < lowest + bits; shift += digitBits)
        if (((varying >> shift) & mask) != 0)
            shifts[passes++] = shift;

    if (scratch.sorted.size() < count)
        scratch.sorted.resize(count);
    uint64_t* to = scratch.sorted.data();
    scratch.histogram.assign(mask + 1, 0);
    for (size_t i = 0; i < count; ++i)
        ++scratch.histogram[(from[i] >> shifts[0]) & mask];
    for (size_t pass = 0; pass < passes; ++pass)
    {
        // A pass sorts by one digit, and counts the next one.
        const uint32_t shift = shifts[pass];
        const uint32_t nextShift = shifts[std::min(pass + 1, passes - 1)];
        scratch.nextHistogram.assign(mask + 1, 0);
        uint32_t* const places = scratch.histogram.data();
        uint32_t* const nextHistogram = scratch.nextHistogram.data();
        std::exclusive_scan(places, places + mask + 1, places, 0u);
        for (size_t i = 0; i < count; ++i)
        {
            const uint64_t key = from[i];
            ++nextHistogram[(key >> nextShift) & mask];
            to[places[(key >> shift) & mask]++] = key;
        }
        scratch.histogram.swap(scratch.nextHistogram);
        std::swap(from, to);
    }
    return {from, count};
}
} // namespace

WriteKeys::WriteKeys(uint64_t varying, size_t count) noexcept
    : m_numberBits(static_cast<uint32_t>(std::bit_width(uint64_t{count - 1})))
{
    if (varying == 0)
        return;
    const auto high = static_cast<uint32_t>(std::bit_width(varying));
    m_low = static_cast<uint32_t>(std::countr_zero(varying));
    const uint32_t room = 64 - m_numberBits;
    if (high - m_low > room)
    {
        m_low = high - room;
        m_isExact = false;
    }
    m_mask = ~uint64_t{0} >> (64 - high);
    m_varying = (varying >> m_low) << m_numberBits;
}

uint64_t WriteKeys::StepsOf(uint64_t bytes) const noexcept
{
    // Two writes of neighbouring steps may be as close as one byte, if steps have an inside.
    const uint64_t most = bytes + (m_isExact ? 0 : (uint64_t{1} << m_low) - 1);
    return most == 0 ? 0 : ((most - 1) >> m_low) + 1;
}

std::span<const uint64_t> OrderByDestination(std::span<const CopyOp> ops, const WriteKeys& keys, OrderScratch& scratch)
{
    if (scratch.keys.size() < ops.size())
        scratch.keys.resize(ops.size());
    const WriteKeys local = keys; // nothing that is written here can change it
    for (size_t i = 0; i < ops.size(); ++i)
        scratch.keys[i] = local.KeyOf(ops[i].destination, i);
    return SortKeys(keys.Varying(), ops.size(), scratch);
}

void KeyHands::Deal(std::span<const CopyOp> ops, size_t begin, size_t end, const WriteKeys& keys,
                    std::span<const uint64_t> borders)
{
    const size_t count = end - begin;
    const size_t stretches = borders.size() - 1;
    if (m_keys.size() < count)
    {
        m_keys.resize(count);
        m_stretches.resize(count);
        m_dealt.resize(count);
    }
    std::array<size_t, kMostStretches + 1> places{};
    const WriteKeys local = keys; // nothing that is written here can change it
    for (size_t i = 0; i < count; ++i)
    {
        const uint64_t key = local.KeyOf(ops[begin + i].destination, begin + i);
        const uint64_t step = local.StepOf(key);
        uint8_t stretch = 0;
        for (size_t border = 1; border < stretches; ++border)
            stretch = static_cast<uint8_t>(stretch + (step >= borders[border] ? 1 : 0));
        m_keys[i] = key;
        m_stretches[i] = stretch;
        ++places[stretch + 1];
    }
    std::partial_sum(places.begin(), places.end(), places.begin());
    m_begins.assign(places.begin(), places.begin() + static_cast<ptrdiff_t>(stretches) + 1);
    for (size_t i = 0; i < count; ++i)
        m_dealt[places[m_stretches[i]]++] = m_keys[i];
}

std::span<const uint64_t> OrderStretch(std::span<const KeyHands> hands, size_t stretch, const WriteKeys& keys,
                                       OrderScratch& scratch)
{
    size_t count = 0;
    for (const KeyHands& hand : hands)
        count += hand.Of(stretch).size();
    if (scratch.keys.size() < count)
        scratch.keys.resize(count);
    auto next = scratch.keys.begin();
    for (const KeyHands& hand : hands)
        next = std::copy(hand.Of(stretch).begin(), hand.Of(stretch).end(), next);
    return SortKeys(keys.Varying(), count, scratch);
}
} // namespace sedx
