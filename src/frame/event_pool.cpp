#include "frame/event_pool.h"

#include <algorithm>

namespace sedx
{
EventPool::~EventPool()
{
    for (const Entry& entry : m_entries)
        m_device->vk.DestroyEvent(m_device->device, entry.event, nullptr);
}

Result<VkEvent> EventPool::Take(uint64_t frame)
{
    const std::lock_guard lock(m_mutex);
    const uint64_t completed = m_frames.Completed();
    const auto idle = std::ranges::find_if(m_entries, [&](const Entry& entry) { return entry.frame <= completed; });
    if (idle != m_entries.end())
    {
        if (const VkResult result = m_device->Check(m_device->vk.ResetEvent(m_device->device, idle->event));
            result != VK_SUCCESS)
            return FailVk(result, "resetting an event");
        idle->frame = frame;
        return idle->event;
    }
    const VkEventCreateInfo info{VK_STRUCTURE_TYPE_EVENT_CREATE_INFO}; // not of the device alone: the CPU resets it
    VkEvent event = VK_NULL_HANDLE;
    if (const VkResult result = m_device->Check(m_device->vk.CreateEvent(m_device->device, &info, nullptr, &event));
        result != VK_SUCCESS)
        return FailVk(result, "creating an event");
    m_entries.push_back({event, frame});
    return event;
}
} // namespace sedx
