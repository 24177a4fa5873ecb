// VertexBuffer<T>: vertices, or what is read once an instance.
//
//     auto rock = VertexBuffer<Vertex>::Create(system, vertices, "rock");    // created and filled
//     pipelineInfo... = VertexBuffer<Vertex>::Binding(0);                    // stride and rate for the pipeline
//     rock->CmdBind(frame, cmd);
//     vkCmdDraw(cmd, static_cast<uint32_t>(rock->Count()), 1, 0, 0);
//
// Does NOT describe the attributes: locations and formats are the shader's. All of it is thread-safe, except for what goes
// into one command buffer.
#pragma once

#include <sedx/typed_buffer.h>

namespace sedx
{
// vkCmdBindVertexBuffers for one buffer, of any type, from byte `offset` on. What the frame resolves is what is bound.
// Errors: InvalidArgument (no buffer or command buffer), OutOfRange (`offset` is not inside), WrongState (frame not open).
SEDX_API Result<void> CmdBindVertexBuffer(const Frame& frame, VkCommandBuffer cmd, const Buffer& buffer,
                                          uint64_t offset = 0, uint32_t binding = 0);

template <BufferElement T>
class VertexBuffer : public TypedBuffer<T>
{
  public:
    using TypedBuffer<T>::TypedBuffer;
    static constexpr uint32_t kStride = sizeof(T); // bytes; limited by maxVertexInputBindingStride

    // The contents are undefined. Errors: those of BufferSystem::CreateBuffer.
    static Result<VertexBuffer> Create(BufferSystem& system, const TypedBufferDesc& desc,
                                       std::source_location where = std::source_location::current())
    {
        return Make(detail::CreateElements(system, desc, sizeof(T), BufferUsage::Vertex, {}, where));
    }
    // Holds these vertices. Errors: also those of UploadQueue::Write.
    static Result<VertexBuffer> Create(BufferSystem& system, std::span<const T> vertices, std::string name = "",
                                       std::source_location where = std::source_location::current())
    {
        return Make(detail::CreateElements(system, {.count = vertices.size(), .name = std::move(name)}, sizeof(T),
                                           BufferUsage::Vertex, std::as_bytes(vertices), where));
    }

    // For VkPipelineVertexInputStateCreateInfo.
    static constexpr VkVertexInputBindingDescription Binding(
        uint32_t binding = 0, VkVertexInputRate rate = VK_VERTEX_INPUT_RATE_VERTEX) noexcept
    {
        return {binding, kStride, rate};
    }
    // Binds from vertex `first` on. Errors: those of CmdBindVertexBuffer.
    Result<void> CmdBind(const Frame& frame, VkCommandBuffer cmd, uint32_t binding = 0, uint64_t first = 0) const
    {
        return CmdBindVertexBuffer(frame, cmd, this->Get(), detail::BytesOf(first, sizeof(T)), binding);
    }

  private:
    static Result<VertexBuffer> Make(Result<Buffer> made)
    {
        return std::move(made).map([](Buffer buffer) { return VertexBuffer(std::move(buffer)); });
    }
};
} // namespace sedx
