// Prefetch: brings a line of memory into the cache that will be read and written soon. A hint: the address need not be good.
#pragma once

namespace sedx
{
inline void Prefetch([[maybe_unused]] const void* address) noexcept
{
#if defined(__GNUC__) || defined(__clang__)
    __builtin_prefetch(address, 1);
#endif
}
} // namespace sedx
