#include "memory/memory_strategy.h"

#include <algorithm>

namespace sedx
{
namespace
{
constexpr VkMemoryPropertyFlags kDevice = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
constexpr VkMemoryPropertyFlags kVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
constexpr VkMemoryPropertyFlags kCoherent = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
// Types with other properties are for special purposes: lazily allocated, protected, AMD's device-coherent, RDMA.
constexpr VkMemoryPropertyFlags kOrdinary = kDevice | kVisible | kCoherent | kCached;
// A window onto device memory is 214 to 256 MiB on every card without resizable BAR that was looked at.
constexpr VkDeviceSize kSmallWindow = 512ull << 20;

VkMemoryPropertyFlags FlagsOf(const VkPhysicalDeviceMemoryProperties& memory, uint32_t type)
{
    return memory.memoryTypes[type].propertyFlags;
}

// Types ordered by the score a use gives them (negative: cannot be used). Equal scores keep the driver's order, which
// the specification makes a performance order.
template <class Score>
std::vector<uint32_t> Order(const VkPhysicalDeviceMemoryProperties& memory, Score score)
{
    std::vector<uint32_t> types;
    for (uint32_t i = 0; i < memory.memoryTypeCount; ++i)
        if ((FlagsOf(memory, i) & ~kOrdinary) == 0 && score(i) >= 0)
            types.push_back(i);
    std::stable_sort(types.begin(), types.end(), [&](uint32_t a, uint32_t b) { return score(a) > score(b); });
    return types;
}
} // namespace

const char* ToString(MemoryClass memoryClass) noexcept
{
    switch (memoryClass)
    {
    case MemoryClass::Unified: return "unified";
    case MemoryClass::FullBar: return "full BAR";
    case MemoryClass::SmallBar: return "small BAR";
    case MemoryClass::None: return "none mappable";
    case MemoryClass::Software: return "software";
    }
    return "unknown MemoryClass";
}

MemoryClass ClassifyMemory(const VkPhysicalDeviceMemoryProperties& memory, VkPhysicalDeviceType type) noexcept
{
    VkDeviceSize largestDevice = 0;
    VkDeviceSize largestMappable = 0; // device-local and host-visible
    bool hostHeap = false;
    for (uint32_t i = 0; i < memory.memoryTypeCount; ++i)
    {
        const VkMemoryPropertyFlags flags = FlagsOf(memory, i);
        const VkMemoryHeap& heap = memory.memoryHeaps[memory.memoryTypes[i].heapIndex];
        if ((flags & ~kOrdinary) != 0)
            continue;
        if ((heap.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) == 0)
        {
            hostHeap = true;
            continue;
        }
        largestDevice = std::max(largestDevice, heap.size);
        if ((flags & (kDevice | kVisible)) == (kDevice | kVisible))
            largestMappable = std::max(largestMappable, heap.size);
    }
    if (largestMappable == 0)
        return MemoryClass::None;
    if (!hostHeap)
        return type == VK_PHYSICAL_DEVICE_TYPE_CPU ? MemoryClass::Software : MemoryClass::Unified;
    if (largestMappable <= kSmallWindow && largestMappable < largestDevice)
        return MemoryClass::SmallBar;
    // A host heap beside a fully mappable device heap: a discrete card with resizable BAR and an integrated GPU that
    // splits its memory in two look the same.
    if (largestMappable >= largestDevice / 10 * 9)
        return type == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU ? MemoryClass::Unified : MemoryClass::FullBar;
    return MemoryClass::SmallBar; // mappable in part: a window is no place for everything
}

MemoryStrategy ChooseMemory(const VkPhysicalDeviceMemoryProperties& memory, VkPhysicalDeviceType type)
{
    MemoryStrategy strategy;
    strategy.memoryClass = ClassifyMemory(memory, type);
    const bool direct = strategy.memoryClass != MemoryClass::SmallBar && strategy.memoryClass != MemoryClass::None;
    const auto has = [&](uint32_t i, VkMemoryPropertyFlags flags) { return (FlagsOf(memory, i) & flags) == flags; };

    strategy.gpu.types = Order(memory, [&](uint32_t i) {
        if (!has(i, kDevice))
            return 0; // the last resort: host memory that the GPU reads over the bus
        if (has(i, kVisible))
            return direct ? (has(i, kCoherent) ? 4 : 3) : 1; // the small window comes after everything but host memory
        return direct ? 2 : 4;
    });
    strategy.cpu.types = Order(memory, [&](uint32_t i) {
        if (!has(i, kVisible))
            return -1;
        int score = has(i, kCoherent) ? 4 : 0;
        score += has(i, kDevice) ? (direct && strategy.memoryClass != MemoryClass::FullBar ? 2 : 0) : 2;
        return score + (has(i, kCached) ? 0 : 1); // written in order, never read: write-combined is as good
    });
    strategy.readback.types = Order(memory, [&](uint32_t i) {
        if (!has(i, kVisible))
            return -1;
        int score = has(i, kCached) ? 8 : 0; // reading uncached memory is 30 to 60 times slower
        score += has(i, kDevice) && strategy.memoryClass == MemoryClass::FullBar ? 0 : 2;
        return score + (has(i, kCoherent) ? 1 : 0);
    });

    strategy.gpu.reason = direct ? "device memory that the CPU can write in place"
                          : strategy.memoryClass == MemoryClass::SmallBar
                              ? "device memory outside of the small mappable window, filled through staging"
                              : "device memory, filled through staging";
    strategy.cpu.reason = "memory that the CPU writes in order and the GPU reads";
    const bool cached = !strategy.readback.types.empty() && has(strategy.readback.types.front(), kCached);
    strategy.readback.reason = cached ? "host-cached memory, fast for the CPU to read"
                                      : "host memory without cache: this device has none that is cached";
    return strategy;
}
} // namespace sedx
