// TexelBuffer: texels of a VkFormat, converted when shaders fetch (uniform) or load and store them (storage), with the
// VkBufferView that descriptors need.
//
//     auto palette = TexelBuffer::Create(system, {.format = VK_FORMAT_R8G8B8A8_UNORM, .count = 256, .name = "palette"});
//     palette->Write(0, std::span<const uint32_t>(colors));
//     VkBufferView view = palette->VkView();              // write.pTexelBufferView = &view
//
// The buffer is pinned, so the view stays the same as long as the buffer lives, and goes with its memory: when the last
// handle was dropped and the GPU has passed. A descriptor may keep it until then.
// Does NOT convert on the CPU: bytes are written as the format has them. Thread safety is that of Buffer.
#pragma once

#include <sedx/typed_buffer.h>

namespace sedx
{
struct TexelBufferDesc
{
    VkFormat format = VK_FORMAT_UNDEFINED;
    uint64_t count = 0; // texels, at most maxTexelBufferElements
    std::string name{};
    bool storage = false; // for imageBuffer (load, store); false: for samplerBuffer (fetch)
    MemoryType memory = MemoryType::GPU;
};

class SEDX_API TexelBuffer
{
  public:
    TexelBuffer() noexcept = default;

    // `contents`: of the first texels; without them they are undefined. Errors: MissingFeature (the device cannot use the
    // format so), LimitExceeded, those of BufferSystem::CreateBuffer, UploadQueue::Write and vkCreateBufferView.
    static Result<TexelBuffer> Create(BufferSystem& system, const TexelBufferDesc& desc,
                                      std::span<const std::byte> contents = {},
                                      std::source_location where = std::source_location::current());

    explicit operator bool() const noexcept { return static_cast<bool>(m_buffer); }
    const Buffer& Get() const noexcept { return m_buffer; }
    operator const Buffer&() const noexcept { return m_buffer; } // NOLINT: a texel buffer is a buffer

    VkFormat Format() const noexcept { return m_format; }
    uint32_t TexelBytes() const noexcept { return m_texelBytes; }
    uint64_t Count() const noexcept { return m_texelBytes != 0 ? m_buffer.GetSize() / m_texelBytes : 0; } // texels
    // A range in texels, as bytes; kWhole: to the end. Does NOT check that it lies inside.
    BufferView<> View(uint64_t first = 0, uint64_t count = BufferView<>::kWhole) const
    {
        return BufferView<>(m_buffer).Elements(detail::BytesOf(first, m_texelBytes),
                                               count != BufferView<>::kWhole ? detail::BytesOf(count, m_texelBytes)
                                                                             : count);
    }

    // The view of all texels. Null of an empty handle, and once the system is gone. From here on the buffer counts as in
    // flight whenever any frame is: nobody knows which of them reads it.
    VkBufferView VkView() const noexcept;

    // UploadQueue::Write at texel `first`. Errors: InvalidArgument (T has not the size of a texel), those of
    // UploadQueue::Write, WrongState (the system is gone).
    template <BufferElement T>
    Result<UploadTicket> Write(uint64_t first, std::span<const T> texels, const WriteOptions& options = {}) const
    {
        return WriteAs(sizeof(T), first, std::as_bytes(texels), options);
    }

    friend bool operator==(const TexelBuffer& a, const TexelBuffer& b) noexcept { return a.m_buffer == b.m_buffer; }

  private:
    Result<UploadTicket> WriteAs(size_t texelBytes, uint64_t first, std::span<const std::byte> bytes,
                                 const WriteOptions& options) const;

    Buffer m_buffer;
    VkFormat m_format = VK_FORMAT_UNDEFINED;
    uint32_t m_texelBytes = 0;
};
} // namespace sedx
