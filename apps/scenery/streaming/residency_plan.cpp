#include "streaming/residency_plan.h"

#include <algorithm>
#include <numeric>

namespace scenery
{
std::vector<uint32_t> PlanResidency(std::span<const PlanEntry> entries, uint64_t budgetBytes)
{
    std::vector<uint32_t> order(entries.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [entries](uint32_t a, uint32_t b) { return entries[a].distance < entries[b].distance; });
    std::vector<uint32_t> wanted;
    uint64_t used = 0;
    for (const uint32_t index : order)
    {
        const PlanEntry& entry = entries[index];
        const uint64_t bytes = entry.bytes.value_or(0);
        if (entry.failed || bytes > budgetBytes)
            continue;
        if (bytes > budgetBytes - used)
            break;
        used += bytes;
        wanted.push_back(index);
    }
    return wanted;
}
} // namespace scenery
