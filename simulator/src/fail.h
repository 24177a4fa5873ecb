// Making errors of the simulator: one sentence each.
#pragma once

#include <sedx/result.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sedx::simulator
{
template <class... Args>
tl::unexpected<Error> Fail(ErrorCode code, fmt::format_string<Args...> text, Args&&... args)
{
    return tl::unexpected<Error>(Error{code, VK_SUCCESS, fmt::format(text, std::forward<Args>(args)...)});
}
} // namespace sedx::simulator
