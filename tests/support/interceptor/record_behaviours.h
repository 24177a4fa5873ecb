// Calls that are recorded: flushes, submissions, copies, names.
#pragma once

#include "support/interceptor/behaviour.h"

#include <span>

namespace sedx::test
{
template <bool kInvalidate>
struct FlushBehaviour
{
    template <class Next>
    static VkResult Run(Interceptor::Impl& impl, Next next, VkDevice device, uint32_t count,
                        const VkMappedMemoryRange* ranges)
    {
        {
            const std::lock_guard lock(impl.mutex);
            for (uint32_t i = 0; i < count; ++i)
                impl.flushes.push_back({kInvalidate, ranges[i].memory, ranges[i].offset, ranges[i].size});
        }
        return next(device, count, ranges);
    }
};
template <>
struct Behaviour<Fn::FlushMappedMemoryRanges> : FlushBehaviour<false>
{
};
template <>
struct Behaviour<Fn::InvalidateMappedMemoryRanges> : FlushBehaviour<true>
{
};

template <>
struct Behaviour<Fn::QueueSubmit2>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkQueueSubmit2 next, VkQueue queue, uint32_t count,
                        const VkSubmitInfo2* submits, VkFence fence)
    {
        if (impl.owner.onSubmit)
            impl.owner.onSubmit(queue, {submits, count});
        {
            const std::lock_guard lock(impl.mutex);
            for (const VkSubmitInfo2& submit : std::span(submits, count))
            {
                SubmissionRecord record{.queue = queue};
                record.waits.assign(submit.pWaitSemaphoreInfos,
                                    submit.pWaitSemaphoreInfos + submit.waitSemaphoreInfoCount);
                record.signals.assign(submit.pSignalSemaphoreInfos,
                                      submit.pSignalSemaphoreInfos + submit.signalSemaphoreInfoCount);
                for (uint32_t i = 0; i < submit.commandBufferInfoCount; ++i)
                    record.commandBuffers.push_back(submit.pCommandBufferInfos[i].commandBuffer);
                impl.submissions.push_back(std::move(record));
            }
        }
        return next(queue, count, submits, fence);
    }
};

template <>
struct Behaviour<Fn::CmdCopyBuffer>
{
    static void Run(Interceptor::Impl& impl, PFN_vkCmdCopyBuffer next, VkCommandBuffer commandBuffer, VkBuffer source,
                    VkBuffer destination, uint32_t count, const VkBufferCopy* regions)
    {
        {
            const std::lock_guard lock(impl.mutex);
            ++impl.copyCalls;
            for (const VkBufferCopy& region : std::span(regions, count))
            {
                impl.copies.push_back({commandBuffer,
                                       source,
                                       destination,
                                       region.srcOffset,
                                       region.dstOffset,
                                       region.size,
                                       {},
                                       impl.copyCalls});
            }
        }
        next(commandBuffer, source, destination, count, regions);
    }
};

template <>
struct Behaviour<Fn::CmdCopyBuffer2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkCmdCopyBuffer2 next, VkCommandBuffer commandBuffer,
                    const VkCopyBufferInfo2* info)
    {
        {
            const std::lock_guard lock(impl.mutex);
            ++impl.copyCalls;
            for (const VkBufferCopy2& region : std::span(info->pRegions, info->regionCount))
            {
                impl.copies.push_back({commandBuffer,
                                       info->srcBuffer,
                                       info->dstBuffer,
                                       region.srcOffset,
                                       region.dstOffset,
                                       region.size,
                                       {},
                                       impl.copyCalls});
            }
        }
        next(commandBuffer, info);
    }
};

template <>
struct Behaviour<Fn::CmdPipelineBarrier2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkCmdPipelineBarrier2 next, VkCommandBuffer commandBuffer,
                    const VkDependencyInfo* info)
    {
        {
            const std::lock_guard lock(impl.mutex);
            for (const VkMemoryBarrier2& barrier : std::span(info->pMemoryBarriers, info->memoryBarrierCount))
                impl.barriers.push_back({commandBuffer, impl.copyCalls, barrier});
        }
        next(commandBuffer, info);
    }
};

template <>
struct Behaviour<Fn::CmdUpdateBuffer>
{
    static void Run(Interceptor::Impl& impl, PFN_vkCmdUpdateBuffer next, VkCommandBuffer commandBuffer,
                    VkBuffer destination, VkDeviceSize offset, VkDeviceSize bytes, const void* data)
    {
        {
            const std::lock_guard lock(impl.mutex);
            ++impl.copyCalls;
            impl.copies.push_back({commandBuffer, VK_NULL_HANDLE, destination, 0, offset, bytes, {}, impl.copyCalls});
        }
        next(commandBuffer, destination, offset, bytes, data);
    }
};

template <>
struct Behaviour<Fn::CmdCopyBufferToImage2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkCmdCopyBufferToImage2 next, VkCommandBuffer commandBuffer,
                    const VkCopyBufferToImageInfo2* info)
    {
        {
            const std::lock_guard lock(impl.mutex);
            ++impl.copyCalls;
            for (const VkBufferImageCopy2& region : std::span(info->pRegions, info->regionCount))
            {
                impl.copies.push_back({commandBuffer, info->srcBuffer, VK_NULL_HANDLE, region.bufferOffset, 0, 0,
                                       region.imageExtent, impl.copyCalls});
            }
        }
        next(commandBuffer, info);
    }
};

template <>
struct Behaviour<Fn::CmdCopyImageToBuffer2>
{
    static void Run(Interceptor::Impl& impl, PFN_vkCmdCopyImageToBuffer2 next, VkCommandBuffer commandBuffer,
                    const VkCopyImageToBufferInfo2* info)
    {
        {
            const std::lock_guard lock(impl.mutex);
            ++impl.copyCalls;
            for (const VkBufferImageCopy2& region : std::span(info->pRegions, info->regionCount))
            {
                impl.copies.push_back({commandBuffer, VK_NULL_HANDLE, info->dstBuffer, 0, region.bufferOffset, 0,
                                       region.imageExtent, impl.copyCalls});
            }
        }
        next(commandBuffer, info);
    }
};

template <>
struct Behaviour<Fn::SetDebugUtilsObjectNameEXT>
{
    static VkResult Run(Interceptor::Impl& impl, PFN_vkSetDebugUtilsObjectNameEXT next, VkDevice device,
                        const VkDebugUtilsObjectNameInfoEXT* info)
    {
        {
            const std::lock_guard lock(impl.mutex);
            impl.names.emplace_back(info->pObjectName ? info->pObjectName : "");
        }
        return next(device, info);
    }
};
} // namespace sedx::test
