#include "vulkan/texel_format.h"

#include "base/error.h"
#include "vulkan/texel_block.h"

namespace sedx
{
Result<uint32_t> CheckTexels(const Device& device, VkFormat format, uint64_t bytes, bool storage,
                             const std::string& name)
{
    VkFormatProperties properties{};
    device.InstanceFunctions().GetPhysicalDeviceFormatProperties(device.PhysicalDevice(), format, &properties);
    const VkFormatFeatureFlags wanted =
        storage ? VK_FORMAT_FEATURE_STORAGE_TEXEL_BUFFER_BIT : VK_FORMAT_FEATURE_UNIFORM_TEXEL_BUFFER_BIT;
    const TexelBlock block = BlockOf(format);
    if (block.bytes == 0 || (properties.bufferFeatures & wanted) == 0)
        return Fail(ErrorCode::MissingFeature,
                    "texel buffer '{}': the device cannot use format {} for {} texel buffers", name,
                    static_cast<int>(format), storage ? "storage" : "uniform");
    const uint32_t limit = device.Properties().limits.maxTexelBufferElements;
    if (bytes / block.bytes > limit)
        return Fail(ErrorCode::LimitExceeded, "texel buffer '{}' of {} texels exceeds maxTexelBufferElements of {}",
                    name, bytes / block.bytes, limit);
    if (bytes % block.bytes != 0)
        return Fail(ErrorCode::InvalidArgument, "texel buffer '{}': {} bytes are no whole texels of {} bytes", name,
                    bytes, block.bytes);
    return block.bytes;
}
} // namespace sedx
