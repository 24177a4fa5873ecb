// What the tests of CustomMemoryPoolManager share.
#pragma once

#include "support/gpu_test.h"

#include <array>
#include <sedx/custom_memory_pool_manager.h>
#include <string_view>

namespace sedx::test
{
inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr std::array kGuidePools{"vertex", "uniform", "storage", "raytracing"};
inline constexpr VkMemoryPropertyFlags kLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
inline constexpr VkMemoryPropertyFlags kVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
inline constexpr VkMemoryPropertyFlags kCoherent = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
inline constexpr VkMemoryPropertyFlags kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;

inline BufferUsage UsageOf(std::string_view pool)
{
    return pool == "vertex" ? BufferUsage::Vertex : pool == "uniform" ? BufferUsage::Uniform : BufferUsage::Storage;
}
} // namespace sedx::test
