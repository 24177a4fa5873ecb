// Bit masks made of enum classes: enable with SEDX_ENABLE_FLAGS, then use | & ~ and Any().
#pragma once

#include <type_traits>

namespace sedx
{
template <class E>
inline constexpr bool kIsFlags = false;

template <class E>
concept Flags = std::is_enum_v<E> && kIsFlags<E>;

template <Flags E>
constexpr E operator|(E a, E b) noexcept
{
    using U = std::underlying_type_t<E>;
    return static_cast<E>(static_cast<U>(a) | static_cast<U>(b));
}
template <Flags E>
constexpr E operator&(E a, E b) noexcept
{
    using U = std::underlying_type_t<E>;
    return static_cast<E>(static_cast<U>(a) & static_cast<U>(b));
}
template <Flags E>
constexpr E operator~(E a) noexcept
{
    using U = std::underlying_type_t<E>;
    return static_cast<E>(~static_cast<U>(a));
}
template <Flags E>
constexpr E& operator|=(E& a, E b) noexcept
{
    return a = a | b;
}
// True if any bit is set: `if (Any(usage & BufferUsage::Vertex))`.
template <Flags E>
constexpr bool Any(E a) noexcept
{
    return static_cast<std::underlying_type_t<E>>(a) != 0;
}
} // namespace sedx

#define SEDX_ENABLE_FLAGS(E)                                                                                           \
    template <>                                                                                                        \
    inline constexpr bool kIsFlags<E> = true
