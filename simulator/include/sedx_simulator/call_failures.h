// CallFailures: decides which Vulkan calls fail instead of reaching the driver, and says when the device is lost.
//
//     failures.FailCall(7, VK_ERROR_OUT_OF_DEVICE_MEMORY);               // the seventh call from now
//     failures.FailFunction("AllocateMemory", VK_ERROR_OUT_OF_HOST_MEMORY, 2);
//
// It wraps nothing itself: whoever stands between application and driver asks Begin() first, and leaves null behind where
// a call that fails would have made something. Functions are named without "vk". Only those that return a VkResult can
// fail. One FailCall and one FailFunction at a time: the next one takes its place. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <vulkan/vulkan_core.h>

namespace sedx::simulator
{
class CallFailures
{
  public:
    // ---- for tests -------------------------------------------------------------------------------------------------
    // The n-th (from 1) fallible call from now gives `result`. `andAfter`: so do all calls after it; what was submitted
    // has passed before a wait, or a query of a fence or a semaphore, fails in this way.
    void FailCall(uint64_t n, VkResult result, bool andAfter = false);
    // The n-th call of this function from now, and those after it, `times` in all.
    void FailFunction(std::string_view function, VkResult result, uint64_t n = 1, uint64_t times = 1);
    void StopFailing();
    // From now on, for good, every call that can tell so says that the device is lost. What was submitted has passed before.
    // Also happens at the first injected VK_ERROR_DEVICE_LOST.
    void LoseDevice();
    bool IsLost() const;

    uint64_t FallibleCalls() const;
    uint64_t Injected() const;
    std::string LastFailed() const;         // the name of the function that failed last; "" if none did
    void SetTracing(bool on);               // also forgets the trace
    std::vector<std::string> Trace() const; // names of the fallible calls, in order, while tracing

    // ---- for wrappers ----------------------------------------------------------------------------------------------
    // A fallible call begins: the result to give instead of making it, if any.
    std::optional<VkResult> Begin(std::string_view function);
    // Waits for the real devices, if there are any: a lost device runs nothing any more, the real one must not either.
    void SetDrain(std::function<void()> drain);

  private:
    void Drain();

    mutable std::mutex m_mutex;
    uint64_t m_calls = 0;
    bool m_isTracing = false;
    std::vector<std::string> m_trace;
    uint64_t m_callIn = 0; // 0: none
    VkResult m_callResult = VK_SUCCESS;
    bool m_andAfter = false;
    std::string m_function;
    uint64_t m_functionIn = 0;
    uint64_t m_functionTimes = 0;
    VkResult m_functionResult = VK_SUCCESS;
    uint64_t m_injected = 0;
    std::string m_lastFailed;
    bool m_isLost = false;
    std::function<void()> m_drain;
};
} // namespace sedx::simulator
