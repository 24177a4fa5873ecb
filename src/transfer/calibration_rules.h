// What follows from measured costs. Pure logic.
#pragma once

#include <cstdint>
#include <span>

namespace sedx
{
// What one write of this length costs by two ways, in nanoseconds (above 0).
struct CostPair
{
    uint64_t bytes = 0;
    double candidate = 0;
    double other = 0;
};

// Up to which length the candidate is better: 0 for never, `most` for always, a multiple of 4 otherwise. `costs` ascend by
// length. A single figure that is off does not decide: the lengths are chosen that together gain most.
uint64_t CrossoverBytes(std::span<const CostPair> costs, uint64_t most) noexcept;

// What a number of writes costs: fixed + each * number.
struct CostLine
{
    double fixed = 0;
    double each = 0;
};

// From which number on the candidate is better, 1 to `most`.
uint64_t WorthwhileWrites(const CostLine& candidate, const CostLine& other, uint64_t most) noexcept;

// How fast it was with a setting, in any unit.
struct SettingRate
{
    uint64_t setting = 0;
    double rate = 0;
};

// The first setting that reaches `share` of the best rate; `otherwise` if nothing was measured.
uint64_t FirstGoodSetting(std::span<const SettingRate> rates, double share, uint64_t otherwise) noexcept;
} // namespace sedx
