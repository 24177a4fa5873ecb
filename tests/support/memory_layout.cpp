#include "support/memory_layout.h"

namespace sedx::test
{
namespace
{
constexpr VkMemoryPropertyFlags kLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
constexpr VkMemoryPropertyFlags kVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
constexpr VkMemoryPropertyFlags kCoherent = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
constexpr VkDeviceSize kGiB = VkDeviceSize{1} << 30;
} // namespace

MemoryLayout MemoryLayout::Native() { return {.name = "Native", .heaps = {}, .types = {}}; }

MemoryLayout MemoryLayout::Discrete()
{
    return {.name = "Discrete",
            .heaps = {{8 * kGiB, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}, {16 * kGiB, 0}},
            .types = {{0, 1}, {kLocal, 0}, {kVisible | kCoherent, 1}, {kVisible | kCoherent | kCached, 1}}};
}

MemoryLayout MemoryLayout::SmallBar()
{
    return {.name = "SmallBar",
            .heaps = {{8 * kGiB, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT},
                      {16 * kGiB, 0},
                      {kGiB / 4, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}},
            .types = {{kLocal, 0},
                      {kVisible | kCoherent, 1},
                      {kLocal | kVisible | kCoherent, 2},
                      {kVisible | kCoherent | kCached, 1}}};
}

MemoryLayout MemoryLayout::NonCoherent()
{
    return {.name = "NonCoherent",
            .heaps = {{8 * kGiB, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}},
            .types = {{kLocal, 0}, {kLocal | kVisible | kCached, 0}}};
}
} // namespace sedx::test
