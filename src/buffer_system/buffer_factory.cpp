#include "base/error.h"
#include "vulkan/texel_format.h"

#include <sedx/buffer_system.h>
#include <sedx/profile.h>

namespace sedx
{
uint32_t CommandBytes(IndirectKind kind) noexcept
{
    switch (kind)
    {
    case IndirectKind::Draw: return sizeof(VkDrawIndirectCommand);
    case IndirectKind::DrawIndexed: return sizeof(VkDrawIndexedIndirectCommand);
    case IndirectKind::Dispatch: return sizeof(VkDispatchIndirectCommand);
    case IndirectKind::MeshTasks: return sizeof(VkDrawMeshTasksIndirectCommandEXT);
    }
    return 0;
}

Result<Buffer> BufferFactory::Create(const BufferDesc& desc, std::span<const std::byte> contents,
                                     std::source_location where)
{
    SEDX_PROFILE_SCOPE("BufferFactory::Create");
    if (contents.size() > desc.bytes)
        return Fail(ErrorCode::OutOfRange, "buffer '{}' of {} bytes cannot hold {} bytes", desc.name, desc.bytes,
                    contents.size());
    if (!contents.empty() && contents.data() == nullptr)
        return Fail(ErrorCode::InvalidArgument, "buffer '{}': {} bytes at a null pointer", desc.name, contents.size());
    auto buffer = m_system->CreateBuffer(desc, where);
    if (!buffer || contents.empty())
        return buffer;
    if (auto ticket = m_system->Uploads().Write(*buffer, 0, contents); !ticket)
        return Forward(ticket);
    return buffer;
}

Result<Buffer> BufferFactory::CreateFilled(BufferUsage usage, MemoryType memory, size_t dataSize,
                                           const std::string& name, std::span<const std::byte> data)
{
    return Create({dataSize, usage, memory, name, false}, data);
}

Result<Buffer> BufferFactory::CreateVertexBuffer(const void* vertexData, size_t dataSize, const std::string& name)
{
    return CreateFilled(BufferUsage::Vertex, MemoryType::GPU, dataSize, name,
                        {static_cast<const std::byte*>(vertexData), dataSize});
}

Result<Buffer> BufferFactory::CreateIndexBuffer(const void* indexData, size_t dataSize, const std::string& name)
{
    return CreateFilled(BufferUsage::Index, MemoryType::GPU, dataSize, name,
                        {static_cast<const std::byte*>(indexData), dataSize});
}

Result<Buffer> BufferFactory::CreateDynamicUniformBuffer(size_t dataSize, const std::string& name,
                                                         std::span<const std::byte> data)
{
    const uint32_t limit = m_system->GetDevice().Properties().limits.maxUniformBufferRange;
    if (dataSize > limit)
        return Fail(ErrorCode::LimitExceeded,
                    "uniform buffer '{}' of {} bytes exceeds maxUniformBufferRange of {} bytes", name, dataSize, limit);
    return CreateFilled(BufferUsage::Uniform, MemoryType::CPU, dataSize, name, data);
}

Result<Buffer> BufferFactory::CreateStorageBuffer(size_t dataSize, bool cpuAccess, const std::string& name,
                                                  std::span<const std::byte> data)
{
    return CreateFilled(BufferUsage::Storage, cpuAccess ? MemoryType::CPU : MemoryType::GPU, dataSize, name, data);
}

Result<IndirectBuffers> BufferFactory::CreateIndirectBuffer(IndirectKind kind, size_t commandCount,
                                                            const std::string& name,
                                                            std::span<const std::byte> commands, bool withCount)
{
    const size_t stride = CommandBytes(kind);
    if (commandCount == 0 || commandCount > SIZE_MAX / stride)
        return Fail(ErrorCode::InvalidArgument, "indirect buffer '{}' cannot hold {} commands", name, commandCount);
    if (commands.size() % stride != 0)
        return Fail(ErrorCode::InvalidArgument, "indirect buffer '{}': {} bytes are no whole commands of {} bytes",
                    name, commands.size(), stride);
    IndirectBuffers made;
    auto buffer = CreateFilled(BufferUsage::Indirect | BufferUsage::Storage, MemoryType::GPU, commandCount * stride,
                               name, commands);
    if (!buffer)
        return Forward(buffer);
    made.commands = std::move(*buffer);
    if (withCount)
    {
        const uint32_t count = static_cast<uint32_t>(commands.size() / stride);
        auto counter = CreateFilled(BufferUsage::Indirect | BufferUsage::Storage, MemoryType::GPU, sizeof(count),
                                    name + " count", std::as_bytes(std::span(&count, 1)));
        if (!counter)
            return Forward(counter);
        made.count = std::move(*counter);
    }
    return made;
}

Result<Buffer> BufferFactory::CreateIndirectBuffer(size_t commandCount, const std::string& name)
{
    auto made = CreateIndirectBuffer(IndirectKind::Draw, commandCount, name, {}, false);
    if (!made)
        return Forward(made);
    return std::move(made->commands);
}

Result<Buffer> BufferFactory::CreateStagingBuffer(size_t dataSize, const std::string& name,
                                                  std::span<const std::byte> data)
{
    return CreateFilled(BufferUsage::TransferSrc, MemoryType::CPU, dataSize, name, data);
}

Result<Buffer> BufferFactory::CreateReadbackBuffer(size_t dataSize, const std::string& name)
{
    return CreateFilled(BufferUsage::TransferDst, MemoryType::Readback, dataSize, name, {});
}

Result<Buffer> BufferFactory::CreateTexelBuffer(VkFormat format, size_t dataSize, bool storage, const std::string& name,
                                                std::span<const std::byte> data)
{
    auto texelBytes = CheckTexels(m_system->GetDevice(), format, dataSize, storage, name);
    if (!texelBytes)
        return Forward(texelBytes);
    return CreateFilled(storage ? BufferUsage::StorageTexel : BufferUsage::UniformTexel, MemoryType::GPU, dataSize,
                        name, data);
}
} // namespace sedx
