// HeapAccounts: how full the presented heaps are, and whether an allocation still fits, as a driver would decide it.
#pragma once

#include <sedx_simulator/device_layout.h>

#include <mutex>

namespace sedx::simulator
{
class HeapAccounts
{
  public:
    HeapAccounts(const DeviceLayout& layout, bool strictBudget);

    // VK_SUCCESS has taken the bytes; none are taken for memory that was imported. `maxCount`: of allocations in all heaps.
    VkResult Take(uint32_t heap, uint64_t bytes, uint32_t maxCount);
    void GiveBack(uint32_t heap, uint64_t bytes);

    void SetBudget(uint32_t heap, uint64_t bytes);
    void Present(VkPhysicalDeviceMemoryBudgetPropertiesEXT& budget) const;
    uint64_t Usage(uint32_t heap) const;
    uint32_t Count() const;

  private:
    struct Account
    {
        uint64_t bytes = 0;
        uint64_t budget = 0;
        uint64_t usage = 0;
    };
    mutable std::mutex m_mutex;
    std::vector<Account> m_accounts;
    uint32_t m_count = 0;
    bool m_strictBudget;
};
} // namespace sedx::simulator
