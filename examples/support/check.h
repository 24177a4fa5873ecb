// Examples end at the first failure, with its sentence.
#pragma once

#include <sedx/result.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace example
{
inline void Expect(bool holds, const char* what)
{
    if (holds)
        return;
    std::fprintf(stderr, "failed: %s\n", what);
    std::exit(1);
}

inline void Expect(VkResult result, const char* what)
{
    if (result != VK_SUCCESS)
        std::fprintf(stderr, "%s: %s\n", what, sedx::ToString(result));
    Expect(result == VK_SUCCESS, what);
}

// The value of a Result.
template <class T>
T Value(sedx::Result<T> result)
{
    Expect(result.has_value(), result ? "" : result.error().message.c_str());
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}
} // namespace example
