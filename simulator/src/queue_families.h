// QueueFamilies: the presented families: those of the real device, then the simulated ones. Pure logic.
#pragma once

#include <sedx_simulator/device_layout.h>

namespace sedx::simulator
{
class QueueFamilies
{
  public:
    QueueFamilies() = default;
    QueueFamilies(const LayoutQueues& wanted, std::span<const VkQueueFamilyProperties> real);

    uint32_t RealCount() const { return m_realCount; }
    uint32_t Count() const { return m_realCount + static_cast<uint32_t>(m_simulated.size()); }
    bool HasSimulated() const { return !m_simulated.empty(); }
    bool IsSimulated(uint32_t family) const { return family >= m_realCount && family < Count(); }
    const VkQueueFamilyProperties& Simulated(uint32_t family) const { return m_simulated[family - m_realCount]; }

    // The real family whose first queue does the work of the simulated ones.
    uint32_t Base() const { return m_base; }
    // Of the real device; VK_QUEUE_FAMILY_IGNORED, _EXTERNAL and _FOREIGN stay what they are.
    uint32_t Real(uint32_t family) const { return IsSimulated(family) ? m_base : family; }

  private:
    uint32_t m_realCount = 0;
    uint32_t m_base = 0;
    std::vector<VkQueueFamilyProperties> m_simulated;
};
} // namespace sedx::simulator
