#include <sedx/typed_buffer.h>

#include "base/error.h"
#include "buffer/buffer_core.h"

#include <sedx/buffer_system.h>

namespace sedx::detail
{
Result<Buffer> CreateElements(BufferSystem& system, const TypedBufferDesc& desc, uint64_t elementBytes,
                              BufferUsage usage, std::span<const std::byte> contents, const std::source_location& where)
{
    return system.Factory().Create({.bytes = BytesOf(desc.count, elementBytes),
                                    .usage = usage | desc.usage,
                                    .memory = desc.memory,
                                    .name = desc.name,
                                    .pinned = desc.pinned},
                                   contents, where);
}

Result<UploadTicket> WriteElements(const Buffer& buffer, uint64_t first, uint64_t elementBytes,
                                   std::span<const std::byte> bytes, const WriteOptions& options)
{
    if (!buffer)
        return Fail(ErrorCode::InvalidArgument, "elements cannot be written to an empty handle");
    BufferSystem* system = buffer.Resource()->core->system.load();
    if (system == nullptr)
        return Fail(ErrorCode::WrongState, "the system of buffer '{}' is gone", buffer.Name());
    return system->Uploads().Write(buffer, BytesOf(first, elementBytes), bytes, options);
}
} // namespace sedx::detail
