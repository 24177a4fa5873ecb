// How the application gives up: a Failure carries one sentence up to main, which prints it and returns its exit status.
// Faults of a single tile, model or picture are no failures: they are collected (see SceneStreamer) and the rest goes on.
#pragma once

#include <sedx/result.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace scenery
{
enum class ExitStatus : int
{
    Success = 0,
    Failed = 1,   // the run could not go on, or validation or verification found something
    BadInput = 2, // options or scenery that cannot be used at all
    Faults = 3,   // parts of the scenery were left out, the rest was drawn
};

class Failure : public std::runtime_error
{
  public:
    explicit Failure(const std::string& sentence, ExitStatus status = ExitStatus::Failed)
        : std::runtime_error(sentence), m_status(status)
    {
    }
    ExitStatus Status() const noexcept { return m_status; }

  private:
    ExitStatus m_status;
};

// The value of a result, or a Failure that starts with `what`.
template <class T>
T Require(sedx::Result<T> result, std::string_view what)
{
    if (!result)
        throw Failure(std::string(what) + ": " + result.error().message);
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

inline void RequireVk(VkResult result, std::string_view what)
{
    if (result != VK_SUCCESS)
        throw Failure(std::string(what) + ": " + sedx::ToString(result));
}
} // namespace scenery
