#include "memory/memory_budget.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sedx
{
namespace
{
constexpr double kRearm = 0.95;          // of a limit: below it the next crossing is told again
constexpr double kMostLimit = 16.0;      // times the budget; the cap holds anyway
constexpr uint64_t kCloseEnough = 65536; // bytes: a smoothed rise arrives instead of creeping for ever

uint64_t Minus(uint64_t a, uint64_t b) noexcept { return a > b ? a - b : 0; }

double Clean(double value, double fallback, double most) noexcept
{
    return std::isnan(value) ? fallback : std::clamp(value, 0.0, most);
}

uint64_t Scale(uint64_t bytes, double factor) noexcept
{
    if (factor == 1.0)
        return bytes; // exact, also beyond 2^53
    const double scaled = static_cast<double>(bytes) * factor;
    return scaled >= 0x1p64 ? ~uint64_t{0} : static_cast<uint64_t>(scaled);
}

uint64_t Smoothed(uint64_t from, uint64_t to, uint64_t elapsedNs, uint64_t constantNs) noexcept
{
    if (to <= from || constantNs == 0 || to - from <= kCloseEnough)
        return to;
    const double part = 1.0 - std::exp(-static_cast<double>(elapsedNs) / static_cast<double>(constantNs));
    const uint64_t next = from + std::min(Scale(to - from, part), to - from);
    return to - next <= kCloseEnough ? to : next;
}

// True once for each time that use goes above the limit, or would have.
bool Crosses(uint64_t used, uint64_t limit, bool refused, bool& told) noexcept
{
    if (used > limit || refused)
        return !std::exchange(told, true);
    if (used <= Scale(limit, kRearm))
        told = false;
    return false;
}
} // namespace

MemoryBudget::MemoryBudget(const BudgetDesc& desc, const VkPhysicalDeviceMemoryProperties& memory,
                           const MemoryStrategy& strategy)
    : m_desc(desc), m_count(std::min<uint32_t>(memory.memoryHeapCount, VK_MAX_MEMORY_HEAPS))
{
    for (uint32_t i = 0; i < m_count; ++i)
    {
        Heap& heap = m_heaps[i];
        heap.bytes = memory.memoryHeaps[i].size;
        heap.cap = i < strategy.heaps.size() ? std::min(strategy.heaps[i].capBytes, heap.bytes) : 0;
        heap.deviceLocal = (memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0;
        heap.granted = Granted(heap, {});
    }
    SetShares(strategy);
    Update();
}

void MemoryBudget::SetShares(const MemoryStrategy& strategy)
{
    const auto heaps = std::span(m_heaps).first(m_count);
    if (std::ranges::none_of(heaps, &Heap::deviceLocal))
        std::ranges::for_each(heaps, [](Heap& heap) { heap.deviceLocal = true; });
    double all = 0.0;
    double large = 0.0; // without windows: nobody keeps anything free there
    for (uint32_t i = 0; i < m_count; ++i)
    {
        if (!heaps[i].deviceLocal || heaps[i].cap == 0)
            continue;
        all += static_cast<double>(heaps[i].cap);
        large += strategy.heaps[i].isSmallBar ? 0.0 : static_cast<double>(heaps[i].cap);
    }
    for (uint32_t i = 0; i < m_count; ++i)
    {
        if (!heaps[i].deviceLocal || heaps[i].cap == 0)
            continue;
        heaps[i].limitShare = static_cast<double>(heaps[i].cap) / all;
        if (!strategy.heaps[i].isSmallBar)
            heaps[i].reservedShare = static_cast<double>(heaps[i].cap) / large;
    }
}

// ---- counting ------------------------------------------------------------------------------------------------------

void MemoryBudget::Add(uint32_t heap, uint64_t bytes) noexcept
{
    if (heap < m_count)
        m_heaps[heap].used.fetch_add(bytes, std::memory_order_relaxed);
}

void MemoryBudget::Remove(uint32_t heap, uint64_t bytes) noexcept
{
    if (heap >= m_count)
        return;
    // Never below zero: a wrapped counter would close the heap for good.
    std::atomic<uint64_t>& used = m_heaps[heap].used;
    uint64_t before = used.load(std::memory_order_relaxed);
    while (!used.compare_exchange_weak(before, Minus(before, bytes), std::memory_order_relaxed))
    {
    }
}

BudgetVerdict MemoryBudget::Judge(const Heap& heap, uint64_t used, uint64_t bytes) noexcept
{
    const uint64_t hard = heap.hard.load(std::memory_order_relaxed);
    if (used > hard || bytes > hard - used)
        return BudgetVerdict::OverHard;
    return used + bytes > heap.soft.load(std::memory_order_relaxed) ? BudgetVerdict::OverSoft : BudgetVerdict::Fits;
}

BudgetVerdict MemoryBudget::Admit(uint32_t heap, uint64_t bytes) const noexcept
{
    if (heap >= m_count)
        return BudgetVerdict::OverHard;
    return Judge(m_heaps[heap], m_heaps[heap].used.load(std::memory_order_relaxed), bytes);
}

BudgetVerdict MemoryBudget::Reserve(uint32_t index, uint64_t bytes) noexcept
{
    if (index >= m_count)
        return BudgetVerdict::OverHard;
    Heap& heap = m_heaps[index];
    uint64_t used = heap.used.load(std::memory_order_relaxed);
    for (;;)
    {
        const BudgetVerdict verdict = Judge(heap, used, bytes);
        if (verdict == BudgetVerdict::OverHard)
        {
            heap.refused.store(true, std::memory_order_relaxed);
            return verdict;
        }
        if (heap.used.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed))
            return verdict;
    }
}

uint64_t MemoryBudget::UsedBytes() const noexcept
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < m_count; ++i)
        used += m_heaps[i].used.load(std::memory_order_relaxed);
    return used;
}

// ---- the budget ----------------------------------------------------------------------------------------------------

uint64_t MemoryBudget::Granted(Heap& heap, const HeapSample& sample) const noexcept
{
    const uint64_t heapBytes = sample.heapBytes != 0 ? std::min(sample.heapBytes, heap.bytes) : heap.bytes;
    heap.others = 0;
    if (!sample.hasDriverNumbers || sample.driverBudgetBytes == 0)
        return Scale(heapBytes, Clean(m_desc.heapShare, 0.8, 1.0));
    const uint64_t ours = std::max(sample.usedBytesBefore, heap.used.load(std::memory_order_relaxed));
    heap.others = Minus(sample.driverUsageBytes, ours);
    // Some drivers grant more than there is.
    return Minus(std::min(sample.driverBudgetBytes, heapBytes), heap.others);
}

void MemoryBudget::Update() noexcept
{
    const double hard = Clean(static_cast<double>(m_desc.hardLimit), 1.0, kMostLimit);
    const double soft = std::min(Clean(static_cast<double>(m_desc.softLimit), 0.8, kMostLimit), hard);
    for (uint32_t i = 0; i < m_count; ++i)
    {
        Heap& heap = m_heaps[i];
        uint64_t budget = Minus(heap.granted, Scale(m_desc.reservedBytes, heap.reservedShare));
        budget = std::min(budget, heap.cap);
        if (heap.limitShare > 0.0 && m_desc.limitBytes != 0)
            budget = std::min(budget, Scale(m_desc.limitBytes, heap.limitShare));
        if (heap.limitShare > 0.0 && !m_focus && m_desc.unfocusedBytes != BudgetDesc::kNoChange)
            budget = std::min(budget, Scale(m_desc.unfocusedBytes, heap.limitShare));
        heap.budget = budget;
        heap.hard.store(std::min(heap.cap, Scale(budget, hard)), std::memory_order_relaxed);
        heap.soft.store(std::min(heap.cap, Scale(budget, soft)), std::memory_order_relaxed);
    }
}

void MemoryBudget::Sample(std::span<const HeapSample> samples, uint64_t nowNs)
{
    struct Crossing
    {
        HeapBudget heap;
        bool soft = false;
        bool hard = false;
    };
    std::array<Crossing, VK_MAX_MEMORY_HEAPS> crossings;
    {
        const std::lock_guard lock(m_mutex);
        const uint64_t elapsedNs = Minus(nowNs, m_sampledNs);
        for (uint32_t i = 0; i < m_count; ++i)
        {
            Heap& heap = m_heaps[i];
            const uint64_t granted = Granted(heap, i < samples.size() ? samples[i] : HeapSample{});
            heap.granted = m_sampled ? Smoothed(heap.granted, granted, elapsedNs, m_desc.smoothingNs) : granted;
        }
        m_sampled = true;
        m_sampledNs = std::max(m_sampledNs, nowNs);
        Update();
        for (uint32_t i = 0; i < m_count; ++i)
        {
            const HeapBudget now = Read(i);
            const bool refused = m_heaps[i].refused.exchange(false, std::memory_order_relaxed);
            crossings[i] = {now, Crosses(now.usedBytes, now.softBytes, false, m_heaps[i].toldSoft),
                            Crosses(now.usedBytes, now.hardBytes, refused, m_heaps[i].toldHard)};
        }
    }
    for (const Crossing& crossing : crossings)
    {
        if (crossing.soft && m_desc.onSoftLimit)
            m_desc.onSoftLimit(crossing.heap);
        if (crossing.hard && m_desc.onHardLimit)
            m_desc.onHardLimit(crossing.heap);
    }
}

void MemoryBudget::SetFocus(bool hasFocus)
{
    const std::lock_guard lock(m_mutex);
    m_focus = hasFocus;
    Update();
}

HeapBudget MemoryBudget::Read(uint32_t index) const noexcept
{
    const Heap& heap = m_heaps[index];
    return {.heap = index,
            .heapBytes = heap.bytes,
            .capBytes = heap.cap,
            .budgetBytes = heap.budget,
            .softBytes = heap.soft.load(std::memory_order_relaxed),
            .hardBytes = heap.hard.load(std::memory_order_relaxed),
            .usedBytes = heap.used.load(std::memory_order_relaxed),
            .othersBytes = heap.others,
            .isDeviceLocal = heap.deviceLocal};
}

HeapBudget MemoryBudget::Of(uint32_t heap) const
{
    if (heap >= m_count)
        return {};
    const std::lock_guard lock(m_mutex);
    return Read(heap);
}
} // namespace sedx
