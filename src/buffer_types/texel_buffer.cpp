#include <sedx/texel_buffer.h>

#include "buffer_system/system_impl.h"
#include "vulkan/texel_block.h"
#include "vulkan/texel_format.h"

#include <algorithm>

namespace sedx
{
namespace
{
struct TexelView final : BackingPart
{
    explicit TexelView(DeviceState& owner) noexcept : device(owner) {}
    ~TexelView() override { device.vk.DestroyBufferView(device.device, view, nullptr); }
    DeviceState& device;
    VkBufferView view = VK_NULL_HANDLE;
};
} // namespace

Result<TexelBuffer> TexelBuffer::Create(BufferSystem& system, const TexelBufferDesc& desc,
                                        std::span<const std::byte> contents, std::source_location where)
{
    const uint64_t bytes = detail::BytesOf(desc.count, std::max(BlockOf(desc.format).bytes, 1u));
    const auto texelBytes = CheckTexels(system.GetDevice(), desc.format, bytes, desc.storage, desc.name);
    if (!texelBytes)
        return tl::unexpected(texelBytes.error());
    auto buffer =
        system.Factory().Create({.bytes = bytes,
                                 .usage = desc.storage ? BufferUsage::StorageTexel : BufferUsage::UniformTexel,
                                 .memory = desc.memory,
                                 .name = desc.name,
                                 .pinned = true},
                                contents, where);
    if (!buffer)
        return Forward(buffer);
    TexelBuffer made;
    made.m_buffer = std::move(*buffer);
    made.m_format = desc.format;
    made.m_texelBytes = *texelBytes;

    BufferResource& resource = *made.m_buffer.Resource();
    DeviceState& device = resource.core->Device();
    const std::lock_guard lock(resource.mutex);
    if (!resource.backing)
        return Fail(ErrorCode::WrongState, "the system of texel buffer '{}' is gone", desc.name);
    VkBufferViewCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO};
    info.buffer = resource.backing->memory.buffer;
    info.offset = resource.backing->memory.offset;
    info.format = desc.format;
    info.range = bytes;
    auto part = std::make_unique<TexelView>(device);
    const VkResult result = device.Check(device.vk.CreateBufferView(device.device, &info, nullptr, &part->view));
    if (result != VK_SUCCESS)
        return FailVk(result, "creating the view of texel buffer '{}' ({} texels)", desc.name, desc.count);
    device.SetName(VK_OBJECT_TYPE_BUFFER_VIEW, reinterpret_cast<uint64_t>(part->view), desc.name.c_str());
    resource.backing->part = std::move(part);
    return made;
}

VkBufferView TexelBuffer::VkView() const noexcept
{
    if (!m_buffer)
        return VK_NULL_HANDLE;
    BufferResource& resource = *m_buffer.Resource();
    const std::lock_guard lock(resource.mutex);
    if (!resource.backing || !resource.backing->part)
        return VK_NULL_HANDLE;
    resource.backing->UseInEveryFrame();
    return static_cast<const TexelView&>(*resource.backing->part).view;
}

Result<UploadTicket> TexelBuffer::WriteAs(size_t texelBytes, uint64_t first, std::span<const std::byte> bytes,
                                          const WriteOptions& options) const
{
    if (texelBytes != m_texelBytes)
        return Fail(ErrorCode::InvalidArgument, "texel buffer '{}' has texels of {} bytes, not of {}", m_buffer.Name(),
                    m_texelBytes, texelBytes);
    return detail::WriteElements(m_buffer, first, m_texelBytes, bytes, options);
}
} // namespace sedx
