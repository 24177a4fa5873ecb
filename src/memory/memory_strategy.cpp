#include "memory/layout_facts.h"

#include <algorithm>
#include <fmt/format.h>

namespace sedx
{
namespace
{
constexpr uint64_t kMiB = 1ull << 20;

// Usable types ordered by the score a use gives them (negative: cannot be used). Equal scores keep the driver's order,
// which the specification makes a performance order.
template <class Score>
std::vector<uint32_t> Order(const LayoutFacts& layout, Score score)
{
    std::vector<uint32_t> types;
    for (uint32_t i = 0; i < layout.types.size(); ++i)
        if (layout.types[i].usable && score(layout.types[i]) >= 0)
            types.push_back(i);
    std::stable_sort(types.begin(), types.end(),
                     [&](uint32_t a, uint32_t b) { return score(layout.types[a]) > score(layout.types[b]); });
    return types;
}

bool IsWindow(const LayoutFacts& layout, const TypeFacts& type) { return layout.heaps[type.heap].window; }

// Device: device memory, then host memory that the GPU reads over the bus, then host memory of no use for the CPU, and
// the window only when everything else is full: filling it stalls the whole system.
int DeviceScore(const LayoutFacts& layout, const TypeFacts& type)
{
    if (IsWindow(layout, type))
        return 0;
    if (!type.device)
        return !type.visible ? 1 : !type.coherent ? 2 : type.cached ? 3 : 4; // cached memory is snooped, thus slower
    if (!type.visible)
        return 6;
    // Mappable memory costs nothing and saves the staging copy. On a card, memory that is mappable but not coherent is
    // a mirror in host memory ("managed"): plain device memory is better.
    return type.coherent ? 8 : layout.kind == LayoutKind::OneMemory ? 7 : 5;
}

// Where the CPU's memory is looked for: host memory, then device memory, then the window.
int HostRank(const LayoutFacts& layout, const TypeFacts& type)
{
    return IsWindow(layout, type) ? 0 : type.device ? 1 : 2;
}

// Written in order and never read by the CPU: uncached memory is as fast to write, and faster for the GPU to read.
int WriteScore(const TypeFacts& type) { return (type.coherent ? 2 : 0) + (type.cached ? 0 : 1); }

std::string DeviceReason(const LayoutFacts& layout, bool inPlace)
{
    switch (layout.kind)
    {
    case LayoutKind::OneMemory: return inPlace ? "memory that CPU and GPU share, written in place" : "the only memory";
    case LayoutKind::Beside:
        return inPlace ? "device memory that the CPU can write in place" : "device memory, filled through staging";
    case LayoutKind::Window: return "device memory outside of the small mappable window, filled through staging";
    case LayoutKind::Unmappable: return "device memory, filled through staging";
    case LayoutKind::Nothing: break;
    }
    return "nowhere: the device has no memory type for buffers";
}

std::string HostReason(const LayoutFacts& layout, const Placement& placement, bool read)
{
    if (placement.types.empty())
        return "nowhere: the device has no memory type that the CPU can map";
    const TypeFacts& first = layout.types[placement.types.front()];
    const char* flush = first.coherent ? "" : read ? ", invalidated before it is read" : ", flushed after writing";
    if (read && !first.cached)
        return fmt::format("memory without cache, slow for the CPU to read: this device has none that is cached{}",
                           flush);
    if (IsWindow(layout, first))
        return fmt::format("the small mappable window: there is no other memory for it{}", flush);
    if (read)
        return fmt::format("host-cached memory, fast for the CPU to read{}", flush);
    return fmt::format("{} that the CPU writes in order and the GPU reads{}", first.device ? "memory" : "host memory",
                       flush);
}

std::string DirectReason(const LayoutFacts& layout, const Placement& placement)
{
    if (placement.types.empty())
        return "nowhere: the device has no memory type that the CPU can map";
    const TypeFacts& first = layout.types[placement.types.front()];
    if (!first.device && layout.kind != LayoutKind::OneMemory)
        return "host memory, as device memory cannot be mapped";
    if (IsWindow(layout, first))
        return "the small mappable window onto device memory, for tiny data of one frame";
    return layout.kind == LayoutKind::OneMemory ? "memory that CPU and GPU share"
                                                : "device memory that the CPU writes once and in order";
}

void Classify(MemoryStrategy& strategy, const LayoutFacts& layout, VkPhysicalDeviceType type)
{
    const auto is = [&](MemoryClass memoryClass, std::string reason) {
        strategy.memoryClass = memoryClass;
        strategy.classReason = std::move(reason);
    };
    switch (layout.kind)
    {
    case LayoutKind::Nothing: return is(MemoryClass::None, "the device has no memory type for buffers");
    case LayoutKind::Unmappable: return is(MemoryClass::None, "the CPU can map no device memory");
    case LayoutKind::Window:
        return is(MemoryClass::SmallBar, fmt::format("the CPU can map {} of {} MiB of device memory",
                                                     layout.mappableBytes / kMiB, layout.deviceBytes / kMiB));
    case LayoutKind::OneMemory:
        if (layout.usableHeaps == 1 && type == VK_PHYSICAL_DEVICE_TYPE_CPU)
            return is(MemoryClass::Software, "there is one memory heap, and the device is a CPU");
        return is(MemoryClass::Unified, "all memory can be mapped, and there is none beside it");
    case LayoutKind::Beside:
        // A card with resizable BAR, and an integrated GPU whose driver splits its memory in two, look the same.
        if (type == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU)
            return is(MemoryClass::Unified, "device memory can be mapped, and the device is an integrated GPU");
        return is(MemoryClass::FullBar, fmt::format("the CPU can map {} of {} MiB of device memory, beside host memory",
                                                    layout.mappableBytes / kMiB, layout.deviceBytes / kMiB));
    }
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

const char* ToString(PlacementKind kind) noexcept
{
    switch (kind)
    {
    case PlacementKind::Device: return "device";
    case PlacementKind::HostWrite: return "host write";
    case PlacementKind::HostRead: return "host read";
    case PlacementKind::DeviceAndHost: return "device and host";
    case PlacementKind::Count: break;
    }
    return "unknown PlacementKind";
}

PlacementKind PlacementOf(MemoryType memory) noexcept
{
    switch (memory)
    {
    case MemoryType::GPU: return PlacementKind::Device;
    case MemoryType::CPU: return PlacementKind::HostWrite;
    case MemoryType::Readback: return PlacementKind::HostRead;
    case MemoryType::GPUUpload: return PlacementKind::DeviceAndHost;
    }
    return PlacementKind::Device;
}

MemoryStrategy ChooseMemory(const MemoryFacts& facts)
{
    const LayoutFacts layout = LookAtLayout(facts.memory);
    MemoryStrategy strategy;
    Classify(strategy, layout, facts.deviceType);
    const auto of = [&](PlacementKind kind) -> Placement& { return strategy.placements[static_cast<size_t>(kind)]; };

    Placement& device = of(PlacementKind::Device);
    device.types = Order(layout, [&](const TypeFacts& type) { return DeviceScore(layout, type); });
    strategy.writesInPlace = !device.types.empty() && layout.types[device.types.front()].visible &&
                             (layout.kind == LayoutKind::OneMemory || layout.kind == LayoutKind::Beside);
    device.reason = DeviceReason(layout, strategy.writesInPlace);

    Placement& write = of(PlacementKind::HostWrite);
    write.types = Order(layout, [&](const TypeFacts& type) {
        return type.visible ? 4 * HostRank(layout, type) + WriteScore(type) : -1;
    });
    write.reason = HostReason(layout, write, false);

    Placement& read = of(PlacementKind::HostRead);
    read.types = Order(layout, [&](const TypeFacts& type) {
        // Reading memory without cache is many times slower: the cache comes before everything else.
        return type.visible ? (type.cached ? 8 : 0) + 2 * HostRank(layout, type) + (type.coherent ? 1 : 0) : -1;
    });
    read.reason = HostReason(layout, read, true);

    Placement& direct = of(PlacementKind::DeviceAndHost);
    direct.types = Order(layout, [&](const TypeFacts& type) {
        const int rank = !type.device ? 0 : IsWindow(layout, type) ? 1 : 2;
        return type.visible ? 4 * rank + WriteScore(type) : -1;
    });
    direct.reason = DirectReason(layout, direct);

    strategy.heaps = RulesOfHeaps(facts, layout);
    for (const TypeFacts& type : layout.types)
    {
        const bool flushed = type.visible && !type.coherent;
        strategy.atomBytes.push_back(flushed ? std::max<uint64_t>(facts.nonCoherentAtomSize, 1) : 1);
    }
    strategy.blocksByPriority = facts.memoryPriority || facts.pageableDeviceLocalMemory;
    return strategy;
}
} // namespace sedx
