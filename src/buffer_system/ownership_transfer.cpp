#include <sedx/ownership_transfer.h>

#include "buffer_system/barriers.h"
#include "sync/use_table.h"

namespace sedx
{
namespace
{
Result<void> CheckTransfer(const char* call, const OwnershipTransfer& transfer, const Frame& frame, VkCommandBuffer cmd)
{
    if (auto fits = CheckRecording(call, frame, cmd); !fits)
        return fits;
    const size_t queues = frame.System()->Internals().core->Device().queues.size();
    if (transfer.fromQueue >= queues || transfer.toQueue >= queues)
        return Fail(ErrorCode::InvalidArgument, "{}: from queue {} to queue {}, but the device has {}", call,
                    transfer.fromQueue, transfer.toQueue, queues);
    if (transfer.before == Use::None || transfer.after == Use::None ||
        Any((transfer.before | transfer.after) & kHostUses))
        return Fail(ErrorCode::InvalidArgument, "{}: queues have uses, and the CPU is none of them", call);
    return {};
}

void Record(const DeviceState& device, HazardRecorder* hazards, const Frame& frame, VkCommandBuffer cmd,
            const VkBufferMemoryBarrier2& barrier)
{
    VkDependencyInfo info{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
    info.bufferMemoryBarrierCount = 1;
    info.pBufferMemoryBarriers = &barrier;
    device.vk.CmdPipelineBarrier2(cmd, &info);
    if (hazards != nullptr)
        hazards->OnBarrier(frame.Number(), cmd, info);
}
} // namespace

bool OwnershipTransfer::NeedsBarriers(const BufferSystem& system) const noexcept
{
    const auto& queues = system.Internals().core->Device().queues;
    return view.buffer && view.buffer.Resource()->ownership == Ownership::Exclusive && fromQueue < queues.size() &&
           toQueue < queues.size() && queues[fromQueue].family != queues[toQueue].family;
}

Result<void> OwnershipTransfer::CmdRelease(const Frame& frame, VkCommandBuffer cmd)
{
    constexpr const char* kCall = "OwnershipTransfer::CmdRelease";
    if (auto fits = CheckTransfer(kCall, *this, frame, cmd); !fits)
        return fits;
    const auto resolved = ResolveChecked(kCall, frame, view);
    if (!resolved)
        return tl::unexpected(resolved.error());
    const DeviceState& device = frame.System()->Internals().core->Device();
    released = {VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER_2};
    released.buffer = resolved->buffer;
    released.offset = resolved->offset;
    released.size = resolved->size;
    HazardRecorder* hazards = frame.System()->Internals().core->Hazards();
    if (hazards != nullptr)
        hazards->OnCommands(frame.Number(), cmd, fromQueue);
    if (!NeedsBarriers(*frame.System()))
        return {};
    released.srcStageMask = ScopeOf(before).stages;
    released.srcAccessMask = ScopeOf(WritesOf(before)).access;
    released.dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT; // the signal of the submission goes on from here
    released.srcQueueFamilyIndex = device.queues[fromQueue].family;
    released.dstQueueFamilyIndex = device.queues[toQueue].family;
    Record(device, hazards, frame, cmd, released);
    return {};
}

Result<void> OwnershipTransfer::CmdAcquire(const Frame& frame, VkCommandBuffer cmd)
{
    constexpr const char* kCall = "OwnershipTransfer::CmdAcquire";
    if (auto fits = CheckTransfer(kCall, *this, frame, cmd); !fits)
        return fits;
    const auto resolved = ResolveChecked(kCall, frame, view);
    if (!resolved)
        return tl::unexpected(resolved.error());
    if (released.buffer == VK_NULL_HANDLE)
        return Fail(ErrorCode::WrongState, "{}: nothing of buffer '{}' was released", kCall, view.buffer.Name());
    if (released.buffer != resolved->buffer || released.offset != resolved->offset || released.size != resolved->size)
        return Fail(ErrorCode::WrongState, "{}: buffer '{}' is not what it was when it was released", kCall,
                    view.buffer.Name());
    VkBufferMemoryBarrier2 acquire = std::exchange(released, {});
    HazardRecorder* hazards = frame.System()->Internals().core->Hazards();
    if (hazards != nullptr)
        hazards->OnCommands(frame.Number(), cmd, toQueue);
    if (!NeedsBarriers(*frame.System()))
        return {};
    acquire.srcStageMask =
        VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT; // continues the wait of the submission, whatever its stages
    acquire.srcAccessMask = VK_ACCESS_2_NONE;
    acquire.dstStageMask = ScopeOf(after).stages;
    acquire.dstAccessMask = ScopeOf(after).access;
    Record(frame.System()->Internals().core->Device(), hazards, frame, cmd, acquire);
    return {};
}
} // namespace sedx
