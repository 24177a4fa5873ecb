#include <sedx/vertex_buffer.h>

#include "buffer_types/recording.h"

namespace sedx
{
Result<void> CmdBindVertexBuffer(const Frame& frame, VkCommandBuffer cmd, const Buffer& buffer, uint64_t offset,
                                 uint32_t binding)
{
    const auto recorded = ResolveFor("CmdBindVertexBuffer", frame, cmd, buffer);
    if (!recorded)
        return tl::unexpected(recorded.error());
    if (offset >= buffer.GetSize())
        return Fail(ErrorCode::OutOfRange, "vertices from byte {} on leave buffer '{}' of {} bytes", offset,
                    buffer.Name(), buffer.GetSize());
    const VkDeviceSize begin = recorded->buffer.offset + offset;
    recorded->device->vk.CmdBindVertexBuffers(cmd, binding, 1, &recorded->buffer.buffer, &begin);
    return {};
}
} // namespace sedx
