// The budget of each heap, worked out from what it is told: it asks no driver and reads no clock.
//
// Add, Remove, Admit, Reserve and UsedBytes: any thread, lock-free. The others: any thread, under a lock that is not held while
// the callbacks run.
#pragma once

#include <sedx/memory_budget.h>
#include <sedx/memory_strategy.h>

#include <atomic>
#include <mutex>
#include <span>

namespace sedx
{
// What the driver says about one heap, now.
struct HeapSample
{
    uint64_t heapBytes = 0;         // 0: as at creation
    uint64_t driverBudgetBytes = 0; // for the whole process; 0 counts as no numbers, which some drivers mean by it
    uint64_t driverUsageBytes = 0;  // by the whole process
    bool hasDriverNumbers = false;  // else the two above are not looked at
    // Of(heap).usedBytes, read before the driver was asked: what the library frees meanwhile is then not taken for others'.
    uint64_t usedBytesBefore = 0;
};

enum class BudgetVerdict : uint32_t
{
    Fits,
    OverSoft, // there is room, but caches should shrink
    OverHard, // no room within the budget or the cap
};

class MemoryBudget
{
  public:
    // Until the first Sample the budgets are those without the driver's numbers.
    MemoryBudget(const BudgetDesc& desc, const VkPhysicalDeviceMemoryProperties& memory,
                 const MemoryStrategy& strategy);

    // Memory of the library's came or went. Heaps that do not exist are ignored here and OverHard for Admit.
    void Add(uint32_t heap, uint64_t bytes) noexcept;
    void Remove(uint32_t heap, uint64_t bytes) noexcept;
    // Whether `bytes` more would fit now. Reserves nothing: two threads may both hear that they do.
    BudgetVerdict Admit(uint32_t heap, uint64_t bytes) const noexcept;
    // Admit and, unless OverHard, Add in one step: use never goes beyond the hard limit, nor beyond half of a small BAR.
    // Whoever then fails to allocate gives back with Remove.
    BudgetVerdict Reserve(uint32_t heap, uint64_t bytes) noexcept;
    uint64_t UsedBytes() const noexcept; // of all heaps

    // Once a frame, with a sample for each heap; missing ones count as without the driver's numbers. The only one that
    // calls the callbacks. Time that goes back counts as standing still.
    void Sample(std::span<const HeapSample> samples, uint64_t nowNs);
    void SetFocus(bool hasFocus); // counts at once; crossings are told by the next Sample

    HeapBudget Of(uint32_t heap) const;

  private:
    struct Heap
    {
        std::atomic<uint64_t> used{0};
        std::atomic<uint64_t> soft{0};
        std::atomic<uint64_t> hard{0};
        std::atomic<bool> refused{false}; // by Reserve, since the last Sample
        // Fixed.
        uint64_t bytes = 0;
        uint64_t cap = 0;
        double limitShare = 0.0;    // of the limits
        double reservedShare = 0.0; // of the reservation
        bool deviceLocal = false;
        // Under m_mutex.
        uint64_t others = 0;
        uint64_t granted = 0; // without others; smoothed
        uint64_t budget = 0;
        bool toldSoft = false; // and not yet well below again
        bool toldHard = false;
    };

    static BudgetVerdict Judge(const Heap& heap, uint64_t used, uint64_t bytes) noexcept;
    void SetShares(const MemoryStrategy& strategy);
    uint64_t Granted(Heap& heap, const HeapSample& sample) const noexcept; // unsmoothed; sets heap.others
    void Update() noexcept;                                                // budgets and limits from everything known
    HeapBudget Read(uint32_t heap) const noexcept;

    const BudgetDesc m_desc;
    const uint32_t m_count;
    std::array<Heap, VK_MAX_MEMORY_HEAPS> m_heaps;
    mutable std::mutex m_mutex;
    uint64_t m_sampledNs = 0;
    bool m_sampled = false;
    bool m_focus = true;
};
} // namespace sedx
