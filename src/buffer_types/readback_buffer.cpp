#include <sedx/readback_buffer.h>

#include "buffer/range.h"
#include "buffer_types/recording.h"

#include <sedx/barriers.h>

namespace sedx::detail
{
Result<void> CmdMakeHostReadable(const Frame& frame, VkCommandBuffer cmd, const Buffer& buffer)
{
    const auto recorded = ResolveFor("CmdMakeReadable", frame, cmd, buffer);
    if (!recorded)
        return tl::unexpected(recorded.error());
    return Barriers().Memory(Use::AnyWrite, Use::HostRead).Cmd(frame, cmd);
}

Result<void> CmdCopyToHost(const Frame& frame, VkCommandBuffer cmd, const BufferView<>& source,
                           const Buffer& destination, uint64_t offset)
{
    const CheckedRange range = Check(source);
    if (!range.valid)
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} leave buffer '{}' of {} bytes", source.offset, source.bytes,
                    source.buffer.Name(), source.buffer.GetSize());
    const auto recorded = ResolveFor("ReadbackBuffer::CmdCopy", frame, cmd, destination);
    if (!recorded)
        return tl::unexpected(recorded.error());
    const auto ordered =
        Barriers().Memory(Use::AnyRead | Use::AnyWrite, Use::TransferRead | Use::TransferWrite).Cmd(frame, cmd);
    if (!ordered)
        return ordered;
    if (auto copied =
            frame.System()->CopyBuffer(frame, cmd, source.buffer, range.offset, destination, offset, range.bytes);
        !copied)
        return copied;
    return CmdMakeHostReadable(frame, cmd, destination);
}

Result<BufferSystem*> CheckPassed(const Buffer& buffer, uint64_t number)
{
    if (!buffer)
        return Fail(ErrorCode::InvalidArgument, "an empty read-back buffer cannot be read");
    BufferCore& core = *buffer.Resource()->core;
    BufferSystem* system = core.system.load();
    if (system == nullptr)
        return Fail(ErrorCode::WrongState, "the system of buffer '{}' is gone", buffer.Name());
    if (number == 0 || number > core.Frames().LastOpened())
        return Fail(ErrorCode::WrongState, "there was no frame {} that could have written buffer '{}'", number,
                    buffer.Name());
    if (core.Frames().Completed() < number)
        system->Internals().Poll();
    if (core.Frames().Completed() < number)
        return Fail(ErrorCode::Busy, "frame {}, which writes buffer '{}', has not passed", number, buffer.Name());
    return system;
}
} // namespace sedx::detail
