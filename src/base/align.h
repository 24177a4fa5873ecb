// Powers of two.
#pragma once

#include <cstdint>

namespace sedx
{
// std::has_single_bit calls a function on processors without a population count.
constexpr bool IsPowerOfTwo(uint64_t value) noexcept { return value != 0 && (value & (value - 1)) == 0; }

inline uint64_t AlignUp(uint64_t value, uint64_t alignment) noexcept // a power of two; the result must fit 64 bits
{
    return (value + alignment - 1) & ~(alignment - 1);
}
} // namespace sedx
