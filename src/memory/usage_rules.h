// What a usage demands of the place where a buffer lies: alignment, and which buffers may share a VkBuffer. Pure logic.
#pragma once

#include "vulkan/alignment_limits.h"

#include <sedx/buffer.h>

namespace sedx
{
// Buffers of one class share blocks. A block's VkBuffer has all usages of its class.
enum class UsageClass : uint32_t
{
    Transfer,   // staging, read-back: nothing but copies
    General,    // vertices, indices, constants, storage, texels, indirect arguments
    RayTracing, // acceleration structures, their input and scratch, shader binding tables
    Count,
};

UsageClass ClassOf(BufferUsage completedUsage) noexcept;
// Usages of a block's VkBuffer. `hasAccelerationStructures`, `hasRayTracingPipelines`: extensions of the device.
VkBufferUsageFlags UsageOfBlock(UsageClass usageClass, bool hasAccelerationStructures,
                                bool hasRayTracingPipelines) noexcept;
// What Vulkan is told; takes out what is the library's own.
VkBufferUsageFlags VulkanUsage(BufferUsage completedUsage) noexcept;
// Whether it must have a VkBuffer to itself: what belongs to one family of queues, and what VkBufferViews are made of, whose
// format has to be fit for every texel usage of the VkBuffer (VUID-VkBufferViewCreateInfo-format-08778 and 08779).
bool NeedsOwnBuffer(BufferUsage completedUsage, bool isExclusive) noexcept;
// Of the first byte's offset in its VkBuffer; the address follows as far as the driver aligns whole VkBuffers, which is a page
// at least on the devices seen. At least 16: a vec4, and the default of buffer references in GLSL.
uint64_t AlignmentOf(BufferUsage completedUsage, const AlignmentLimits& limits) noexcept;
} // namespace sedx
