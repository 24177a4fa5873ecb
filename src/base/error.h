// Making errors: one place that turns VkResults into error codes.
#pragma once

#include <sedx/result.h>

#include <fmt/format.h>

namespace sedx
{
ErrorCode CodeOf(VkResult result) noexcept;

template <class... Args>
tl::unexpected<Error> Fail(ErrorCode code, fmt::format_string<Args...> text, Args&&... args)
{
    return tl::unexpected<Error>(Error{code, VK_SUCCESS, fmt::format(text, std::forward<Args>(args)...)});
}

// `text` says what was being done, for instance "creating buffer 'rock' (64 bytes)".
template <class... Args>
tl::unexpected<Error> FailVk(VkResult result, fmt::format_string<Args...> text, Args&&... args)
{
    return tl::unexpected<Error>(Error{
        CodeOf(result), result, fmt::format("{} failed with {}", fmt::format(text, std::forward<Args>(args)...), ToString(result))});
}

// Passes the error of another Result on.
template <class T>
tl::unexpected<Error> Forward(Result<T>& failed)
{
    return tl::unexpected<Error>(std::move(failed.error()));
}
} // namespace sedx
