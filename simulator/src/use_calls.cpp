// Commands that use buffers and images in a way that a command buffer shows: whose they are is checked when it is executed.
// What shaders reach through descriptors and addresses is not seen.
#include "family_rules.h"
#include "wrapper.h"

#include <fmt/format.h>
#include <span>

namespace sedx::simulator
{
namespace
{
OwnershipEvent Uses(const char* call) { return {.act = OwnershipAct::Use, .call = call}; }
OwnershipEvent Overwrites(const char* call) { return {.act = OwnershipAct::Overwrite, .call = call}; }

VkImageSubresourceRange RangeOf(const VkImageSubresourceLayers& layers)
{
    return {layers.aspectMask, layers.mipLevel, 1, layers.baseArrayLayer, layers.layerCount};
}

// A transfer family may only copy to and from images in steps of its granularity, which counts blocks in formats that
// have some: those are left alone.
void CheckGranularity(DeviceState& state, VkCommandBuffer commandBuffer, const char* call, VkImage image, uint32_t mip,
                      const VkOffset3D& offset, const VkExtent3D& extent)
{
    const uint32_t family = state.commandRecords.FamilyOf(commandBuffer);
    const std::optional<ImageInfo> info = state.objects.Find(image);
    if (!info || info->mayHaveBlocks || !state.physical.families.IsSimulated(family))
        return;
    const VkExtent3D& granularity = state.physical.families.Simulated(family).minImageTransferGranularity;
    if (!RespectsGranularity(granularity, info->ExtentOf(mip), offset, extent))
        state.simulator.Report(fmt::format(
            "{} on family {}: the region {},{},{} + {}x{}x{} of an image disregards the granularity {}x{}x{}", call,
            family, offset.x, offset.y, offset.z, extent.width, extent.height, extent.depth, granularity.width,
            granularity.height, granularity.depth));
}

// ---- copies --------------------------------------------------------------------------------------------------------
template <class Region>
void NoteBufferCopy(DeviceState& state, VkCommandBuffer commandBuffer, VkBuffer source, VkBuffer destination,
                    std::span<const Region> regions)
{
    for (const Region& region : regions)
    {
        state.ownership.Note(commandBuffer, Uses("vkCmdCopyBuffer"), source, region.srcOffset, region.size);
        state.ownership.Note(commandBuffer, Overwrites("vkCmdCopyBuffer"), destination, region.dstOffset, region.size);
    }
}

// Rows may be padded: of the buffer only the first byte is sure.
template <class Region>
void NoteImageCopy(DeviceState& state, VkCommandBuffer commandBuffer, VkBuffer buffer, VkImage image, bool toImage,
                   std::span<const Region> regions)
{
    const char* call = toImage ? "vkCmdCopyBufferToImage" : "vkCmdCopyImageToBuffer";
    for (const Region& region : regions)
    {
        state.ownership.Note(commandBuffer, toImage ? Uses(call) : Overwrites(call), buffer, region.bufferOffset, 1);
        state.ownership.Note(commandBuffer, Uses(call), image, RangeOf(region.imageSubresource));
        CheckGranularity(state, commandBuffer, call, image, region.imageSubresource.mipLevel, region.imageOffset,
                         region.imageExtent);
    }
}

void CmdCopyBuffer(DeviceState& state, VkCommandBuffer commandBuffer, VkBuffer source, VkBuffer destination,
                   uint32_t count, const VkBufferCopy* regions)
{
    NoteBufferCopy(state, commandBuffer, source, destination, std::span(regions, count));
    state.next.CmdCopyBuffer(commandBuffer, source, destination, count, regions);
}

void CmdCopyBuffer2(DeviceState& state, VkCommandBuffer commandBuffer, const VkCopyBufferInfo2* info)
{
    NoteBufferCopy(state, commandBuffer, info->srcBuffer, info->dstBuffer,
                   std::span(info->pRegions, info->regionCount));
    state.next.CmdCopyBuffer2(commandBuffer, info);
}

void CmdCopyBufferToImage(DeviceState& state, VkCommandBuffer commandBuffer, VkBuffer source, VkImage destination,
                          VkImageLayout layout, uint32_t count, const VkBufferImageCopy* regions)
{
    NoteImageCopy(state, commandBuffer, source, destination, true, std::span(regions, count));
    state.next.CmdCopyBufferToImage(commandBuffer, source, destination, layout, count, regions);
}

void CmdCopyBufferToImage2(DeviceState& state, VkCommandBuffer commandBuffer, const VkCopyBufferToImageInfo2* info)
{
    NoteImageCopy(state, commandBuffer, info->srcBuffer, info->dstImage, true,
                  std::span(info->pRegions, info->regionCount));
    state.next.CmdCopyBufferToImage2(commandBuffer, info);
}

void CmdCopyImageToBuffer(DeviceState& state, VkCommandBuffer commandBuffer, VkImage source, VkImageLayout layout,
                          VkBuffer destination, uint32_t count, const VkBufferImageCopy* regions)
{
    NoteImageCopy(state, commandBuffer, destination, source, false, std::span(regions, count));
    state.next.CmdCopyImageToBuffer(commandBuffer, source, layout, destination, count, regions);
}

void CmdCopyImageToBuffer2(DeviceState& state, VkCommandBuffer commandBuffer, const VkCopyImageToBufferInfo2* info)
{
    NoteImageCopy(state, commandBuffer, info->dstBuffer, info->srcImage, false,
                  std::span(info->pRegions, info->regionCount));
    state.next.CmdCopyImageToBuffer2(commandBuffer, info);
}

void CmdFillBuffer(DeviceState& state, VkCommandBuffer commandBuffer, VkBuffer buffer, VkDeviceSize offset,
                   VkDeviceSize size, uint32_t data)
{
    state.ownership.Note(commandBuffer, Overwrites("vkCmdFillBuffer"), buffer, offset, size);
    state.next.CmdFillBuffer(commandBuffer, buffer, offset, size, data);
}

void CmdUpdateBuffer(DeviceState& state, VkCommandBuffer commandBuffer, VkBuffer buffer, VkDeviceSize offset,
                     VkDeviceSize size, const void* data)
{
    state.ownership.Note(commandBuffer, Overwrites("vkCmdUpdateBuffer"), buffer, offset, size);
    state.next.CmdUpdateBuffer(commandBuffer, buffer, offset, size, data);
}

// ---- drawing and dispatching: at least the first byte is read -----------------------------------------------------
void CmdBindIndexBuffer(DeviceState& state, VkCommandBuffer commandBuffer, VkBuffer buffer, VkDeviceSize offset,
                        VkIndexType type)
{
    state.ownership.Note(commandBuffer, Uses("vkCmdBindIndexBuffer"), buffer, offset, 1);
    state.next.CmdBindIndexBuffer(commandBuffer, buffer, offset, type);
}

void CmdBindVertexBuffers(DeviceState& state, VkCommandBuffer commandBuffer, uint32_t first, uint32_t count,
                          const VkBuffer* buffers, const VkDeviceSize* offsets)
{
    for (uint32_t i = 0; i < count; ++i)
        state.ownership.Note(commandBuffer, Uses("vkCmdBindVertexBuffers"), buffers[i], offsets[i], 1);
    state.next.CmdBindVertexBuffers(commandBuffer, first, count, buffers, offsets);
}

void CmdBindVertexBuffers2(DeviceState& state, VkCommandBuffer commandBuffer, uint32_t first, uint32_t count,
                           const VkBuffer* buffers, const VkDeviceSize* offsets, const VkDeviceSize* sizes,
                           const VkDeviceSize* strides)
{
    for (uint32_t i = 0; i < count; ++i)
        state.ownership.Note(commandBuffer, Uses("vkCmdBindVertexBuffers2"), buffers[i], offsets[i], 1);
    state.next.CmdBindVertexBuffers2(commandBuffer, first, count, buffers, offsets, sizes, strides);
}

void CmdDrawIndirect(DeviceState& state, VkCommandBuffer commandBuffer, VkBuffer buffer, VkDeviceSize offset,
                     uint32_t count, uint32_t stride)
{
    if (count > 0)
        state.ownership.Note(commandBuffer, Uses("vkCmdDrawIndirect"), buffer, offset,
                             uint64_t{count - 1} * stride + sizeof(VkDrawIndirectCommand));
    state.next.CmdDrawIndirect(commandBuffer, buffer, offset, count, stride);
}

void CmdDrawIndexedIndirect(DeviceState& state, VkCommandBuffer commandBuffer, VkBuffer buffer, VkDeviceSize offset,
                            uint32_t count, uint32_t stride)
{
    if (count > 0)
        state.ownership.Note(commandBuffer, Uses("vkCmdDrawIndexedIndirect"), buffer, offset,
                             uint64_t{count - 1} * stride + sizeof(VkDrawIndexedIndirectCommand));
    state.next.CmdDrawIndexedIndirect(commandBuffer, buffer, offset, count, stride);
}

void CmdDispatchIndirect(DeviceState& state, VkCommandBuffer commandBuffer, VkBuffer buffer, VkDeviceSize offset)
{
    state.ownership.Note(commandBuffer, Uses("vkCmdDispatchIndirect"), buffer, offset,
                         sizeof(VkDispatchIndirectCommand));
    state.next.CmdDispatchIndirect(commandBuffer, buffer, offset);
}

// A family that lacks what a pipeline needs; the layers below see one that has everything.
void CmdBindPipeline(DeviceState& state, VkCommandBuffer commandBuffer, VkPipelineBindPoint point, VkPipeline pipeline)
{
    const uint32_t family = state.commandRecords.FamilyOf(commandBuffer);
    const VkQueueFlags needed = NeededFor(point);
    if (state.physical.families.IsSimulated(family) &&
        (state.physical.families.Simulated(family).queueFlags & needed) == 0)
        state.simulator.Report(fmt::format("vkCmdBindPipeline on family {}, which cannot {}", family,
                                           needed == VK_QUEUE_GRAPHICS_BIT ? "draw" : "dispatch"));
    state.next.CmdBindPipeline(commandBuffer, point, pipeline);
}
} // namespace

void AddUseCalls(WrapperTable& table)
{
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdCopyBuffer);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdCopyBuffer2);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdCopyBufferToImage);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdCopyBufferToImage2);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdCopyImageToBuffer);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdCopyImageToBuffer2);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdFillBuffer);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdUpdateBuffer);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdBindIndexBuffer);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdBindVertexBuffers);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdBindVertexBuffers2);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdDrawIndirect);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdDrawIndexedIndirect);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdDispatchIndirect);
    SEDX_SIMULATOR_WRAP_DEVICE(table, CmdBindPipeline);
}
} // namespace sedx::simulator
