#include "command_records.h"

namespace sedx::simulator
{
void CommandRecords::Add(VkCommandPool pool, uint32_t family)
{
    const std::lock_guard lock(m_mutex);
    m_pools[pool] = family;
}

void CommandRecords::Remove(VkCommandPool pool)
{
    const std::lock_guard lock(m_mutex);
    m_pools.erase(pool);
    std::erase_if(m_records, [pool](const auto& entry) { return entry.second.pool == pool; });
}

void CommandRecords::Add(VkCommandPool pool, uint32_t count, const VkCommandBuffer* commandBuffers)
{
    const std::lock_guard lock(m_mutex);
    const auto family = m_pools.find(pool);
    for (uint32_t i = 0; i < count && family != m_pools.end(); ++i)
        m_records[commandBuffers[i]] = {.pool = pool, .family = family->second, .events = {}};
}

void CommandRecords::Remove(uint32_t count, const VkCommandBuffer* commandBuffers)
{
    const std::lock_guard lock(m_mutex);
    for (uint32_t i = 0; i < count; ++i)
        m_records.erase(commandBuffers[i]);
}

void CommandRecords::Clear(VkCommandBuffer commandBuffer)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_records.find(commandBuffer);
    if (found != m_records.end())
        found->second.events.clear();
}

void CommandRecords::Append(VkCommandBuffer commandBuffer, const OwnershipEvent& event)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_records.find(commandBuffer);
    if (found != m_records.end())
        found->second.events.push_back(event);
}

void CommandRecords::Append(VkCommandBuffer primary, VkCommandBuffer secondary)
{
    const std::lock_guard lock(m_mutex);
    const auto to = m_records.find(primary);
    const auto from = m_records.find(secondary);
    if (to != m_records.end() && from != m_records.end())
        to->second.events.insert(to->second.events.end(), from->second.events.begin(), from->second.events.end());
}

uint32_t CommandRecords::FamilyOf(VkCommandBuffer commandBuffer) const
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_records.find(commandBuffer);
    return found == m_records.end() ? VK_QUEUE_FAMILY_IGNORED : found->second.family;
}

std::vector<OwnershipEvent> CommandRecords::EventsOf(VkCommandBuffer commandBuffer) const
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_records.find(commandBuffer);
    return found == m_records.end() ? std::vector<OwnershipEvent>() : found->second.events;
}
} // namespace sedx::simulator
