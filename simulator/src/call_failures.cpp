#include <sedx_simulator/call_failures.h>

#include <array>
#include <utility>

namespace sedx::simulator
{
namespace
{
constexpr std::array<std::string_view, 12> kTellOfLoss = {
    "QueueSubmit",    "QueueSubmit2",       "QueueBindSparse", "QueuePresentKHR", "QueueWaitIdle",
    "DeviceWaitIdle", "WaitForFences",      "GetFenceStatus",  "WaitSemaphores",  "GetSemaphoreCounterValue",
    "GetEventStatus", "GetQueryPoolResults"};

bool CanTellOfLoss(std::string_view function)
{
    for (const std::string_view name : kTellOfLoss)
    {
        if (name == function)
            return true;
    }
    return false;
}

bool WaitsForTheDevice(std::string_view function)
{
    return function == "WaitSemaphores" || function == "GetSemaphoreCounterValue" || function == "WaitForFences" ||
           function == "GetFenceStatus" || function == "QueueWaitIdle" || function == "DeviceWaitIdle";
}
} // namespace

void CallFailures::FailCall(uint64_t n, VkResult result, bool andAfter)
{
    const std::lock_guard lock(m_mutex);
    m_callIn = n;
    m_callResult = result;
    m_andAfter = andAfter;
}

void CallFailures::FailFunction(std::string_view function, VkResult result, uint64_t n, uint64_t times)
{
    const std::lock_guard lock(m_mutex);
    m_function = function;
    m_functionIn = n;
    m_functionTimes = times;
    m_functionResult = result;
}

void CallFailures::StopFailing()
{
    const std::lock_guard lock(m_mutex);
    m_callIn = 0;
    m_functionTimes = 0;
}

void CallFailures::LoseDevice()
{
    {
        const std::lock_guard lock(m_mutex);
        if (std::exchange(m_isLost, true))
            return;
    }
    Drain();
}

bool CallFailures::IsLost() const
{
    const std::lock_guard lock(m_mutex);
    return m_isLost;
}

uint64_t CallFailures::FallibleCalls() const
{
    const std::lock_guard lock(m_mutex);
    return m_calls;
}

uint64_t CallFailures::Injected() const
{
    const std::lock_guard lock(m_mutex);
    return m_injected;
}

std::string CallFailures::LastFailed() const
{
    const std::lock_guard lock(m_mutex);
    return m_lastFailed;
}

void CallFailures::SetTracing(bool on)
{
    const std::lock_guard lock(m_mutex);
    m_isTracing = on;
    m_trace.clear();
}

std::vector<std::string> CallFailures::Trace() const
{
    const std::lock_guard lock(m_mutex);
    return m_trace;
}

std::optional<VkResult> CallFailures::Begin(std::string_view function)
{
    std::unique_lock lock(m_mutex);
    ++m_calls;
    if (m_isTracing)
        m_trace.emplace_back(function);
    std::optional<VkResult> result;
    if (m_callIn != 0 && --m_callIn == 0)
    {
        result = m_callResult;
        m_callIn = m_andAfter ? 1 : 0;
    }
    if (m_functionTimes != 0 && m_function == function)
    {
        if (m_functionIn > 1)
            --m_functionIn;
        else
        {
            --m_functionTimes;
            result = m_functionResult;
        }
    }
    if (result)
    {
        ++m_injected;
        m_lastFailed = function;
        const bool drains = m_andAfter && WaitsForTheDevice(function);
        lock.unlock();
        if (*result == VK_ERROR_DEVICE_LOST)
            LoseDevice();
        else if (drains)
            Drain();
        return result;
    }
    if (m_isLost && CanTellOfLoss(function))
        return VK_ERROR_DEVICE_LOST;
    return std::nullopt;
}

void CallFailures::SetDrain(std::function<void()> drain)
{
    const std::lock_guard lock(m_mutex);
    m_drain = std::move(drain);
}

void CallFailures::Drain()
{
    std::function<void()> drain;
    {
        const std::lock_guard lock(m_mutex);
        drain = m_drain;
    }
    if (drain)
        drain();
}
} // namespace sedx::simulator
