#include <sedx/queue_wait.h>

#include "buffer_system/system_impl.h"
#include "sync/use_table.h"

namespace sedx
{
Result<VkSemaphoreSubmitInfo> SubmitInfoOf(const BufferSystem& system, const QueueWait& wait)
{
    const BufferCore& core = *system.Internals().core;
    const Timelines& timelines = core.GetTimelines();
    const uint32_t timeline = wait.point.queue;
    if (timeline != kTransferTimeline && timeline >= timelines.QueueCount())
        return Fail(ErrorCode::InvalidArgument, "there is no queue {} to wait for; the device has {}", timeline,
                    timelines.QueueCount());
    if (wait.use == Use::None || Any(wait.use & kHostUses))
        return Fail(ErrorCode::InvalidArgument, "a wait for queue {} needs a use that is the GPU's", timeline);
    if (timeline != kTransferTimeline && !core.Frames().HasSignals())
        return Fail(ErrorCode::WrongState, "with FrameCompletion::Fences queue {} signals nothing to wait for",
                    timeline);
    if (wait.point.value > timelines.Handed(timeline))
        return Fail(ErrorCode::NotSubmitted, "value {} of timeline {} was never handed out", wait.point.value,
                    timeline);
    VkSemaphoreSubmitInfo info{VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO};
    info.semaphore = timelines.Semaphore(timeline);
    info.value = wait.point.value;
    info.stageMask = ScopeOf(wait.use).stages;
    return info;
}
} // namespace sedx
