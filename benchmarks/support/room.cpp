#include "support/room.h"

#include <algorithm>

namespace bench
{
bool HasRoom(const Context& context, uint64_t deviceBytes, uint64_t hostBytes)
{
    constexpr uint64_t kSpare = 1ull << 30;
    const sedx::Report report = MakeSystem(context)->GetReport();
    uint64_t device = 0;
    uint64_t host = 0;
    for (uint32_t i = 0; i < report.heapCount; ++i)
    {
        const sedx::HeapReport& heap = report.heaps[i];
        const uint64_t used = std::min(heap.budgetBytes, heap.usedBytes);
        uint64_t& most = heap.deviceLocal ? device : host;
        most = std::max(most, heap.budgetBytes - used);
    }
    if (host == 0)
        return device >= deviceBytes + hostBytes + kSpare;
    return device >= deviceBytes + kSpare && host >= hostBytes + kSpare;
}
} // namespace bench
