#include "memory/usage_rules.h"

#include <algorithm>

namespace sedx
{
namespace
{
constexpr BufferUsage kTransfers = BufferUsage::TransferSrc | BufferUsage::TransferDst;
constexpr BufferUsage kGeneral = kTransfers | BufferUsage::UniformTexel | BufferUsage::StorageTexel |
                                 BufferUsage::Uniform | BufferUsage::Storage | BufferUsage::Index |
                                 BufferUsage::Vertex | BufferUsage::Indirect | BufferUsage::DeviceAddress;
constexpr BufferUsage kRayTracing = BufferUsage::AccelerationStructure | BufferUsage::AccelerationStructureInput |
                                    BufferUsage::ShaderBindingTable | BufferUsage::Scratch;
// VUID-VkAccelerationStructureCreateInfoKHR-offset-03734: a constant of the specification, no limit of the device.
constexpr uint64_t kAccelerationStructureAlignment = 256;
constexpr uint64_t kLeast = 16;
} // namespace

UsageClass ClassOf(BufferUsage completedUsage) noexcept
{
    if (Any(completedUsage & kRayTracing))
        return UsageClass::RayTracing;
    return Any(completedUsage & ~kTransfers) ? UsageClass::General : UsageClass::Transfer;
}

VkBufferUsageFlags UsageOfBlock(UsageClass usageClass, bool hasAccelerationStructures,
                                bool hasRayTracingPipelines) noexcept
{
    if (usageClass == UsageClass::Transfer)
        return VulkanUsage(kTransfers);
    BufferUsage usage = kGeneral;
    if (usageClass == UsageClass::RayTracing && hasAccelerationStructures)
        usage |= BufferUsage::AccelerationStructure | BufferUsage::AccelerationStructureInput;
    if (usageClass == UsageClass::RayTracing && hasRayTracingPipelines)
        usage |= BufferUsage::ShaderBindingTable;
    return VulkanUsage(usage);
}

VkBufferUsageFlags VulkanUsage(BufferUsage completedUsage) noexcept
{
    return static_cast<VkBufferUsageFlags>(completedUsage & ~BufferUsage::Scratch);
}

bool NeedsOwnBuffer(BufferUsage completedUsage, bool isExclusive) noexcept
{
    return isExclusive || Any(completedUsage & (BufferUsage::UniformTexel | BufferUsage::StorageTexel));
}

uint64_t AlignmentOf(BufferUsage completedUsage, const AlignmentLimits& limits) noexcept
{
    uint64_t alignment = kLeast;
    const auto need = [&](BufferUsage usage, uint64_t bytes) {
        if (Any(completedUsage & usage))
            alignment = std::max(alignment, bytes);
    };
    need(BufferUsage::Uniform, limits.uniform);
    need(BufferUsage::Storage, limits.storage);
    need(BufferUsage::UniformTexel | BufferUsage::StorageTexel, limits.texel);
    need(BufferUsage::AccelerationStructure, kAccelerationStructureAlignment);
    need(BufferUsage::Scratch, limits.scratch);
    need(BufferUsage::ShaderBindingTable, limits.shaderGroupBase);
    return alignment;
}
} // namespace sedx
