#include "transfer/batch.h"

#include <algorithm>

namespace sedx
{
namespace
{
// Regions in one command: bounds the array that a driver or layer copies at once. No limit of Vulkan.
constexpr size_t kRegionsPerCommand = 65'536;

void MemoryBarrier(const DeviceDispatch& vk, VkCommandBuffer cmd, VkPipelineStageFlags2 sourceStage,
                   VkAccessFlags2 sourceAccess, VkPipelineStageFlags2 stage, VkAccessFlags2 access)
{
    VkMemoryBarrier2 barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER_2};
    barrier.srcStageMask = sourceStage;
    barrier.srcAccessMask = sourceAccess;
    barrier.dstStageMask = stage;
    barrier.dstAccessMask = access;
    VkDependencyInfo dependency{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
    dependency.memoryBarrierCount = 1;
    dependency.pMemoryBarriers = &barrier;
    vk.CmdPipelineBarrier2(cmd, &dependency);
}

void ImageBarrier(const DeviceDispatch& vk, VkCommandBuffer cmd, const ImageTarget& image, VkImageLayout from,
                  VkImageLayout to, VkPipelineStageFlags2 sourceStage, VkAccessFlags2 sourceAccess,
                  VkPipelineStageFlags2 stage, VkAccessFlags2 access)
{
    VkImageMemoryBarrier2 barrier{VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2};
    barrier.srcStageMask = sourceStage;
    barrier.srcAccessMask = sourceAccess;
    barrier.dstStageMask = stage;
    barrier.dstAccessMask = access;
    barrier.oldLayout = from;
    barrier.newLayout = to;
    barrier.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
    barrier.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
    barrier.image = image.image;
    barrier.subresourceRange = image.range;
    VkDependencyInfo dependency{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
    dependency.imageMemoryBarrierCount = 1;
    dependency.pImageMemoryBarriers = &barrier;
    vk.CmdPipelineBarrier2(cmd, &dependency);
}

// What the engine may do with an image in a layout; everything where the layout does not say.
VkAccessFlags2 AccessesOf(VkImageLayout layout)
{
    switch (layout)
    {
    case VK_IMAGE_LAYOUT_UNDEFINED:
    case VK_IMAGE_LAYOUT_PREINITIALIZED:
    case VK_IMAGE_LAYOUT_PRESENT_SRC_KHR: return VK_ACCESS_2_NONE;
    case VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL:
        return VK_ACCESS_2_SHADER_READ_BIT | VK_ACCESS_2_INPUT_ATTACHMENT_READ_BIT;
    case VK_IMAGE_LAYOUT_COLOR_ATTACHMENT_OPTIMAL:
        return VK_ACCESS_2_COLOR_ATTACHMENT_READ_BIT | VK_ACCESS_2_COLOR_ATTACHMENT_WRITE_BIT;
    case VK_IMAGE_LAYOUT_DEPTH_STENCIL_ATTACHMENT_OPTIMAL:
        return VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_READ_BIT | VK_ACCESS_2_DEPTH_STENCIL_ATTACHMENT_WRITE_BIT;
    case VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL: return VK_ACCESS_2_TRANSFER_READ_BIT;
    case VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL: return VK_ACCESS_2_TRANSFER_WRITE_BIT;
    default: return VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT;
    }
}

constexpr VkPipelineStageFlags2 kAll = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
constexpr VkPipelineStageFlags2 kCopy = VK_PIPELINE_STAGE_2_COPY_BIT;
constexpr VkAccessFlags2 kAnyAccess = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT;
constexpr VkAccessFlags2 kCopyAccess = VK_ACCESS_2_TRANSFER_READ_BIT | VK_ACCESS_2_TRANSFER_WRITE_BIT;

void RecordLayer(const DeviceDispatch& vk, VkCommandBuffer cmd, const BufferMemory& destination, const CopyLayer& layer)
{
    std::vector<VkBufferCopy2> regions;
    for (size_t begin = 0; begin < layer.size();)
    {
        const Block* block = layer[begin].block;
        regions.clear();
        size_t end = begin;
        for (; end < layer.size() && layer[end].block == block && regions.size() < kRegionsPerCommand; ++end)
        {
            const CopyOp& op = layer[end];
            regions.push_back({VK_STRUCTURE_TYPE_BUFFER_COPY_2, nullptr, block->backing->memory.offset + op.source,
                               destination.offset + op.destination, op.bytes});
        }
        VkCopyBufferInfo2 copy{VK_STRUCTURE_TYPE_COPY_BUFFER_INFO_2};
        copy.srcBuffer = block->backing->memory.buffer;
        copy.dstBuffer = destination.buffer;
        copy.regionCount = static_cast<uint32_t>(regions.size());
        copy.pRegions = regions.data();
        vk.CmdCopyBuffer2(cmd, &copy);
        begin = end;
    }
}

void RecordBufferWrites(const DeviceDispatch& vk, VkCommandBuffer cmd, BufferWrites& writes, BatchStats& stats)
{
    const std::vector<CopyLayer> layers = writes.list.TakePlan(stats.supersededBytes);
    for (size_t i = 0; i < layers.size(); ++i)
    {
        if (i != 0)
            MemoryBarrier(vk, cmd, kCopy, kCopyAccess, kCopy, kCopyAccess);
        RecordLayer(vk, cmd, writes.backing->memory, layers[i]);
        stats.copyRegions += layers[i].size();
    }
}

void RecordImageWrite(const DeviceDispatch& vk, VkCommandBuffer cmd, const ImageWrite& write, BatchStats& stats)
{
    constexpr VkImageLayout kLayout = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL;
    ImageBarrier(vk, cmd, write.target, write.target.oldLayout, kLayout, kAll, AccessesOf(write.target.oldLayout),
                 kCopy, VK_ACCESS_2_TRANSFER_WRITE_BIT);
    for (const ImageWrite::Piece& piece : write.pieces)
    {
        VkCopyBufferToImageInfo2 copy{VK_STRUCTURE_TYPE_COPY_BUFFER_TO_IMAGE_INFO_2};
        copy.srcBuffer = piece.block->backing->memory.buffer;
        copy.dstImage = write.target.image;
        copy.dstImageLayout = kLayout;
        copy.regionCount = 1;
        copy.pRegions = &piece.region;
        vk.CmdCopyBufferToImage2(cmd, &copy);
    }
    stats.copyRegions += write.pieces.size();
    ImageBarrier(vk, cmd, write.target, kLayout, write.target.newLayout, kCopy, VK_ACCESS_2_TRANSFER_WRITE_BIT, kAll,
                 AccessesOf(write.target.newLayout));
}

void RecordBufferRead(const DeviceDispatch& vk, VkCommandBuffer cmd, const BufferRead& read, BatchStats& stats)
{
    const Slice& slice = read.record->slice;
    const VkBufferCopy2 region{VK_STRUCTURE_TYPE_BUFFER_COPY_2, nullptr, read.source->memory.offset + read.offset,
                               slice.block->backing->memory.offset + slice.offset, slice.bytes};
    VkCopyBufferInfo2 copy{VK_STRUCTURE_TYPE_COPY_BUFFER_INFO_2};
    copy.srcBuffer = read.source->memory.buffer;
    copy.dstBuffer = slice.block->backing->memory.buffer;
    copy.regionCount = 1;
    copy.pRegions = &region;
    vk.CmdCopyBuffer2(cmd, &copy);
    ++stats.copyRegions;
}

void RecordImageRead(const DeviceDispatch& vk, VkCommandBuffer cmd, const ImageRead& read, BatchStats& stats)
{
    constexpr VkImageLayout kLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;
    ImageBarrier(vk, cmd, read.target, read.target.oldLayout, kLayout, kAll, AccessesOf(read.target.oldLayout), kCopy,
                 VK_ACCESS_2_TRANSFER_READ_BIT);
    VkCopyImageToBufferInfo2 copy{VK_STRUCTURE_TYPE_COPY_IMAGE_TO_BUFFER_INFO_2};
    copy.srcImage = read.target.image;
    copy.srcImageLayout = kLayout;
    copy.dstBuffer = read.record->slice.block->backing->memory.buffer;
    copy.regionCount = 1;
    copy.pRegions = &read.region;
    vk.CmdCopyImageToBuffer2(cmd, &copy);
    ++stats.copyRegions;
    ImageBarrier(vk, cmd, read.target, kLayout, read.target.newLayout, kCopy, VK_ACCESS_2_TRANSFER_READ_BIT, kAll,
                 AccessesOf(read.target.newLayout));
}
} // namespace

bool Batch::HasWrites() const noexcept
{
    return std::any_of(epochs.begin(), epochs.end(), [](const Epoch& epoch) { return epoch.HasWrites(); });
}

bool Batch::HasImages() const noexcept
{
    return std::any_of(epochs.begin(), epochs.end(),
                       [](const Epoch& epoch) { return !epoch.imageWrites.empty() || !epoch.imageReads.empty(); });
}

bool Batch::HasWork(uint64_t readsThrough) const noexcept
{
    const auto isDue = [readsThrough](const auto& read) { return read.frame <= readsThrough; };
    return HasWrites() || std::any_of(epochs.begin(), epochs.end(), [&](const Epoch& epoch) {
               return std::any_of(epoch.reads.begin(), epoch.reads.end(), isDue) ||
                      std::any_of(epoch.imageReads.begin(), epoch.imageReads.end(), isDue);
           });
}

BatchStats RecordBatch(const DeviceDispatch& vk, VkCommandBuffer cmd, Batch& batch)
{
    BatchStats stats;
    bool hasReads = false;
    MemoryBarrier(vk, cmd, kAll, kAnyAccess, kCopy, kCopyAccess);
    for (size_t i = 0; i < batch.epochs.size(); ++i)
    {
        Epoch& epoch = batch.epochs[i];
        if (i != 0)
            MemoryBarrier(vk, cmd, kCopy, kCopyAccess, kCopy, kCopyAccess);
        for (BufferWrites& writes : epoch.writes)
            RecordBufferWrites(vk, cmd, writes, stats);
        for (const ImageWrite& write : epoch.imageWrites)
            RecordImageWrite(vk, cmd, write, stats);
        if (!epoch.HasReads())
            continue;
        hasReads = true;
        if (epoch.HasWrites())
            MemoryBarrier(vk, cmd, kCopy, VK_ACCESS_2_TRANSFER_WRITE_BIT, kCopy, kCopyAccess);
        for (const BufferRead& read : epoch.reads)
            RecordBufferRead(vk, cmd, read, stats);
        for (const ImageRead& read : epoch.imageReads)
            RecordImageRead(vk, cmd, read, stats);
    }
    MemoryBarrier(vk, cmd, kCopy, VK_ACCESS_2_TRANSFER_WRITE_BIT,
                  kAll | (hasReads ? VK_PIPELINE_STAGE_2_HOST_BIT : VK_PIPELINE_STAGE_2_NONE),
                  kAnyAccess | (hasReads ? VK_ACCESS_2_HOST_READ_BIT : VK_ACCESS_2_NONE));
    return stats;
}
} // namespace sedx
