#include "heap_accounts.h"

namespace sedx::simulator
{
HeapAccounts::HeapAccounts(const DeviceLayout& layout, bool strictBudget) : m_strictBudget(strictBudget)
{
    for (uint32_t i = 0; i < layout.heaps.size(); ++i)
        m_accounts.push_back({.bytes = layout.heaps[i].bytes, .budget = layout.BudgetOf(i)});
}

VkResult HeapAccounts::Take(uint32_t heap, uint64_t bytes, uint32_t maxCount)
{
    const std::lock_guard lock(m_mutex);
    Account& account = m_accounts[heap];
    const uint64_t limit = m_strictBudget ? std::min(account.bytes, account.budget) : account.bytes;
    if (m_count >= maxCount)
        return VK_ERROR_TOO_MANY_OBJECTS;
    if (account.usage > limit || bytes > limit - account.usage)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    account.usage += bytes;
    ++m_count;
    return VK_SUCCESS;
}

void HeapAccounts::GiveBack(uint32_t heap, uint64_t bytes)
{
    const std::lock_guard lock(m_mutex);
    m_accounts[heap].usage -= bytes;
    --m_count;
}

void HeapAccounts::SetBudget(uint32_t heap, uint64_t bytes)
{
    const std::lock_guard lock(m_mutex);
    if (heap < m_accounts.size())
        m_accounts[heap].budget = bytes;
}

void HeapAccounts::Present(VkPhysicalDeviceMemoryBudgetPropertiesEXT& budget) const
{
    const std::lock_guard lock(m_mutex);
    for (uint32_t i = 0; i < VK_MAX_MEMORY_HEAPS; ++i)
    {
        budget.heapBudget[i] = i < m_accounts.size() ? m_accounts[i].budget : 0;
        budget.heapUsage[i] = i < m_accounts.size() ? m_accounts[i].usage : 0;
    }
}

uint64_t HeapAccounts::Usage(uint32_t heap) const
{
    const std::lock_guard lock(m_mutex);
    return heap < m_accounts.size() ? m_accounts[heap].usage : 0;
}

uint32_t HeapAccounts::Count() const
{
    const std::lock_guard lock(m_mutex);
    return m_count;
}
} // namespace sedx::simulator
