// What a device can do with a format in texel buffers.
#pragma once

#include <sedx/device.h>

namespace sedx
{
// Bytes of a texel. Errors: MissingFeature, InvalidArgument (no whole texels), LimitExceeded.
Result<uint32_t> CheckTexels(const Device& device, VkFormat format, uint64_t bytes, bool storage,
                             const std::string& name);
} // namespace sedx
