// OwnershipTransfer: passes a range of a buffer from the queue that wrote it to a queue of another family. Vulkan wants two
// barriers that agree in every field, one on each queue, and a semaphore between: here both are made of one object.
//
//     OwnershipTransfer transfer{.view = mesh, .fromQueue = compute, .before = Use::ComputeWrite,
//                                .toQueue = 0, .after = Use::VertexAttributeRead};
//     transfer.CmdRelease(frame, computeCmd);
//     SubmitSync made = *frame.SubmitSync(compute);
//     transfer.CmdAcquire(frame, drawCmd);
//     QueueWait wait{made.Point(), transfer.after};
//     SubmitSync drawn = *frame.SubmitSync(0, {&wait, 1});
//
// Only buffers of Ownership::Exclusive need it. For all others, and where both queues are of one family, nothing is recorded:
// the wait is enough, and the same code is right for both kinds.
// What the library itself wrote elsewhere is acquired by UploadQueue::CmdAcquire instead. The library goes on taking the family
// of BufferDesc::ownerQueue for the owner: bring an exclusive buffer back to it before uploads or read-backs touch it.
// Does NOT submit, and does NOT wait. Thread safety: one thread at a time for an object and for a command buffer.
#pragma once

#include <sedx/frame.h>
#include <sedx/use.h>

namespace sedx
{
struct SEDX_API OwnershipTransfer
{
    BufferView<> view{};
    uint32_t fromQueue = 0;     // indices into Device::Queues()
    Use before = Use::AnyWrite; // what the releasing queue did
    uint32_t toQueue = 0;
    Use after = Use::AnyRead | Use::AnyWrite; // what the acquiring queue will do

    // The first half, in a command buffer for `fromQueue`, behind the commands that do `before`. Outside of a render pass.
    // Errors: InvalidArgument (no command buffer, an empty handle, no use, uses of the CPU, no such queue), OutOfRange,
    // WrongState (the frame is not open).
    Result<void> CmdRelease(const Frame& frame, VkCommandBuffer cmd);

    // The second half, in a command buffer for `toQueue`, whose submission waits for that of the first. The frame may be a
    // later one. Errors: as CmdRelease; WrongState also if nothing was released, or if the buffer has got new memory since.
    Result<void> CmdAcquire(const Frame& frame, VkCommandBuffer cmd);

    // Whether the two halves record barriers. False for an empty handle and for queues that there are not.
    bool NeedsBarriers(const BufferSystem& system) const noexcept;

    // For the other parts of the library: what was released.
    VkBufferMemoryBarrier2 released{};
};
} // namespace sedx
