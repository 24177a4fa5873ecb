// Host visibility: what makes bytes written by the CPU visible to the GPU, and the other way round, for those who write and
// read through ResolvedBuffer::mapped themselves.
//
//     ResolvedBuffer now = frame.Resolve(lights);
//     memcpy(now.mapped, data, bytes);
//     FlushHostWrites(frame, {lights, 0, bytes});   // before the SubmitSync of the commands that read them
//
// | who does it already | what |
// |---|---|
// | MapWritable, MapBuffer | flush when they are unmapped; invalidate when they map to read |
// | RingBuffer, staging leases | flush at SubmitSync |
// | vkQueueSubmit2 | makes writes of the CPU visible to all that is submitted by it, once they are flushed: no barrier is needed |
// | read-backs | barrier and invalidate |
//
// Does NOT wait: that the GPU has passed (UploadTicket, ReadbackTicket, BufferSystem::HasPassed) is the caller's to know. In
// checked mode both calls ask the tracker whether the GPU may be at these bytes. All are thread-safe, except for `cmd`.
#pragma once

#include <sedx/frame.h>
#include <sedx/use.h>

namespace sedx
{
// The bytes of the view were written through the pointer that `frame` resolved. Does nothing to coherent memory.
// Errors: InvalidArgument (an empty handle), OutOfRange, WrongState (the frame is not open), NotMappable, those of
// vkFlushMappedMemoryRanges.
SEDX_API Result<void> FlushHostWrites(const Frame& frame, const BufferView<>& view,
                                      std::source_location where = std::source_location::current());

// The bytes of the view are going to be read through the pointer that `frame` resolves; the GPU has passed what wrote them.
// Does nothing to coherent memory. Errors: as FlushHostWrites.
SEDX_API Result<void> InvalidateHostReads(const Frame& frame, const BufferView<>& view,
                                          std::source_location where = std::source_location::current());

// For bytes that the CPU writes after the submission, before something lets the GPU go on (a timeline semaphore that the CPU
// signals): behind the wait for it. Outside of a render pass. Errors: those of Barriers::Cmd.
SEDX_API Result<void> CmdHostToDevice(const Frame& frame, VkCommandBuffer cmd, const BufferView<>& view, Use after);

// For bytes that the CPU reads when the submission has passed: behind the commands that do `before`. Without it the CPU may see
// old bytes, however long it has waited. Outside of a render pass. Errors: those of Barriers::Cmd.
SEDX_API Result<void> CmdDeviceToHost(const Frame& frame, VkCommandBuffer cmd, const BufferView<>& view, Use before);
} // namespace sedx
