// IndexBuffer: indices of 8, 16 or 32 bits. Which of them is known at run time, so that meshes of all kinds lie in one array.
//
//     auto order = IndexBuffer::Create(system, std::span<const uint16_t>(indices), "rock");
//     order->CmdBind(frame, cmd);
//     vkCmdDrawIndexed(cmd, static_cast<uint32_t>(order->Count()), 1, 0, 0, 0);
//
// 8 bits need the feature indexTypeUint8 of the device: DeviceDesc::featureChain, or the engine's own. Does NOT look at the
// indices: that they lie inside the vertex buffer is the caller's affair. A handle like Buffer, with its thread safety.
#pragma once

#include <sedx/typed_buffer.h>

#include <type_traits>

namespace sedx
{
template <class T>
concept IndexElement = std::is_same_v<T, uint8_t> || std::is_same_v<T, uint16_t> || std::is_same_v<T, uint32_t>;

template <IndexElement I>
inline constexpr VkIndexType kIndexType = sizeof(I) == 1   ? VK_INDEX_TYPE_UINT8_EXT
                                          : sizeof(I) == 2 ? VK_INDEX_TYPE_UINT16
                                                           : VK_INDEX_TYPE_UINT32;

// Bytes of one index; 0: not a type that buffers hold.
constexpr uint32_t IndexBytes(VkIndexType type) noexcept
{
    switch (type)
    {
    case VK_INDEX_TYPE_UINT8_EXT: return 1;
    case VK_INDEX_TYPE_UINT16: return 2;
    case VK_INDEX_TYPE_UINT32: return 4;
    default: return 0;
    }
}

class SEDX_API IndexBuffer
{
  public:
    IndexBuffer() noexcept = default;
    // The indices of a buffer that is there already. Its usage is the caller's affair.
    IndexBuffer(Buffer buffer, VkIndexType type) noexcept : m_buffer(std::move(buffer)), m_type(type) {}

    // The contents are undefined; `contents`: of the first indices, as they lie in memory.
    // Errors: InvalidArgument (not an index type), MissingFeature (indexTypeUint8 is not enabled), those of
    // BufferSystem::CreateBuffer and UploadQueue::Write.
    static Result<IndexBuffer> Create(BufferSystem& system, VkIndexType type, const TypedBufferDesc& desc,
                                      std::span<const std::byte> contents = {},
                                      std::source_location where = std::source_location::current());
    // Holds these indices.
    template <IndexElement I>
    static Result<IndexBuffer> Create(BufferSystem& system, std::span<const I> indices, std::string name = "",
                                      std::source_location where = std::source_location::current())
    {
        return Create(system, kIndexType<I>, {.count = indices.size(), .name = std::move(name)}, std::as_bytes(indices),
                      where);
    }

    explicit operator bool() const noexcept { return static_cast<bool>(m_buffer); }
    const Buffer& Get() const noexcept { return m_buffer; }
    operator const Buffer&() const noexcept { return m_buffer; } // NOLINT: an index buffer is a buffer

    VkIndexType Type() const noexcept { return m_type; }
    uint64_t Count() const noexcept // indices
    {
        const uint32_t bytes = IndexBytes(m_type);
        return bytes != 0 ? m_buffer.GetSize() / bytes : 0;
    }
    // A range in indices, as bytes; kWhole: to the end. Does NOT check that it lies inside.
    BufferView<> View(uint64_t first = 0, uint64_t count = BufferView<>::kWhole) const
    {
        const uint64_t bytes = IndexBytes(m_type);
        return BufferView<>(m_buffer).Elements(detail::BytesOf(first, bytes),
                                               count != BufferView<>::kWhole ? detail::BytesOf(count, bytes) : count);
    }

    // UploadQueue::Write at index `first`. Errors: InvalidArgument (indices of another width), those of
    // UploadQueue::Write, WrongState (the system is gone).
    template <IndexElement I>
    Result<UploadTicket> Write(uint64_t first, std::span<const I> indices, const WriteOptions& options = {}) const
    {
        return WriteAs(kIndexType<I>, first, std::as_bytes(indices), options);
    }

    // vkCmdBindIndexBuffer, from index `first` on. Errors: InvalidArgument (no buffer or command buffer), OutOfRange,
    // WrongState (frame not open).
    Result<void> CmdBind(const Frame& frame, VkCommandBuffer cmd, uint64_t first = 0) const;

    friend bool operator==(const IndexBuffer&, const IndexBuffer&) = default;

  private:
    Result<UploadTicket> WriteAs(VkIndexType type, uint64_t first, std::span<const std::byte> bytes,
                                 const WriteOptions& options) const;

    Buffer m_buffer;
    VkIndexType m_type = VK_INDEX_TYPE_UINT32;
};
} // namespace sedx
