// Queues, submissions and semaphores. As long as a device has no queue of a simulated family, everything is passed on.
#include "wrapper.h"

namespace sedx::simulator
{
namespace
{
void GetDeviceQueue(DeviceState& state, VkDevice, uint32_t family, uint32_t index, VkQueue* queue)
{
    VkDeviceQueueInfo2 info{VK_STRUCTURE_TYPE_DEVICE_QUEUE_INFO_2};
    info.queueFamilyIndex = family;
    info.queueIndex = index;
    *queue = state.queues.Get(info);
}

void GetDeviceQueue2(DeviceState& state, VkDevice, const VkDeviceQueueInfo2* info, VkQueue* queue)
{
    *queue = state.queues.Get(*info);
}

// ---- submitting ----------------------------------------------------------------------------------------------------
VkResult QueueSubmit(DeviceState& state, VkQueue queue, uint32_t count, const VkSubmitInfo* submits, VkFence fence)
{
    if (!state.queues.IsActive())
        return state.next.QueueSubmit(queue, count, submits, fence);
    return state.submissions.Submit(queue, count, submits, fence);
}

VkResult QueueSubmit2(DeviceState& state, VkQueue queue, uint32_t count, const VkSubmitInfo2* submits, VkFence fence)
{
    if (!state.queues.IsActive())
        return state.next.QueueSubmit2(queue, count, submits, fence);
    return state.submissions.Submit(queue, count, submits, fence);
}

// Sent in the order of its queue. Its own waits must have a submitted signal by then: it is not held back for them.
VkResult QueueBindSparse(DeviceState& state, VkQueue queue, uint32_t count, const VkBindSparseInfo* binds,
                         VkFence fence)
{
    if (!state.queues.IsActive())
        return state.next.QueueBindSparse(queue, count, binds, fence);
    const VkResult result = state.submissions.RunInOrder(queue, "vkQueueBindSparse", [&](VkQueue real) {
        return state.next.QueueBindSparse(real, count, binds, fence);
    });
    for (uint32_t i = 0; i < count && result == VK_SUCCESS; ++i)
    {
        const VkTimelineSemaphoreSubmitInfo* timeline = FindTimelineInfo(binds[i].pNext);
        for (uint32_t k = 0; timeline != nullptr && k < binds[i].signalSemaphoreCount; ++k)
        {
            if (k < timeline->signalSemaphoreValueCount)
                state.submissions.NoteSignalled(binds[i].pSignalSemaphores[k], timeline->pSignalSemaphoreValues[k]);
        }
    }
    return result;
}

VkResult QueuePresentKHR(DeviceState& state, VkQueue queue, const VkPresentInfoKHR* info)
{
    if (!state.queues.IsActive())
        return state.next.QueuePresentKHR(queue, info);
    return state.submissions.RunInOrder(queue, "vkQueuePresentKHR",
                                        [&](VkQueue real) { return state.next.QueuePresentKHR(real, info); });
}

// ---- waiting -------------------------------------------------------------------------------------------------------
VkResult QueueWaitIdle(DeviceState& state, VkQueue queue)
{
    if (!state.queues.IsActive())
        return state.next.QueueWaitIdle(queue);
    return state.submissions.RunInOrder(queue, "vkQueueWaitIdle",
                                        [&](VkQueue real) { return state.next.QueueWaitIdle(real); });
}

VkResult DeviceWaitIdle(DeviceState& state, VkDevice device)
{
    if (!state.queues.IsActive())
        return state.next.DeviceWaitIdle(device);
    return state.submissions.RunInOrder(VK_NULL_HANDLE, "vkDeviceWaitIdle",
                                        [&](VkQueue) { return state.next.DeviceWaitIdle(device); });
}

// ---- semaphores ----------------------------------------------------------------------------------------------------
VkResult CreateSemaphore(DeviceState& state, VkDevice device, const VkSemaphoreCreateInfo* info,
                         const VkAllocationCallbacks* allocator, VkSemaphore* semaphore)
{
    const VkResult result = state.next.CreateSemaphore(device, info, allocator, semaphore);
    if (result == VK_SUCCESS)
        state.submissions.NoteCreated(*semaphore, *info);
    return result;
}

void DestroySemaphore(DeviceState& state, VkDevice device, VkSemaphore semaphore,
                      const VkAllocationCallbacks* allocator)
{
    state.submissions.NoteDestroyed(semaphore);
    state.next.DestroySemaphore(device, semaphore, allocator);
}

VkResult SignalSemaphore(DeviceState& state, VkDevice device, const VkSemaphoreSignalInfo* info)
{
    const VkResult result = state.next.SignalSemaphore(device, info);
    if (result == VK_SUCCESS)
        state.submissions.NoteSignalled(info->semaphore, info->value);
    return result;
}

// ---- debugging -----------------------------------------------------------------------------------------------------
void QueueBeginDebugUtilsLabelEXT(DeviceState& state, VkQueue queue, const VkDebugUtilsLabelEXT* label)
{
    state.submissions.RunLocked(queue, [&](VkQueue real) { state.next.QueueBeginDebugUtilsLabelEXT(real, label); });
}

void QueueEndDebugUtilsLabelEXT(DeviceState& state, VkQueue queue)
{
    state.submissions.RunLocked(queue, [&](VkQueue real) { state.next.QueueEndDebugUtilsLabelEXT(real); });
}

void QueueInsertDebugUtilsLabelEXT(DeviceState& state, VkQueue queue, const VkDebugUtilsLabelEXT* label)
{
    state.submissions.RunLocked(queue, [&](VkQueue real) { state.next.QueueInsertDebugUtilsLabelEXT(real, label); });
}

// A simulated queue is nothing that the layers below could give a name to.
bool IsSimulatedQueue(const DeviceState& state, VkObjectType type, uint64_t handle)
{
    const auto queue = reinterpret_cast<VkQueue>(handle);
    return type == VK_OBJECT_TYPE_QUEUE && state.queues.Real(queue) != queue;
}

VkResult SetDebugUtilsObjectNameEXT(DeviceState& state, VkDevice device, const VkDebugUtilsObjectNameInfoEXT* info)
{
    if (IsSimulatedQueue(state, info->objectType, info->objectHandle))
        return VK_SUCCESS;
    if (state.queues.IsActive())
        state.ownership.SetName(info->objectType, info->objectHandle, info->pObjectName);
    return state.next.SetDebugUtilsObjectNameEXT(device, info);
}

VkResult SetDebugUtilsObjectTagEXT(DeviceState& state, VkDevice device, const VkDebugUtilsObjectTagInfoEXT* info)
{
    if (IsSimulatedQueue(state, info->objectType, info->objectHandle))
        return VK_SUCCESS;
    return state.next.SetDebugUtilsObjectTagEXT(device, info);
}

void GetQueueCheckpointDataNV(DeviceState& state, VkQueue queue, uint32_t* count, VkCheckpointDataNV* data)
{
    state.next.GetQueueCheckpointDataNV(state.queues.Real(queue), count, data);
}

void GetQueueCheckpointData2NV(DeviceState& state, VkQueue queue, uint32_t* count, VkCheckpointData2NV* data)
{
    state.next.GetQueueCheckpointData2NV(state.queues.Real(queue), count, data);
}
} // namespace

void AddQueueCalls(WrapperTable& table)
{
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetDeviceQueue);
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetDeviceQueue2);
    SEDX_SIMULATOR_WRAP_DEVICE(table, QueueSubmit);
    SEDX_SIMULATOR_WRAP_DEVICE(table, QueueSubmit2);
    SEDX_SIMULATOR_WRAP_DEVICE(table, QueueBindSparse);
    SEDX_SIMULATOR_WRAP_DEVICE(table, QueuePresentKHR);
    SEDX_SIMULATOR_WRAP_DEVICE(table, QueueWaitIdle);
    SEDX_SIMULATOR_WRAP_DEVICE(table, DeviceWaitIdle);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CreateSemaphore);
    SEDX_SIMULATOR_WRAP_DEVICE(table, DestroySemaphore);
    SEDX_SIMULATOR_WRAP_DEVICE(table, SignalSemaphore);
    SEDX_SIMULATOR_WRAP_DEVICE(table, QueueBeginDebugUtilsLabelEXT);
    SEDX_SIMULATOR_WRAP_DEVICE(table, QueueEndDebugUtilsLabelEXT);
    SEDX_SIMULATOR_WRAP_DEVICE(table, QueueInsertDebugUtilsLabelEXT);
    SEDX_SIMULATOR_WRAP_DEVICE(table, SetDebugUtilsObjectNameEXT);
    SEDX_SIMULATOR_WRAP_DEVICE(table, SetDebugUtilsObjectTagEXT);
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetQueueCheckpointDataNV);
    SEDX_SIMULATOR_WRAP_DEVICE(table, GetQueueCheckpointData2NV);
}
} // namespace sedx::simulator
