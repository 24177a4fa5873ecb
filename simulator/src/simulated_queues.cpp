#include "simulated_queues.h"

#include "registry.h"

namespace sedx::simulator
{
void SimulatedQueues::Create(const VkDeviceCreateInfo& info)
{
    const QueueFamilies& families = m_state.physical.families;
    for (uint32_t i = 0; i < info.queueCreateInfoCount; ++i)
    {
        const VkDeviceQueueCreateInfo& wanted = info.pQueueCreateInfos[i];
        if (!families.IsSimulated(wanted.queueFamilyIndex))
            continue;
        for (uint32_t index = 0; index < wanted.queueCount; ++index)
        {
            m_queues.push_back(std::make_unique<Queue>(
                Queue{DispatchKey(m_state.device), wanted.queueFamilyIndex, index, wanted.flags}));
        }
    }
    if (IsActive())
        m_state.next.GetDeviceQueue(m_state.device, families.Base(), 0, &m_base);
}

VkQueue SimulatedQueues::Get(const VkDeviceQueueInfo2& info)
{
    for (const auto& queue : m_queues)
    {
        if (queue->family == info.queueFamilyIndex && queue->index == info.queueIndex && queue->flags == info.flags)
            return reinterpret_cast<VkQueue>(queue.get());
    }
    if (m_state.physical.families.IsSimulated(info.queueFamilyIndex))
        return VK_NULL_HANDLE;
    VkQueue real = VK_NULL_HANDLE;
    if (info.flags == 0)
        m_state.next.GetDeviceQueue(m_state.device, info.queueFamilyIndex, info.queueIndex, &real);
    else
        m_state.next.GetDeviceQueue2(m_state.device, &info, &real);
    const std::lock_guard lock(m_mutex);
    m_realFamilies[real] = info.queueFamilyIndex;
    return real;
}

VkQueue SimulatedQueues::Real(VkQueue queue) const
{
    for (const auto& simulated : m_queues)
    {
        if (reinterpret_cast<VkQueue>(simulated.get()) == queue)
            return m_base;
    }
    return queue;
}

uint32_t SimulatedQueues::FamilyOf(VkQueue queue) const
{
    for (const auto& simulated : m_queues)
    {
        if (reinterpret_cast<VkQueue>(simulated.get()) == queue)
            return simulated->family;
    }
    const std::lock_guard lock(m_mutex);
    const auto found = m_realFamilies.find(queue);
    return found == m_realFamilies.end() ? m_state.physical.families.Base() : found->second;
}
} // namespace sedx::simulator
