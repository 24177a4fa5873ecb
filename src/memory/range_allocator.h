// RangeAllocator: ranges of one block. VMA's virtual block does the arithmetic (two-level segregated fit: O(1), 64 bits).
// Not thread-safe. Its body is in memory_allocator.cpp, the only file that sees VMA.
#pragma once

#include <cstdint>

namespace sedx
{
class RangeAllocator
{
  public:
    RangeAllocator() noexcept = default;
    ~RangeAllocator(); // whatever is still allocated is forgotten
    RangeAllocator(const RangeAllocator&) = delete;
    RangeAllocator& operator=(const RangeAllocator&) = delete;

    struct Range
    {
        uint64_t offset = 0; // bytes
        uint64_t handle = 0; // for Free; never 0
    };

    // False: no host memory. Call once.
    bool Create(uint64_t bytes) noexcept;
    // False: no room. `alignment`: a power of two; `bytes` > 0.
    bool Allocate(uint64_t bytes, uint64_t alignment, Range& range) noexcept;
    void Free(uint64_t handle) noexcept;

  private:
    void* m_block = nullptr; // VmaVirtualBlock
};
} // namespace sedx
