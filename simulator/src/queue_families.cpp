#include "queue_families.h"

namespace sedx::simulator
{
QueueFamilies::QueueFamilies(const LayoutQueues& wanted, std::span<const VkQueueFamilyProperties> real)
    : m_realCount(static_cast<uint32_t>(real.size()))
{
    // The work of all: the first family that can do everything, else whatever comes first.
    constexpr VkQueueFlags kAll = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT;
    for (uint32_t i = m_realCount; i-- > 0;)
    {
        if ((real[i].queueFlags & kAll) == kAll)
            m_base = i;
    }
    if (real.empty())
        return;
    VkQueueFamilyProperties family = real[m_base];
    family.minImageTransferGranularity = {1, 1, 1};
    if (wanted.compute != 0)
    {
        family.queueFlags = VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT;
        family.queueCount = wanted.compute;
        m_simulated.push_back(family);
    }
    if (wanted.transfer != 0)
    {
        family.queueFlags = VK_QUEUE_TRANSFER_BIT;
        family.queueCount = wanted.transfer;
        family.minImageTransferGranularity = wanted.transferGranularity;
        m_simulated.push_back(family);
    }
}
} // namespace sedx::simulator
