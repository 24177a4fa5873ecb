// QueueWait: a submission that waits for a moment on another queue, at the stages that need it. How what one queue produces
// reaches the queue that consumes it.
//
//     SubmitSync made = *frame.SubmitSync(compute);                            // the producer's submission, on its queue
//     ...
//     QueueWait wait{.point = made.Point(), .use = Use::VertexRead};
//     SubmitSync drawn = *frame.SubmitSync(0, {&wait, 1});                     // the consumer's waits in its vertex shaders
//
// The wait makes everything that the producer's queue wrote before that point visible to those stages, so no barrier is
// needed behind it (except for buffers of Ownership::Exclusive: ownership_transfer.h). Points come from SubmitSync::Point() and
// UploadTicket::Point(); they may be of the frame at hand or of earlier ones.
// Does NOT submit, and needs no wait where a frame only uses what uploads wrote: SubmitSync has that already.
#pragma once

#include <sedx/timeline.h>
#include <sedx/use.h>

namespace sedx
{
class BufferSystem;

struct QueueWait
{
    TimelinePoint point{};
    // What the waiting submission does first with what was produced: stages before these begin earlier. They must be stages
    // that the waiting queue has.
    Use use = Use::AnyRead | Use::AnyWrite;
};

// The same for submissions that are not part of a frame (a capture, a queue that was not handed over): what to put into
// VkSubmitInfo2::pWaitSemaphoreInfos. Any thread. The checked mode's tracker learns of waits given to SubmitSync only, or
// by HazardTracker::NextSubmitWaits.
// Errors: InvalidArgument (no such timeline, no use, HostRead or HostWrite), NotSubmitted (the point was never handed out).
SEDX_API Result<VkSemaphoreSubmitInfo> SubmitInfoOf(const BufferSystem& system, const QueueWait& wait);
} // namespace sedx
