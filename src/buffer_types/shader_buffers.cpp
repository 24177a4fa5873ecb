// What uniform and storage buffers have in common: descriptors.
#include "base/align.h"
#include "buffer_types/recording.h"

#include <sedx/uniform_buffer.h>

#include <algorithm>

namespace sedx
{
VkDescriptorBufferInfo DescriptorOf(const Frame& frame, const BufferView<>& view) noexcept
{
    const ResolvedBuffer resolved = frame.Resolve(view);
    return {resolved.buffer, resolved.offset, resolved.size};
}

namespace detail
{
Result<UniformSets> CreateUniform(BufferSystem& system, const UniformBufferDesc& desc, uint64_t setBytes,
                                  const std::source_location& where)
{
    const VkPhysicalDeviceLimits& limits = system.GetDevice().Properties().limits;
    if (setBytes > limits.maxUniformBufferRange)
        return Fail(ErrorCode::LimitExceeded,
                    "uniform buffer '{}' of {} bytes exceeds maxUniformBufferRange of {} bytes", desc.name, setBytes,
                    limits.maxUniformBufferRange);
    UniformSets sets;
    sets.stride = AlignUp(setBytes, std::max<uint64_t>(limits.minUniformBufferOffsetAlignment, 1));
    auto buffer = system.Factory().Create({.bytes = BytesOf(desc.count, sets.stride),
                                           .usage = BufferUsage::Uniform,
                                           .memory = desc.memory,
                                           .name = desc.name,
                                           .pinned = desc.pinned},
                                          {}, where);
    if (!buffer)
        return Forward(buffer);
    sets.buffer = std::move(*buffer);
    return sets;
}
} // namespace detail
} // namespace sedx
