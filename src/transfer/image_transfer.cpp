// Collecting image writes and read-backs: texel blocks, transfer granularity, splitting over staging blocks.
#include "transfer/texel_block.h"
#include "transfer/transfer_engine.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace sedx
{
namespace
{
struct RegionLayout
{
    TexelBlock block;
    uint32_t rowBlocks = 0;   // blocks in a row of the region
    uint32_t rows = 0;        // rows of blocks in a slice
    uint32_t slices = 0;      // depth times layers
    uint64_t rowBytes = 0;
    uint64_t TotalBytes() const noexcept { return rowBytes * rows * slices; }
};

uint32_t Blocks(uint32_t texels, uint32_t block) { return (texels + block - 1) / block; }
uint32_t MipSize(uint32_t size, uint32_t level) { return std::max(1u, level < 32 ? size >> level : 0u); }

// `granularity`: minImageTransferGranularity of the queue, in texel blocks; 0 means whole mip levels only.
bool FitsGranularity(int32_t offset, uint32_t extent, uint32_t mip, uint32_t block, uint32_t granularity)
{
    const bool toTheEnd = static_cast<uint32_t>(offset) + extent == mip;
    if (granularity == 0)
        return offset == 0 && toTheEnd;
    const uint32_t step = block * granularity;
    return static_cast<uint32_t>(offset) % step == 0 && (extent % step == 0 || toTheEnd);
}

Result<RegionLayout> Lay(const ImageTarget& image, const ImageRegion& region, const VkExtent3D& granularity)
{
    RegionLayout layout;
    layout.block = BlockOf(image.format, region.subresource.aspectMask);
    if (layout.block.bytes == 0)
        return Fail(ErrorCode::MissingFeature, "format {} has no texel block size that is known here",
                    static_cast<int>(image.format));
    const uint32_t level = region.subresource.mipLevel;
    const VkExtent3D mip{MipSize(image.extent.width, level), MipSize(image.extent.height, level),
                         MipSize(image.extent.depth, level)};
    const auto inside = [](int32_t offset, uint32_t extent, uint32_t size) {
        return offset >= 0 && extent != 0 && static_cast<uint32_t>(offset) <= size &&
               extent <= size - static_cast<uint32_t>(offset);
    };
    if (!inside(region.offset.x, region.extent.width, mip.width) ||
        !inside(region.offset.y, region.extent.height, mip.height) ||
        !inside(region.offset.z, region.extent.depth, mip.depth) || region.subresource.layerCount == 0)
        return Fail(ErrorCode::OutOfRange, "region {}x{}x{} at ({}, {}, {}) leaves mip level {} of {}x{}x{} texels",
                    region.extent.width, region.extent.height, region.extent.depth, region.offset.x, region.offset.y,
                    region.offset.z, level, mip.width, mip.height, mip.depth);
    if (!FitsGranularity(region.offset.x, region.extent.width, mip.width, layout.block.width, granularity.width) ||
        !FitsGranularity(region.offset.y, region.extent.height, mip.height, layout.block.height, granularity.height) ||
        !FitsGranularity(region.offset.z, region.extent.depth, mip.depth, 1, granularity.depth))
        return Fail(ErrorCode::InvalidArgument,
                    "region {}x{}x{} at ({}, {}, {}) does not fit texel blocks of {}x{} and the queue's granularity of "
                    "{}x{}x{} blocks",
                    region.extent.width, region.extent.height, region.extent.depth, region.offset.x, region.offset.y,
                    region.offset.z, layout.block.width, layout.block.height, granularity.width, granularity.height,
                    granularity.depth);
    layout.rowBlocks = Blocks(region.extent.width, layout.block.width);
    layout.rows = Blocks(region.extent.height, layout.block.height);
    layout.slices = region.extent.depth * region.subresource.layerCount;
    layout.rowBytes = uint64_t{layout.rowBlocks} * layout.block.bytes;
    return layout;
}

// Offsets of image copies in a buffer are multiples of 4 and of the block size; both divide this.
uint64_t CopyAlignment(const TexelBlock& block, const VkPhysicalDeviceLimits& limits)
{
    uint64_t alignment = std::lcm<uint64_t>(4, block.bytes);
    return std::lcm(alignment, std::max<uint64_t>(1, limits.optimalBufferCopyOffsetAlignment));
}
} // namespace

Result<UploadTicket> TransferEngine::WriteImage(const ImageTarget& image, std::span<const ImageRegion> regions,
                                                std::span<const std::byte> bytes, const WriteOptions& options)
{
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    if (image.image == VK_NULL_HANDLE || regions.empty())
        return Fail(ErrorCode::InvalidArgument, "WriteImage needs an image and regions");
    const VkExtent3D granularity = m_core->Device().queues[0].imageGranularity;
    const VkPhysicalDeviceLimits& limits = m_core->Device().properties.limits;

    // Everything is checked before anything is collected.
    std::vector<RegionLayout> layouts;
    uint64_t total = 0;
    for (const ImageRegion& region : regions)
    {
        auto layout = Lay(image, region, granularity);
        if (!layout)
            return Forward(layout);
        if (region.bytesOffset > bytes.size() || layout->TotalBytes() > bytes.size() - region.bytesOffset)
            return Fail(ErrorCode::OutOfRange, "an image region of {} bytes at {} leaves the {} bytes given",
                        layout->TotalBytes(), region.bytesOffset, bytes.size());
        total += layout->TotalBytes();
        layouts.push_back(*layout);
    }
    if (auto room = CheckRoom(total, options, "an image"); !room)
        return Forward(room);

    ImageWrite write;
    write.target = image;
    uint64_t number = 0;
    // Hands the pieces so far to the current batch; what follows finds the image in its new layout.
    const auto commit = [&] {
        if (write.pieces.empty())
            return;
        const std::lock_guard lock(m_mutex);
        for (const ImageWrite::Piece& piece : write.pieces)
            ++m_current->slices[piece.block];
        m_openSlices -= write.pieces.size();
        m_sliceAppended.notify_all();
        EpochForWrite(KeyOf(image.image)).imageWrites.push_back(std::move(write));
        number = m_current->number;
        write = {};
        write.target = image;
        write.target.oldLayout = image.newLayout;
    };
    for (size_t i = 0; i < regions.size(); ++i)
    {
        const ImageRegion& region = regions[i];
        const RegionLayout* layout = &layouts[i];
        const uint64_t alignment = CopyAlignment(layout->block, limits);
        // As many rows at once as a staging block holds, and as the queue's granularity allows to cut.
        const uint32_t step = std::max(1u, granularity.height);
        const bool canCut = granularity.height != 0;
        uint64_t rowsAtOnce =
            std::max<uint64_t>(1, (m_staging->Desc().blockBytes - std::min(alignment, m_staging->Desc().blockBytes)) /
                                      layout->rowBytes);
        rowsAtOnce = canCut ? std::max<uint64_t>(step, rowsAtOnce / step * step) : layout->rows;

        const std::byte* source = bytes.data() + region.bytesOffset;
        for (uint32_t slice = 0; slice < layout->slices; ++slice)
        {
            for (uint32_t row = 0; row < layout->rows;)
            {
                const uint32_t count = static_cast<uint32_t>(std::min<uint64_t>(rowsAtOnce, layout->rows - row));
                const uint64_t length = count * layout->rowBytes;
                // Room to align within the slice: block sizes such as 3 or 12 are no powers of two.
                auto staging = AllocateStaging(length + alignment, length + alignment, 4, {OutOfStaging::Fail, {}});
                if (!staging && staging.error().code == ErrorCode::OutOfStaging)
                {
                    commit(); // waiting while holding staging that nobody else can send out would wait for ever
                    staging = AllocateStaging(length + alignment, length + alignment, 4, options);
                }
                if (!staging)
                {
                    commit();
                    return Forward(staging);
                }
                const uint64_t offset = (staging->offset + alignment - 1) / alignment * alignment;
                std::memcpy(staging->block->backing->memory.mapped + offset, source, length);
                source += length;

                ImageWrite::Piece piece;
                piece.block = staging->block;
                piece.region = {VK_STRUCTURE_TYPE_BUFFER_IMAGE_COPY_2};
                piece.region.bufferOffset = offset;
                piece.region.imageSubresource = region.subresource;
                piece.region.imageSubresource.baseArrayLayer += slice / region.extent.depth;
                piece.region.imageSubresource.layerCount = 1;
                piece.region.imageOffset = {region.offset.x,
                                            region.offset.y + static_cast<int32_t>(row * layout->block.height),
                                            region.offset.z + static_cast<int32_t>(slice % region.extent.depth)};
                piece.region.imageExtent = {region.extent.width,
                                            std::min(count * layout->block.height,
                                                     region.extent.height - row * layout->block.height),
                                            1};
                write.pieces.push_back(piece);
                row += count;
            }
        }
    }

    commit();
    m_counters.writes.fetch_add(1, std::memory_order_relaxed);
    m_counters.uploadedBytes.fetch_add(total, std::memory_order_relaxed);
    return UploadTicket(shared_from_this(), number, 0);
}

Result<ReadbackTicket> TransferEngine::RequestImage(const ImageTarget& image, const ImageRegion& region)
{
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    if (image.image == VK_NULL_HANDLE)
        return Fail(ErrorCode::InvalidArgument, "RequestImage needs an image");
    if (image.oldLayout == VK_IMAGE_LAYOUT_UNDEFINED)
        return Fail(ErrorCode::InvalidArgument, "RequestImage: with oldLayout UNDEFINED there is nothing to read");
    const auto layout = Lay(image, region, m_core->Device().queues[0].imageGranularity);
    if (!layout)
        return tl::unexpected(layout.error());
    const uint64_t alignment = CopyAlignment(layout->block, m_core->Device().properties.limits);
    auto slice = m_readback->Allocate(layout->TotalBytes() + alignment, layout->TotalBytes() + alignment, 64, true);
    if (!slice)
        return Forward(slice);
    slice->offset = (slice->offset + alignment - 1) / alignment * alignment;
    slice->bytes = layout->TotalBytes();
    auto record = std::make_shared<ReadbackRecord>();
    record->engine = shared_from_this();
    record->slice = *slice;

    ImageRead read;
    read.target = image;
    read.region = {VK_STRUCTURE_TYPE_BUFFER_IMAGE_COPY_2};
    read.region.bufferOffset = slice->offset;
    read.region.imageSubresource = region.subresource;
    read.region.imageOffset = region.offset;
    read.region.imageExtent = region.extent;
    read.record = record;
    const std::lock_guard lock(m_mutex);
    record->batch.store(m_current->number);
    Epoch& epoch = EpochForRead();
    epoch.readKeys.insert(KeyOf(image.image));
    epoch.imageReads.push_back(std::move(read));
    m_counters.readbackBytes.fetch_add(layout->TotalBytes(), std::memory_order_relaxed);
    return ReadbackTicket(std::move(record));
}
} // namespace sedx
