// Barriers: families are translated, also on a device without a queue of an added family, whose barriers may name one all
// the same. Where two presented families are one real family, a transfer between them is none for the layers below: it is
// checked here (see ownership.h), and a plain barrier goes on.
#include "family_rules.h"
#include "wrapper.h"

#include <fmt/format.h>
#include <span>

namespace sedx::simulator
{
namespace
{
// The barriers of a command, with the families of the real device. For both generations of structures.
template <class BufferBarrier, class ImageBarrier>
class RealBarriers
{
  public:
    // `notes`: ownership changes with this command.
    RealBarriers(DeviceState& state, VkCommandBuffer commandBuffer, const char* call,
                 std::span<const BufferBarrier> buffers, std::span<const ImageBarrier> images, bool notes)
        : m_state(state), m_family(state.commandRecords.FamilyOf(commandBuffer)),
          m_buffers(buffers.begin(), buffers.end()), m_images(images.begin(), images.end())
    {
        for (BufferBarrier& barrier : m_buffers)
        {
            if (notes && IsTransfer(barrier))
                state.ownership.Note(commandBuffer, Transfer(call, barrier), barrier.buffer, barrier.offset,
                                     barrier.size);
            Translate(barrier);
        }
        for (ImageBarrier& barrier : m_images)
        {
            if (notes && IsTransfer(barrier))
                state.ownership.Note(commandBuffer, Transfer(call, barrier), barrier.image, barrier.subresourceRange);
            else if (notes && barrier.oldLayout == VK_IMAGE_LAYOUT_UNDEFINED)
                state.ownership.Note(commandBuffer, {.act = OwnershipAct::Discard, .call = call}, barrier.image,
                                     barrier.subresourceRange);
            const bool isAcquire = IsTransfer(barrier) && barrier.dstQueueFamilyIndex == m_family;
            // The release has changed the layout already, and both are one queue now.
            if (Translate(barrier) && isAcquire)
                barrier.oldLayout = barrier.newLayout;
        }
    }

    uint32_t BufferCount() const { return static_cast<uint32_t>(m_buffers.size()); }
    const BufferBarrier* Buffers() const { return m_buffers.data(); }
    uint32_t ImageCount() const { return static_cast<uint32_t>(m_images.size()); }
    const ImageBarrier* Images() const { return m_images.data(); }

  private:
    template <class Barrier>
    static bool IsTransfer(const Barrier& barrier)
    {
        return barrier.srcQueueFamilyIndex != barrier.dstQueueFamilyIndex;
    }
    template <class Barrier>
    static OwnershipEvent Transfer(const char* call, const Barrier& barrier)
    {
        return {.act = OwnershipAct::Transfer,
                .call = call,
                .from = barrier.srcQueueFamilyIndex,
                .to = barrier.dstQueueFamilyIndex};
    }
    // True if a transfer has become none.
    template <class Barrier>
    bool Translate(Barrier& barrier) const
    {
        const bool wasTransfer = IsTransfer(barrier);
        barrier.srcQueueFamilyIndex = m_state.physical.families.Real(barrier.srcQueueFamilyIndex);
        barrier.dstQueueFamilyIndex = m_state.physical.families.Real(barrier.dstQueueFamilyIndex);
        if (!wasTransfer || IsTransfer(barrier))
            return false;
        barrier.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
        barrier.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
        return true;
    }

    DeviceState& m_state;
    uint32_t m_family;
    std::vector<BufferBarrier> m_buffers;
    std::vector<ImageBarrier> m_images;
};

// What the queue of the command buffer cannot wait for.
void CheckStages(DeviceState& state, VkCommandBuffer commandBuffer, const char* call, VkPipelineStageFlags2 stages)
{
    const uint32_t family = state.commandRecords.FamilyOf(commandBuffer);
    if (!state.physical.families.IsSimulated(family))
        return;
    const VkPipelineStageFlags2 wrong =
        stages & UnsupportedStages(state.physical.families.Simulated(family).queueFlags);
    if (wrong != 0)
        state.simulator.Report(
            fmt::format("{} on family {}: it has none of the pipeline stages {:#x}", call, family, wrong));
}

class RealDependency
{
  public:
    RealDependency(DeviceState& state, VkCommandBuffer commandBuffer, const char* call, const VkDependencyInfo& info,
                   bool notes)
        : m_barriers(state, commandBuffer, call, {info.pBufferMemoryBarriers, info.bufferMemoryBarrierCount},
                     {info.pImageMemoryBarriers, info.imageMemoryBarrierCount}, notes),
          m_info(info)
    {
        m_info.pBufferMemoryBarriers = m_barriers.Buffers();
        m_info.pImageMemoryBarriers = m_barriers.Images();
        VkPipelineStageFlags2 stages = 0;
        const auto add = [&stages](const auto& barrier) { stages |= barrier.srcStageMask | barrier.dstStageMask; };
        for (uint32_t i = 0; i < info.memoryBarrierCount; ++i)
            add(info.pMemoryBarriers[i]);
        for (uint32_t i = 0; i < info.bufferMemoryBarrierCount; ++i)
            add(info.pBufferMemoryBarriers[i]);
        for (uint32_t i = 0; i < info.imageMemoryBarrierCount; ++i)
            add(info.pImageMemoryBarriers[i]);
        CheckStages(state, commandBuffer, call, stages);
    }
    RealDependency(RealDependency&&) = default;
    const VkDependencyInfo& Get() const { return m_info; }

  private:
    RealBarriers<VkBufferMemoryBarrier2, VkImageMemoryBarrier2> m_barriers;
    VkDependencyInfo m_info;
};

void CmdPipelineBarrier(DeviceState& state, VkCommandBuffer commandBuffer, VkPipelineStageFlags source,
                        VkPipelineStageFlags destination, VkDependencyFlags flags, uint32_t memoryCount,
                        const VkMemoryBarrier* memory, uint32_t bufferCount, const VkBufferMemoryBarrier* buffers,
                        uint32_t imageCount, const VkImageMemoryBarrier* images)
{
    if (!state.physical.families.HasSimulated())
    {
        state.next.CmdPipelineBarrier(commandBuffer, source, destination, flags, memoryCount, memory, bufferCount,
                                      buffers, imageCount, images);
        return;
    }
    CheckStages(state, commandBuffer, "vkCmdPipelineBarrier", source | destination);
    const RealBarriers<VkBufferMemoryBarrier, VkImageMemoryBarrier> real(
        state, commandBuffer, "vkCmdPipelineBarrier", {buffers, bufferCount}, {images, imageCount}, true);
    state.next.CmdPipelineBarrier(commandBuffer, source, destination, flags, memoryCount, memory, real.BufferCount(),
                                  real.Buffers(), real.ImageCount(), real.Images());
}

void CmdPipelineBarrier2(DeviceState& state, VkCommandBuffer commandBuffer, const VkDependencyInfo* info)
{
    if (!state.physical.families.HasSimulated())
    {
        state.next.CmdPipelineBarrier2(commandBuffer, info);
        return;
    }
    const RealDependency real(state, commandBuffer, "vkCmdPipelineBarrier2", *info, true);
    state.next.CmdPipelineBarrier2(commandBuffer, &real.Get());
}

void CmdWaitEvents(DeviceState& state, VkCommandBuffer commandBuffer, uint32_t eventCount, const VkEvent* events,
                   VkPipelineStageFlags source, VkPipelineStageFlags destination, uint32_t memoryCount,
                   const VkMemoryBarrier* memory, uint32_t bufferCount, const VkBufferMemoryBarrier* buffers,
                   uint32_t imageCount, const VkImageMemoryBarrier* images)
{
    if (!state.physical.families.HasSimulated())
    {
        state.next.CmdWaitEvents(commandBuffer, eventCount, events, source, destination, memoryCount, memory,
                                 bufferCount, buffers, imageCount, images);
        return;
    }
    CheckStages(state, commandBuffer, "vkCmdWaitEvents", source | destination);
    const RealBarriers<VkBufferMemoryBarrier, VkImageMemoryBarrier> real(
        state, commandBuffer, "vkCmdWaitEvents", {buffers, bufferCount}, {images, imageCount}, true);
    state.next.CmdWaitEvents(commandBuffer, eventCount, events, source, destination, memoryCount, memory,
                             real.BufferCount(), real.Buffers(), real.ImageCount(), real.Images());
}

// The same dependency is given twice, to set and to wait: ownership is noted with the second.
void CmdSetEvent2(DeviceState& state, VkCommandBuffer commandBuffer, VkEvent event, const VkDependencyInfo* info)
{
    if (!state.physical.families.HasSimulated())
    {
        state.next.CmdSetEvent2(commandBuffer, event, info);
        return;
    }
    const RealDependency real(state, commandBuffer, "vkCmdSetEvent2", *info, false);
    state.next.CmdSetEvent2(commandBuffer, event, &real.Get());
}

void CmdWaitEvents2(DeviceState& state, VkCommandBuffer commandBuffer, uint32_t count, const VkEvent* events,
                    const VkDependencyInfo* infos)
{
    if (!state.physical.families.HasSimulated())
    {
        state.next.CmdWaitEvents2(commandBuffer, count, events, infos);
        return;
    }
    std::vector<RealDependency> real;
    std::vector<VkDependencyInfo> translated;
    real.reserve(count);
    for (uint32_t i = 0; i < count; ++i)
        translated.push_back(real.emplace_back(state, commandBuffer, "vkCmdWaitEvents2", infos[i], true).Get());
    state.next.CmdWaitEvents2(commandBuffer, count, events, translated.data());
}
} // namespace

void AddBarrierCalls(WrapperTable& table)
{
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdPipelineBarrier);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdPipelineBarrier2);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdWaitEvents);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdSetEvent2);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdWaitEvents2);
}
} // namespace sedx::simulator
