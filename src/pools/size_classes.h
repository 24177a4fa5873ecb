// Size classes: four for each doubling (1, 1.25, 1.5, 1.75 times a power of two), so that at most a fifth of a buffer is
// beyond what was asked for. Pure arithmetic.
#pragma once

#include <bit>
#include <cstdint>

namespace sedx
{
inline constexpr uint32_t kSizeClasses = 64 * 4;

// The smallest class whose size is at least `bytes`. 0 < bytes <= 2^63.
constexpr uint32_t SizeClassOf(uint64_t bytes) noexcept
{
    if (bytes <= 4)
        return static_cast<uint32_t>(bytes == 0 ? 0 : bytes - 1);
    const uint32_t exponent = static_cast<uint32_t>(std::bit_width(bytes - 1)) - 1; // 2^e <= bytes - 1 < 2^(e+1)
    const uint64_t quarter = (bytes - 1 - (uint64_t{1} << exponent)) >> (exponent - 2);
    return (exponent - 1) * 4 + static_cast<uint32_t>(quarter);
}

constexpr uint64_t BytesOfClass(uint32_t sizeClass) noexcept
{
    if (sizeClass < 4)
        return sizeClass + 1;
    const uint32_t exponent = sizeClass / 4 + 1;
    return (uint64_t{1} << exponent) + ((uint64_t{sizeClass % 4} + 1) << (exponent - 2));
}
} // namespace sedx
