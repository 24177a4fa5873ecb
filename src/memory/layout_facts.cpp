#include "memory/layout_facts.h"

#include <algorithm>

namespace sedx
{
namespace
{
constexpr VkMemoryPropertyFlags kOrdinary = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                            VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
// A heap with another flag (tile memory on Adreno) looks ordinary by its types and is not.
constexpr VkMemoryHeapFlags kOrdinaryHeap = VK_MEMORY_HEAP_DEVICE_LOCAL_BIT | VK_MEMORY_HEAP_MULTI_INSTANCE_BIT;
// Windows of cards without resizable BAR have 214 to 256 MiB; a heap of this size beside much larger device memory is
// taken for one.
constexpr uint64_t kSmallWindow = 512ull << 20;

void MarkWindows(LayoutFacts& layout)
{
    uint64_t largest = 0;
    for (const HeapFacts& heap : layout.heaps)
        if (heap.usable && heap.device)
            largest = std::max(largest, heap.bytes);
    for (HeapFacts& heap : layout.heaps)
    {
        if (!heap.usable || !heap.device || !heap.mappable)
            continue;
        const bool small = heap.bytes <= kSmallWindow && heap.bytes <= largest / 2;
        heap.window = layout.kind == LayoutKind::Window || (layout.kind == LayoutKind::Beside && small);
    }
}
} // namespace

LayoutFacts LookAtLayout(const VkPhysicalDeviceMemoryProperties& memory)
{
    LayoutFacts layout;
    layout.heaps.resize(std::min<uint32_t>(memory.memoryHeapCount, VK_MAX_MEMORY_HEAPS));
    layout.types.resize(std::min<uint32_t>(memory.memoryTypeCount, VK_MAX_MEMORY_TYPES));
    for (size_t i = 0; i < layout.heaps.size(); ++i)
        layout.heaps[i].bytes = memory.memoryHeaps[i].size;
    for (size_t i = 0; i < layout.types.size(); ++i)
    {
        const VkMemoryType& from = memory.memoryTypes[i];
        TypeFacts& type = layout.types[i];
        if (from.heapIndex >= layout.heaps.size())
            continue;
        const VkMemoryPropertyFlags flags = from.propertyFlags;
        const VkMemoryHeapFlags heapFlags = memory.memoryHeaps[from.heapIndex].flags;
        HeapFacts& heap = layout.heaps[from.heapIndex];
        type.heap = from.heapIndex;
        type.usable = (flags & ~kOrdinary) == 0 && (heapFlags & ~kOrdinaryHeap) == 0 && heap.bytes > 0;
        type.visible = (flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) != 0;
        type.coherent = (flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0;
        type.cached = (flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT) != 0;
        if (!type.usable)
            continue;
        heap.usable = true;
        // Types and heap should agree. Where they don't, one word for "device-local" makes the heap so.
        heap.device = heap.device || (heapFlags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0 ||
                      (flags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) != 0;
        heap.mappable = heap.mappable || type.visible;
    }
    for (TypeFacts& type : layout.types)
        type.device = type.usable && layout.heaps[type.heap].device;

    bool host = false;
    bool mappableHost = false;
    for (const HeapFacts& heap : layout.heaps)
    {
        if (!heap.usable)
            continue;
        ++layout.usableHeaps;
        host = host || !heap.device;
        mappableHost = mappableHost || (!heap.device && heap.mappable);
        layout.deviceBytes += heap.device ? heap.bytes : 0;
        layout.mappableBytes += heap.device && heap.mappable ? heap.bytes : 0;
    }
    if (layout.usableHeaps == 0)
        layout.kind = LayoutKind::Nothing;
    else if (layout.deviceBytes == 0)
        layout.kind = mappableHost ? LayoutKind::OneMemory : LayoutKind::Unmappable;
    else if (layout.mappableBytes == 0)
        layout.kind = LayoutKind::Unmappable;
    else if (layout.mappableBytes < layout.deviceBytes - layout.deviceBytes / 10)
        layout.kind = LayoutKind::Window;
    else
        layout.kind = host ? LayoutKind::Beside : LayoutKind::OneMemory;
    MarkWindows(layout);
    return layout;
}
} // namespace sedx
