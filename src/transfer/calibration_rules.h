// What follows from measured costs. Pure logic.
#pragma once

#include <cstdint>
#include <span>

namespace sedx
{
// What the same work costs by two ways, in nanoseconds (above 0), at a length in bytes or a number of writes.
struct CostPair
{
    uint64_t at = 0;
    double candidate = 0;
    double other = 0;
};

// Up to where the candidate is better: 0 for never, `most` for always. `costs` ascend. A single figure that is off does not
// decide: the part is chosen in which the candidate gains most altogether.
uint64_t CrossoverOf(std::span<const CostPair> costs, uint64_t most) noexcept;

// How fast it was with a setting, in any unit.
struct SettingRate
{
    uint64_t setting = 0;
    double rate = 0;
};

// The first setting that reaches `share` of the best rate; `otherwise` if nothing was measured.
uint64_t FirstGoodSetting(std::span<const SettingRate> rates, double share, uint64_t otherwise) noexcept;
} // namespace sedx
