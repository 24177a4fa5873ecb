// Budget: how many bytes buffers may use on each memory heap.
//
//     sedx::BudgetDesc budget;
//     budget.reservedBytes = 512ull << 20;  // device memory for images that are still to come
//     budget.unfocusedBytes = 256ull << 20; // while another program is in front
//     budget.onSoftLimit = [&](const sedx::HeapBudget& heap) { streamer.LoadLess(heap.usedBytes - heap.softBytes); };
//
// The budget of a heap is the smallest of: the heap's cap (sedx/memory_strategy.h); what the driver grants this process
// (VK_EXT_memory_budget, never more than the heap; else `heapShare` of the heap) without what others in the process use
// and without the reservation; the limits below. It is worked out once a frame. Drops count at once, rises of what is
// granted are smoothed over time. Sizes are in bytes; "used" is what lies in memory that the library has allocated.
// Does NOT reserve anything with the driver, and does NOT free anything by itself.
#pragma once

#include <sedx/export.h>

#include <cstdint>
#include <functional>

namespace sedx
{
struct HeapBudget
{
    uint32_t heap = 0;        // index
    uint64_t heapBytes = 0;   // its size
    uint64_t capBytes = 0;    // never used beyond, whatever the budget says; half of a small BAR
    uint64_t budgetBytes = 0; // what buffers may use now, including what they use
    uint64_t softBytes = 0;   // softLimit x budgetBytes
    uint64_t hardBytes = 0;   // hardLimit x budgetBytes, never above capBytes
    uint64_t usedBytes = 0;   // by buffers; may be above the budget after a drop
    uint64_t othersBytes = 0; // by others in this process, as of the last frame; 0 if the driver doesn't tell
    bool isDeviceLocal = false;
};

// What is said of device-local bytes below is for all such heaps together: it is spread over them by their caps, and
// heaps that buffers never use take no part. Where no heap is device-local, all of them count as such.
struct BudgetDesc
{
    static constexpr uint64_t kNoChange = ~uint64_t{0};

    double heapShare = 0.8;              // 0 .. 1: of a heap, where the driver doesn't tell or tells 0
    uint64_t reservedBytes = 0;          // device-local bytes kept free beyond what others use; not of a small BAR
    uint64_t limitBytes = 0;             // device-local bytes for buffers; 0: none
    uint64_t unfocusedBytes = kNoChange; // the limit while the application has no focus; 0 is one; kNoChange: none
    float softLimit = 0.8f;              // of the budget: beyond it caches should shrink; at most hardLimit
    float hardLimit = 1.0f;              // of the budget: beyond it nothing new is admitted
    uint64_t smoothingNs = 130'000'000;  // time constant of rises, about 8 frames of 60 Hz; 0: at once

    // Called once when use is found above the limit (the hard one also when something was refused for it), and again only
    // after use was 5 % below. On the thread that begins a frame, without locks: they may call into the library. They must
    // not throw.
    std::function<void(const HeapBudget&)> onSoftLimit{};
    std::function<void(const HeapBudget&)> onHardLimit{};
};
} // namespace sedx
