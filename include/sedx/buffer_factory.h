// BufferFactory: one call creates and fills a buffer of a standard kind.
//
//     auto vertices = factory.CreateVertexBuffer(std::span<const Vertex>(mesh.vertices), "rock");
//     auto indices = factory.CreateIndexBuffer(std::span<const uint32_t>(mesh.indices), "rock");
//
// Filling never waits for the GPU; frames that are submitted later see the data. Every function is thread-safe and
// fails like BufferSystem::CreateBuffer and UploadQueue::Write.
#pragma once

#include <sedx/upload_queue.h>

namespace sedx
{
enum class IndirectKind : uint32_t
{
    Draw,        // VkDrawIndirectCommand
    DrawIndexed, // VkDrawIndexedIndirectCommand
    Dispatch,    // VkDispatchIndirectCommand
    MeshTasks,   // VkDrawMeshTasksIndirectCommandEXT
};
// Bytes of one command, also its stride.
SEDX_API uint32_t CommandBytes(IndirectKind kind) noexcept;

// Commands and, if asked for, the uint32_t that says how many of them to run. Both may be written by shaders.
struct IndirectBuffers
{
    Buffer commands{};
    Buffer count{}; // empty unless asked for
};

class SEDX_API BufferFactory
{
  public:
    explicit BufferFactory(BufferSystem& system) noexcept : m_system(&system) {}

    // Any buffer, filled from the front if there are contents: what types of buffers are made with. `where` is what the leak
    // report names. Errors: also OutOfRange (more contents than bytes), InvalidArgument (contents at a null pointer).
    Result<Buffer> Create(const BufferDesc& desc, std::span<const std::byte> contents = {},
                          std::source_location where = std::source_location::current());

    Result<Buffer> CreateVertexBuffer(const void* vertexData, size_t dataSize, const std::string& name = "");
    template <BufferElement T>
    Result<Buffer> CreateVertexBuffer(std::span<const T> vertices, const std::string& name = "")
    {
        return CreateVertexBuffer(vertices.data(), vertices.size_bytes(), name);
    }

    // 8-bit indices need the indexTypeUint8 feature of the device the engine made.
    Result<Buffer> CreateIndexBuffer(const void* indexData, size_t dataSize, const std::string& name = "");
    template <class T>
    requires std::is_same_v<T, uint8_t> || std::is_same_v<T, uint16_t> || std::is_same_v<T, uint32_t> Result<Buffer>
    CreateIndexBuffer(std::span<const T> indices, const std::string& name = "")
    {
        return CreateIndexBuffer(indices.data(), indices.size_bytes(), name);
    }

    // CPU memory, for data rewritten often with MapMode::WriteDiscard. For data rewritten every frame use RingBuffer.
    // Errors: LimitExceeded beyond maxUniformBufferRange.
    Result<Buffer> CreateDynamicUniformBuffer(size_t dataSize, const std::string& name = "",
                                              std::span<const std::byte> data = {});

    Result<Buffer> CreateStorageBuffer(size_t dataSize, bool cpuAccess = false, const std::string& name = "",
                                       std::span<const std::byte> data = {});
    template <BufferElement T>
    Result<Buffer> CreateStorageBuffer(std::span<const T> elements, const std::string& name = "")
    {
        return CreateStorageBuffer(elements.size_bytes(), false, name, std::as_bytes(elements));
    }

    // Indirect buffers are storage buffers too: compute shaders may write them. `commands` is empty (contents undefined,
    // count 0) or holds at most commandCount commands; then the count is their number.
    Result<IndirectBuffers> CreateIndirectBuffer(IndirectKind kind, size_t commandCount, const std::string& name = "",
                                                 std::span<const std::byte> commands = {}, bool withCount = false);
    // VkDrawIndirectCommand, as in the guide.
    Result<Buffer> CreateIndirectBuffer(size_t commandCount, const std::string& name = "");

    // Mappable memory to copy from, filled if data is given.
    Result<Buffer> CreateStagingBuffer(size_t dataSize, const std::string& name = "",
                                       std::span<const std::byte> data = {});
    // Mappable memory to copy to; host-cached where the device can.
    Result<Buffer> CreateReadbackBuffer(size_t dataSize, const std::string& name = "");

    // A buffer for VkBufferViews of `format`; `storage` for imageStore access. Errors: MissingFeature if the device
    // cannot use the format so, LimitExceeded beyond maxTexelBufferElements. TexelBuffer has the view, too.
    Result<Buffer> CreateTexelBuffer(VkFormat format, size_t dataSize, bool storage = false,
                                     const std::string& name = "", std::span<const std::byte> data = {});

  private:
    Result<Buffer> CreateFilled(BufferUsage usage, MemoryType memory, size_t dataSize, const std::string& name,
                                std::span<const std::byte> data);
    BufferSystem* m_system;
};
} // namespace sedx
