#include "support/memory_layout.h"

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>

namespace sedx::test
{
namespace
{
constexpr VkMemoryPropertyFlags kLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
constexpr VkMemoryPropertyFlags kVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
constexpr VkMemoryPropertyFlags kCoherent = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
constexpr uint64_t kGiB = uint64_t{1} << 30;

MemoryLayout Make(const char* name, VkPhysicalDeviceType deviceType, std::vector<simulator::LayoutHeap> heaps,
                  std::vector<VkMemoryType> types)
{
    return {.name = name,
            .device = simulator::DeviceLayout{.name = name,
                                              .deviceName = name,
                                              .deviceType = deviceType,
                                              .heaps = std::move(heaps),
                                              .types = std::move(types)}};
}

MemoryLayout FromEnvironment()
{
    const char* wanted = std::getenv("SEDX_TEST_LAYOUT");
    if (wanted == nullptr || *wanted == '\0')
        return {.name = "Native"};
    auto layout = simulator::DeviceLayout::Find(wanted);
    if (!layout)
    {
        std::fprintf(stderr, "SEDX_TEST_LAYOUT: %s\n", layout.error().message.c_str());
        std::exit(EXIT_FAILURE);
    }
    return {.name = "Native", .device = std::move(*layout)};
}
} // namespace

MemoryLayout MemoryLayout::Native()
{
    static const MemoryLayout layout = FromEnvironment();
    return layout;
}

MemoryLayout MemoryLayout::Discrete()
{
    return Make("Discrete", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU,
                {{.bytes = 8 * kGiB, .flags = VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}, {.bytes = 16 * kGiB}},
                {{0, 1}, {kLocal, 0}, {kVisible | kCoherent, 1}, {kVisible | kCoherent | kCached, 1}});
}

MemoryLayout MemoryLayout::SmallBar()
{
    return Make("SmallBar", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU,
                {{.bytes = 8 * kGiB, .flags = VK_MEMORY_HEAP_DEVICE_LOCAL_BIT},
                 {.bytes = 16 * kGiB},
                 {.bytes = kGiB / 4, .flags = VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}},
                {{kLocal, 0},
                 {kVisible | kCoherent, 1},
                 {kLocal | kVisible | kCoherent, 2},
                 {kVisible | kCoherent | kCached, 1}});
}

MemoryLayout MemoryLayout::NonCoherent()
{
    return Make("NonCoherent", VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU,
                {{.bytes = 8 * kGiB, .flags = VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}},
                {{kLocal, 0}, {kLocal | kVisible | kCached, 0}});
}

std::unique_ptr<simulator::DeviceSimulator> Simulate(const MemoryLayout& layout)
{
    if (!layout.IsSimulated())
        return nullptr;
    auto made = simulator::DeviceSimulator::Create(*layout.device);
    if (!made)
    {
        ADD_FAILURE() << made.error().message;
        return nullptr;
    }
    return std::move(*made);
}
} // namespace sedx::test
