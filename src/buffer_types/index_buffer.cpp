#include <sedx/index_buffer.h>

#include "buffer_types/recording.h"

namespace sedx
{
Result<IndexBuffer> IndexBuffer::Create(BufferSystem& system, VkIndexType type, const TypedBufferDesc& desc,
                                        std::span<const std::byte> contents, std::source_location where)
{
    if (IndexBytes(type) == 0)
        return Fail(ErrorCode::InvalidArgument, "index buffer '{}': type {} is not one of 8, 16 or 32 bits", desc.name,
                    static_cast<int>(type));
    const DeviceState& device = system.Internals().core->Device();
    if (type == VK_INDEX_TYPE_UINT8_EXT && !device.features.indexTypeUint8)
        return Fail(ErrorCode::MissingFeature,
                    "index buffer '{}' has indices of 8 bits, but device '{}' was made without indexTypeUint8",
                    desc.name, device.name);
    return detail::CreateElements(system, desc, IndexBytes(type), BufferUsage::Index, contents, where)
        .map([type](Buffer buffer) { return IndexBuffer(std::move(buffer), type); });
}

Result<UploadTicket> IndexBuffer::WriteAs(VkIndexType type, uint64_t first, std::span<const std::byte> bytes,
                                          const WriteOptions& options) const
{
    if (type != m_type)
        return Fail(ErrorCode::InvalidArgument, "index buffer '{}' has indices of {} bytes, not of {}", m_buffer.Name(),
                    IndexBytes(m_type), IndexBytes(type));
    return detail::WriteElements(m_buffer, first, IndexBytes(type), bytes, options);
}

Result<void> IndexBuffer::CmdBind(const Frame& frame, VkCommandBuffer cmd, uint64_t first) const
{
    const auto recorded = ResolveFor("IndexBuffer::CmdBind", frame, cmd, m_buffer);
    if (!recorded)
        return tl::unexpected(recorded.error());
    if (first >= Count())
        return Fail(ErrorCode::OutOfRange, "index {} is not in buffer '{}' of {} indices", first, m_buffer.Name(),
                    Count());
    recorded->device->vk.CmdBindIndexBuffer(cmd, recorded->buffer.buffer,
                                            recorded->buffer.offset + first * IndexBytes(m_type), m_type);
    return {};
}
} // namespace sedx
