#include "submissions.h"

#include "state.h"

#include <algorithm>
#include <fmt/format.h>

namespace sedx::simulator
{
const VkTimelineSemaphoreSubmitInfo* FindTimelineInfo(const void* chain)
{
    for (auto* s = static_cast<const VkBaseInStructure*>(chain); s != nullptr; s = s->pNext)
    {
        if (s->sType == VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO)
            return reinterpret_cast<const VkTimelineSemaphoreSubmitInfo*>(s);
    }
    return nullptr;
}

namespace
{
VkSemaphoreSubmitInfo Semaphore(VkSemaphore semaphore, uint64_t value, VkPipelineStageFlags2 stages)
{
    VkSemaphoreSubmitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO};
    info.semaphore = semaphore;
    info.value = value;
    info.stageMask = stages;
    return info;
}
} // namespace

// ---- copying -------------------------------------------------------------------------------------------------------
Submissions::Batch Submissions::Copy(const VkSubmitInfo& submit)
{
    Batch batch{.isOld = true};
    const VkTimelineSemaphoreSubmitInfo* timeline = FindTimelineInfo(submit.pNext);
    for (uint32_t i = 0; i < submit.waitSemaphoreCount; ++i)
    {
        const bool hasValue = timeline != nullptr && i < timeline->waitSemaphoreValueCount;
        batch.waits.push_back(Semaphore(submit.pWaitSemaphores[i], hasValue ? timeline->pWaitSemaphoreValues[i] : 0,
                                        submit.pWaitDstStageMask[i]));
    }
    for (uint32_t i = 0; i < submit.signalSemaphoreCount; ++i)
    {
        const bool hasValue = timeline != nullptr && i < timeline->signalSemaphoreValueCount;
        batch.signals.push_back(
            Semaphore(submit.pSignalSemaphores[i], hasValue ? timeline->pSignalSemaphoreValues[i] : 0, 0));
    }
    for (uint32_t i = 0; i < submit.commandBufferCount; ++i)
    {
        VkCommandBufferSubmitInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO};
        info.commandBuffer = submit.pCommandBuffers[i];
        batch.commandBuffers.push_back(info);
    }
    return batch;
}

Submissions::Batch Submissions::Copy(const VkSubmitInfo2& submit)
{
    Batch batch;
    batch.waits.assign(submit.pWaitSemaphoreInfos, submit.pWaitSemaphoreInfos + submit.waitSemaphoreInfoCount);
    batch.signals.assign(submit.pSignalSemaphoreInfos, submit.pSignalSemaphoreInfos + submit.signalSemaphoreInfoCount);
    batch.commandBuffers.assign(submit.pCommandBufferInfos, submit.pCommandBufferInfos + submit.commandBufferInfoCount);
    return batch;
}

// ---- submitting ----------------------------------------------------------------------------------------------------
VkResult Submissions::Submit(VkQueue queue, uint32_t count, const VkSubmitInfo* submits, VkFence fence)
{
    return SubmitAll(queue, count, submits, fence);
}

VkResult Submissions::Submit(VkQueue queue, uint32_t count, const VkSubmitInfo2* submits, VkFence fence)
{
    return SubmitAll(queue, count, submits, fence);
}

template <class SubmitInfo>
VkResult Submissions::SubmitAll(VkQueue queue, uint32_t count, const SubmitInfo* submits, VkFence fence)
{
    const std::lock_guard lock(m_mutex);
    Queue& target = Of(queue);
    VkResult result = VK_SUCCESS;
    for (uint32_t i = 0; i < count && result == VK_SUCCESS; ++i)
    {
        Batch batch = Copy(submits[i]);
        batch.fence = i + 1 == count ? fence : VK_NULL_HANDLE;
        if (!target.held.empty() || !IsReady(batch))
        {
            CheckChain(submits[i].pNext);
            Hold(target, std::move(batch));
            continue;
        }
        // As it came, with all that is chained to it.
        NoteGone(queue, batch);
        if constexpr (std::is_same_v<SubmitInfo, VkSubmitInfo2>)
            result = m_state.next.QueueSubmit2(m_state.queues.Real(queue), 1, &submits[i], batch.fence);
        else
            result = m_state.next.QueueSubmit(m_state.queues.Real(queue), 1, &submits[i], batch.fence);
    }
    if (count == 0 && fence != VK_NULL_HANDLE)
    {
        Batch batch{.isOld = std::is_same_v<SubmitInfo, VkSubmitInfo>, .fence = fence};
        if (target.held.empty())
            result = Send(queue, batch);
        else
            Hold(target, std::move(batch));
    }
    Pump();
    return result;
}

void Submissions::CheckChain(const void* chain)
{
    for (auto* s = static_cast<const VkBaseInStructure*>(chain); s != nullptr; s = s->pNext)
    {
        if (s->sType != VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO)
            m_state.simulator.Report(
                fmt::format("cannot hold back a submission with a structure of type {} chained to it",
                            static_cast<int64_t>(s->sType)));
    }
}

VkResult Submissions::RunInOrder(VkQueue queue, const char* what, const std::function<VkResult(VkQueue real)>& call)
{
    std::unique_lock lock(m_mutex);
    const auto isEmpty = [&] {
        return std::ranges::all_of(m_queues, [&](const Queue& other) {
            return other.held.empty() || (queue != VK_NULL_HANDLE && other.handle != queue);
        });
    };
    if (!m_changed.wait_for(lock, m_state.simulator.options.patience, isEmpty))
    {
        for (const Queue& other : m_queues)
        {
            if (!other.held.empty() && (queue == VK_NULL_HANDLE || other.handle == queue))
                m_state.simulator.Report(fmt::format("deadlock: {} waits for ever, {}", what, Reason(other)));
        }
        return VK_ERROR_DEVICE_LOST; // as a system would end it
    }
    return call(m_state.queues.Real(queue));
}

void Submissions::RunLocked(VkQueue queue, const std::function<void(VkQueue real)>& call)
{
    const std::lock_guard lock(m_mutex);
    call(m_state.queues.Real(queue));
}

// ---- semaphores ----------------------------------------------------------------------------------------------------
void Submissions::NoteCreated(VkSemaphore semaphore, const VkSemaphoreCreateInfo& info)
{
    for (auto* s = static_cast<const VkBaseInStructure*>(info.pNext); s != nullptr; s = s->pNext)
    {
        if (s->sType != VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO)
            continue;
        const auto& type = *reinterpret_cast<const VkSemaphoreTypeCreateInfo*>(s);
        if (type.semaphoreType != VK_SEMAPHORE_TYPE_TIMELINE)
            continue;
        const std::lock_guard lock(m_mutex);
        m_timelines[semaphore] = type.initialValue;
    }
}

void Submissions::NoteDestroyed(VkSemaphore semaphore)
{
    const std::lock_guard lock(m_mutex);
    m_timelines.erase(semaphore);
    m_heldSignals.erase(semaphore);
}

void Submissions::NoteSignalled(VkSemaphore semaphore, uint64_t value)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_timelines.find(semaphore);
    if (found != m_timelines.end())
        found->second = std::max(found->second, value);
    Pump();
}

// ---- holding back --------------------------------------------------------------------------------------------------
Submissions::Queue& Submissions::Of(VkQueue queue)
{
    for (Queue& known : m_queues)
    {
        if (known.handle == queue)
            return known;
    }
    return m_queues.emplace_back(Queue{.handle = queue, .held = {}});
}

bool Submissions::IsReady(const Batch& batch) const
{
    return std::ranges::all_of(batch.waits, [this](const VkSemaphoreSubmitInfo& wait) {
        const auto timeline = m_timelines.find(wait.semaphore);
        return timeline != m_timelines.end() ? timeline->second >= wait.value : !m_heldSignals.contains(wait.semaphore);
    });
}

std::string Submissions::Reason(const Queue& queue) const
{
    const uint32_t family = m_state.queues.FamilyOf(queue.handle);
    for (const VkSemaphoreSubmitInfo& wait : queue.held.front().waits)
    {
        const auto timeline = m_timelines.find(wait.semaphore);
        if (timeline != m_timelines.end() && timeline->second < wait.value)
            return fmt::format("a submission to a queue of family {} waits for value {} of a timeline semaphore, the "
                               "highest one that a submitted signal gives is {}",
                               family, wait.value, timeline->second);
    }
    return fmt::format("a submission to a queue of family {} waits for a semaphore whose signal is held back", family);
}

void Submissions::Hold(Queue& queue, Batch batch)
{
    for (const VkSemaphoreSubmitInfo& signal : batch.signals)
    {
        if (!m_timelines.contains(signal.semaphore))
            m_heldSignals.insert(signal.semaphore);
    }
    queue.held.push_back(std::move(batch));
}

void Submissions::NoteGone(VkQueue queue, const Batch& batch)
{
    for (const VkCommandBufferSubmitInfo& info : batch.commandBuffers)
        m_state.ownership.Execute(m_state.queues.FamilyOf(queue), info.commandBuffer);
    for (const VkSemaphoreSubmitInfo& signal : batch.signals)
    {
        const auto timeline = m_timelines.find(signal.semaphore);
        if (timeline != m_timelines.end())
            timeline->second = std::max(timeline->second, signal.value);
        else
            m_heldSignals.erase(signal.semaphore);
    }
}

VkResult Submissions::Send(VkQueue queue, const Batch& batch)
{
    NoteGone(queue, batch);
    const VkQueue real = m_state.queues.Real(queue);
    const bool isEmpty = batch.waits.empty() && batch.signals.empty() && batch.commandBuffers.empty();
    if (!batch.isOld)
    {
        VkSubmitInfo2 submit{VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
        submit.waitSemaphoreInfoCount = static_cast<uint32_t>(batch.waits.size());
        submit.pWaitSemaphoreInfos = batch.waits.data();
        submit.commandBufferInfoCount = static_cast<uint32_t>(batch.commandBuffers.size());
        submit.pCommandBufferInfos = batch.commandBuffers.data();
        submit.signalSemaphoreInfoCount = static_cast<uint32_t>(batch.signals.size());
        submit.pSignalSemaphoreInfos = batch.signals.data();
        return m_state.next.QueueSubmit2(real, isEmpty ? 0 : 1, &submit, batch.fence);
    }
    std::vector<VkSemaphore> waits, signals;
    std::vector<uint64_t> waitValues, signalValues;
    std::vector<VkPipelineStageFlags> stages;
    std::vector<VkCommandBuffer> commandBuffers;
    for (const VkSemaphoreSubmitInfo& wait : batch.waits)
    {
        waits.push_back(wait.semaphore);
        waitValues.push_back(wait.value);
        stages.push_back(static_cast<VkPipelineStageFlags>(wait.stageMask));
    }
    for (const VkSemaphoreSubmitInfo& signal : batch.signals)
    {
        signals.push_back(signal.semaphore);
        signalValues.push_back(signal.value);
    }
    for (const VkCommandBufferSubmitInfo& info : batch.commandBuffers)
        commandBuffers.push_back(info.commandBuffer);
    VkTimelineSemaphoreSubmitInfo timeline{VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO};
    timeline.waitSemaphoreValueCount = static_cast<uint32_t>(waitValues.size());
    timeline.pWaitSemaphoreValues = waitValues.data();
    timeline.signalSemaphoreValueCount = static_cast<uint32_t>(signalValues.size());
    timeline.pSignalSemaphoreValues = signalValues.data();
    VkSubmitInfo submit{VK_STRUCTURE_TYPE_SUBMIT_INFO};
    submit.pNext = &timeline;
    submit.waitSemaphoreCount = static_cast<uint32_t>(waits.size());
    submit.pWaitSemaphores = waits.data();
    submit.pWaitDstStageMask = stages.data();
    submit.commandBufferCount = static_cast<uint32_t>(commandBuffers.size());
    submit.pCommandBuffers = commandBuffers.data();
    submit.signalSemaphoreCount = static_cast<uint32_t>(signals.size());
    submit.pSignalSemaphores = signals.data();
    return m_state.next.QueueSubmit(real, isEmpty ? 0 : 1, &submit, batch.fence);
}

void Submissions::Pump()
{
    // A lost device runs nothing any more, even if the CPU signals.
    for (bool progress = !m_state.simulator.failures.IsLost(); progress;)
    {
        progress = false;
        for (Queue& queue : m_queues)
        {
            while (!queue.held.empty() && IsReady(queue.held.front()))
            {
                const Batch batch = std::move(queue.held.front());
                queue.held.pop_front();
                progress = true;
                const VkResult result = Send(queue.handle, batch);
                if (result != VK_SUCCESS)
                    m_state.simulator.Report(
                        fmt::format("a submission that was held back failed with {}", ToString(result)));
            }
        }
    }
    m_changed.notify_all();
}

uint32_t Submissions::CountHeld() const
{
    size_t count = 0;
    for (const Queue& queue : m_queues)
        count += queue.held.size();
    return static_cast<uint32_t>(count);
}

uint32_t Submissions::HeldCount() const
{
    const std::lock_guard lock(m_mutex);
    return CountHeld();
}

void Submissions::DropAll()
{
    const std::lock_guard lock(m_mutex);
    const uint32_t count = CountHeld();
    if (count != 0 && !m_state.simulator.failures.IsLost())
        m_state.simulator.Report(
            fmt::format("{} submissions still wait for a signal when the device is destroyed", count));
    m_queues.clear();
}
} // namespace sedx::simulator
