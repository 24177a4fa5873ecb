// The layouts of real devices with the choice that is right for each of them, written by hand.
#pragma once

#include <sedx/memory_strategy.h>

#include <string>
#include <vector>

namespace sedx::test
{
using Types = std::vector<uint32_t>;

struct KnownLayout
{
    std::string name; // of the file in the data folder
    VkPhysicalDeviceType deviceType;
    std::vector<VkMemoryHeap> heaps; // {bytes, flags}, 1 = device-local
    std::vector<VkMemoryType> types; // {flags, heap}, 1 = device-local, 2 = visible, 4 = coherent, 8 = cached

    MemoryClass expectedClass;
    std::vector<Types> expectedTypes;      // Device, HostWrite, HostRead, DeviceAndHost
    std::vector<uint64_t> expectedCaps;    // by heap
    std::vector<uint32_t> expectedWindows; // heaps that are a small BAR

    MemoryFacts Facts() const;
};

const std::vector<KnownLayout>& KnownLayouts();
} // namespace sedx::test
