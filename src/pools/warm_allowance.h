// WarmAllowance: what warm starts may still take of each heap. Shared by the pools of one manager; any thread.
#pragma once

#include "memory/memory_allocator.h"

#include <algorithm>
#include <array>
#include <atomic>

namespace sedx::detail
{
class WarmAllowance
{
  public:
    WarmAllowance(const MemoryStrategy& strategy, double share) noexcept
    {
        const double valid = share > 0.0 ? std::min(share, 1.0) : 0.0; // not a number: nothing
        for (size_t heap = 0; heap < strategy.heaps.size(); ++heap)
            m_left[heap] = static_cast<uint64_t>(valid * static_cast<double>(strategy.heaps[heap].capBytes));
    }
    // False: there is not so much left, and nothing was taken.
    bool Take(uint32_t heap, uint64_t bytes) noexcept
    {
        uint64_t left = m_left[heap].load(std::memory_order_relaxed);
        while (left >= bytes)
            if (m_left[heap].compare_exchange_weak(left, left - bytes, std::memory_order_relaxed))
                return true;
        return false;
    }

  private:
    std::array<std::atomic<uint64_t>, VK_MAX_MEMORY_HEAPS> m_left{};
};
} // namespace sedx::detail
