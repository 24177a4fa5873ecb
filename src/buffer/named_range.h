// Bytes of a buffer as the tracker of hazards wants them.
#pragma once

#include "buffer/buffer_resource.h"
#include "sync/hazard_recorder.h"

namespace sedx
{
// The name is the resource's: it must live as long as the answer.
inline NamedRange NamedRangeOf(const BufferResource& resource, const BufferMemory& memory, uint64_t offset,
                               uint64_t bytes) noexcept
{
    const uint64_t begin = memory.offset + offset;
    return {
        {reinterpret_cast<uint64_t>(memory.buffer), begin, begin + bytes}, memory.offset, resource.id, resource.name};
}
// `offset`: in the buffer, which begins where `resolved` does.
inline NamedRange NamedRangeOf(const Buffer& buffer, const ResolvedBuffer& resolved, uint64_t offset,
                               uint64_t bytes) noexcept
{
    const uint64_t begin = resolved.offset + offset;
    return {{reinterpret_cast<uint64_t>(resolved.buffer), begin, begin + bytes},
            resolved.offset,
            buffer.ID(),
            buffer.Name()};
}
} // namespace sedx
