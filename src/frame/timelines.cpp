#include "frame/timelines.h"

#include <sedx/log.h>

#include <algorithm>
#include <chrono>

namespace sedx
{
namespace
{
using Clock = std::chrono::steady_clock;
// How long the thread that waits in the driver does so at once: the others notice their own points after this at most.
constexpr uint64_t kSliceNs = 1'000'000;
// A wait this long has most likely no end.
constexpr uint64_t kWarningNs = 5'000'000'000;
} // namespace

const char* ToString(WaitCause cause) noexcept
{
    switch (cause)
    {
    case WaitCause::Pacing: return "pacing";
    case WaitCause::BackPressure: return "back-pressure";
    case WaitCause::Upload: return "requested upload";
    case WaitCause::Readback: return "requested read-back";
    case WaitCause::Shutdown: return "shutdown";
    case WaitCause::Import: return "imported memory";
    case WaitCause::Calibration: return "calibration";
    case WaitCause::Count: break;
    }
    return "unknown WaitCause";
}

Result<std::unique_ptr<Timelines>> Timelines::Create(std::shared_ptr<DeviceState> device)
{
    std::unique_ptr<Timelines> timelines(new Timelines(std::move(device)));
    DeviceState& state = *timelines->m_device;
    timelines->m_queueCount = static_cast<uint32_t>(state.queues.size());
    const auto create = [&](uint32_t index, const std::string& name) {
        VkSemaphoreTypeCreateInfo type{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO};
        type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
        VkSemaphoreCreateInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO};
        info.pNext = &type;
        VkSemaphore& semaphore = timelines->m_lines[index].semaphore;
        const VkResult result = state.Check(state.vk.CreateSemaphore(state.device, &info, nullptr, &semaphore));
        if (result != VK_SUCCESS)
            semaphore = VK_NULL_HANDLE;
        else
            state.SetName(VK_OBJECT_TYPE_SEMAPHORE, reinterpret_cast<uint64_t>(semaphore), name.c_str());
        return result;
    };
    for (uint32_t i = 0; i < timelines->m_queueCount; ++i)
        if (const VkResult result = create(i, fmt::format("sedx frames on queue {}", i)); result != VK_SUCCESS)
            return FailVk(result, "creating the timeline of queue {}", i);
    if (const VkResult result = create(kTransferTimeline, "sedx transfers"); result != VK_SUCCESS)
        return FailVk(result, "creating the timeline of transfers");
    return timelines;
}

Timelines::~Timelines()
{
    for (const Line& line : m_lines)
        if (line.semaphore != VK_NULL_HANDLE)
            m_device->vk.DestroySemaphore(m_device->device, line.semaphore, nullptr);
}

void Timelines::Poll() noexcept
{
    for (Line& line : m_lines)
    {
        uint64_t known = line.completed.load();
        if (line.semaphore == VK_NULL_HANDLE || known >= line.handed.load())
            continue;
        uint64_t value = 0;
        if (m_device->Check(m_device->vk.GetSemaphoreCounterValue(m_device->device, line.semaphore, &value)) !=
            VK_SUCCESS)
            continue;
        while (known < value && !line.completed.compare_exchange_weak(known, value))
        {
        }
    }
}

bool Timelines::AllPassed(std::span<const TimelinePoint> points) const noexcept
{
    return std::all_of(points.begin(), points.end(), [this](TimelinePoint point) { return HasPassed(point); });
}

VkResult Timelines::WaitInDriver(std::span<const TimelinePoint> points, uint64_t timeoutNs) noexcept
{
    std::array<VkSemaphore, kMaxQueues + 1> semaphores{};
    std::array<uint64_t, kMaxQueues + 1> values{};
    uint32_t count = 0;
    for (const TimelinePoint point : points)
    {
        if (HasPassed(point))
            continue;
        semaphores[count] = Semaphore(point.queue);
        values[count++] = point.value;
    }
    VkSemaphoreWaitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO};
    info.semaphoreCount = count;
    info.pSemaphores = semaphores.data();
    info.pValues = values.data();
    return count != 0 ? m_device->Check(m_device->vk.WaitSemaphores(m_device->device, &info, timeoutNs)) : VK_SUCCESS;
}

VkResult Timelines::Wait(std::span<const TimelinePoint> points, uint64_t timeoutNs, WaitCause cause) noexcept
{
    Poll();
    if (AllPassed(points))
        return VK_SUCCESS;
    if (m_device->IsLost())
        return VK_ERROR_DEVICE_LOST;
    if (timeoutNs == 0)
        return VK_TIMEOUT;

    const Clock::time_point begin = Clock::now();
    const auto elapsed = [&] {
        return static_cast<uint64_t>(
            std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count());
    };
    VkResult result = VK_SUCCESS;
    uint64_t nextWarning = kWarningNs;
    std::unique_lock lock(m_waitMutex);
    while (!AllPassed(points))
    {
        const uint64_t waited = elapsed();
        if (m_device->IsLost())
        {
            result = VK_ERROR_DEVICE_LOST;
            break;
        }
        if (waited >= timeoutNs)
        {
            result = VK_TIMEOUT;
            break;
        }
        if (waited >= nextWarning)
        {
            SEDX_CORE_WARN_TAG("WAIT", "{} has been waiting for {} s; was everything submitted that got signals from "
                                       "SubmitSync?",
                               ToString(cause), waited / 1'000'000'000);
            nextWarning = waited + kWarningNs;
        }
        const uint64_t slice = std::min(kSliceNs, timeoutNs - waited);
        if (m_hasLeader)
        {
            m_wakeUp.wait_for(lock, std::chrono::nanoseconds(slice));
            continue;
        }
        m_hasLeader = true;
        lock.unlock();
        const VkResult driverResult = WaitInDriver(points, slice);
        Poll();
        lock.lock();
        m_hasLeader = false;
        m_wakeUp.notify_all();
        if (driverResult != VK_SUCCESS && driverResult != VK_TIMEOUT)
        {
            result = driverResult;
            break;
        }
    }
    lock.unlock();
    CountWait(cause, elapsed());
    return result;
}

void Timelines::CountWait(WaitCause cause, uint64_t nanoseconds) noexcept
{
    WaitCounter& counter = m_waits[static_cast<size_t>(cause)];
    counter.count.fetch_add(1, std::memory_order_relaxed);
    counter.nanoseconds.fetch_add(nanoseconds, std::memory_order_relaxed);
}

WaitReport Timelines::Waits(WaitCause cause) const noexcept
{
    const WaitCounter& counter = m_waits[static_cast<size_t>(cause)];
    return {counter.count.load(std::memory_order_relaxed), counter.nanoseconds.load(std::memory_order_relaxed)};
}
} // namespace sedx
