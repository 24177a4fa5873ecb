// What functions have in common that record commands with a buffer.
#pragma once

#include "buffer/buffer_core.h"
#include "buffer/named_range.h"
#include "buffer_system/system_impl.h"

namespace sedx
{
struct Recorded
{
    ResolvedBuffer buffer;
    const DeviceState* device = nullptr;
};

// The buffer as the frame has it. `what` names the function.
inline Result<Recorded> ResolveFor(const char* what, const Frame& frame, VkCommandBuffer cmd, const Buffer& buffer)
{
    if (!buffer || cmd == VK_NULL_HANDLE)
        return Fail(ErrorCode::InvalidArgument, "{} of buffer '{}' needs a buffer and a command buffer", what,
                    buffer.Name());
    const ResolvedBuffer resolved = frame.Resolve(buffer);
    if (!resolved)
        return Fail(ErrorCode::WrongState, "{} of buffer '{}': frame {} is not open, or not of its system", what,
                    buffer.Name(), frame.Number());
    return Recorded{resolved, &frame.System()->Internals().core->Device()};
}

// Tells the tracker of hazards that the command just recorded does this to bytes of the buffer, counted from its begin.
inline void NoteAccess(const Frame& frame, VkCommandBuffer cmd, const Buffer& buffer, const ResolvedBuffer& resolved,
                       uint64_t offset, uint64_t bytes, Use use)
{
    if (HazardRecorder* const hazards = frame.System()->Internals().core->Hazards())
        hazards->OnAccess(frame.Number(), cmd, NamedRangeOf(buffer, resolved, offset, bytes), use, {}, false);
}
} // namespace sedx
