// Rounding up to powers of two.
#pragma once

#include <cstdint>

namespace sedx
{
inline uint64_t AlignUp(uint64_t value, uint64_t alignment) noexcept // a power of two; the result must fit 64 bits
{
    return (value + alignment - 1) & ~(alignment - 1);
}
} // namespace sedx
