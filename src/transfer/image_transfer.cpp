// Collecting image writes and read-backs: texel blocks, transfer granularity, splitting over staging blocks.
#include "transfer/transfer_engine.h"
#include "vulkan/texel_block.h"

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
    uint32_t rowBlocks = 0; // blocks in a row of the region
    uint32_t rows = 0;      // rows of blocks in a slice
    uint64_t slices = 0;    // depth times layers
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

// `granularity`: of the queue that copies.
Result<RegionLayout> Lay(const ImageTarget& image, const ImageRegion& region, const VkExtent3D& granularity,
                         const VkPhysicalDeviceLimits& limits)
{
    // Sizes that no image of this device has would overflow the sums below.
    const uint32_t largest =
        std::max({limits.maxImageDimension1D, limits.maxImageDimension2D, limits.maxImageDimension3D});
    if (image.extent.width > largest || image.extent.height > largest || image.extent.depth > largest ||
        region.subresource.layerCount > limits.maxImageArrayLayers)
        return Fail(ErrorCode::LimitExceeded,
                    "an image of {}x{}x{} texels, or {} layers, exceeds the device's limits of {} texels and {} layers",
                    image.extent.width, image.extent.height, image.extent.depth, region.subresource.layerCount, largest,
                    limits.maxImageArrayLayers);
    if (image.newLayout == VK_IMAGE_LAYOUT_UNDEFINED || image.newLayout == VK_IMAGE_LAYOUT_PREINITIALIZED)
        return Fail(ErrorCode::InvalidArgument, "newLayout cannot be UNDEFINED or PREINITIALIZED");
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
    layout.slices = uint64_t{region.extent.depth} * region.subresource.layerCount;
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

namespace
{
// One copy command's worth of a region: some rows of one slice, or all of it where the queue cannot cut.
struct PieceShape
{
    uint64_t bytes = 0;
    VkImageSubresourceLayers subresource{};
    VkOffset3D offset{};
    VkExtent3D extent{};
};

std::vector<PieceShape> CutIntoPieces(const ImageRegion& region, const RegionLayout& layout, bool canCut,
                                      uint64_t largestPiece)
{
    if (!canCut || layout.TotalBytes() <= largestPiece)
        return {{layout.TotalBytes(), region.subresource, region.offset, region.extent}};
    std::vector<PieceShape> pieces;
    const uint64_t rowsAtOnce = std::max<uint64_t>(1, largestPiece / layout.rowBytes);
    for (uint64_t slice = 0; slice < layout.slices; ++slice)
    {
        for (uint32_t row = 0; row < layout.rows;)
        {
            const auto count = static_cast<uint32_t>(std::min<uint64_t>(rowsAtOnce, layout.rows - row));
            const uint32_t texelRow = row * layout.block.height;
            PieceShape piece;
            piece.bytes = count * layout.rowBytes;
            piece.subresource = region.subresource;
            piece.subresource.baseArrayLayer += static_cast<uint32_t>(slice / region.extent.depth);
            piece.subresource.layerCount = 1;
            piece.offset = {region.offset.x, region.offset.y + static_cast<int32_t>(texelRow),
                            region.offset.z + static_cast<int32_t>(slice % region.extent.depth)};
            piece.extent = {region.extent.width, std::min(count * layout.block.height, region.extent.height - texelRow),
                            1};
            pieces.push_back(piece);
            row += count;
        }
    }
    return pieces;
}
} // namespace

Result<UploadTicket::Carriers> TransferEngine::WriteImage(const ImageTarget& image,
                                                          std::span<const ImageRegion> regions,
                                                          std::span<const std::byte> bytes, const WriteOptions& options)
{
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    if (image.image == VK_NULL_HANDLE || regions.empty())
        return Fail(ErrorCode::InvalidArgument, "WriteImage needs an image and regions");
    const VkExtent3D granularity = m_core->Device().queues[0].imageGranularity;
    const bool canCut = granularity.width == 1 && granularity.height == 1 && granularity.depth == 1;
    const VkPhysicalDeviceLimits& limits = m_core->Device().properties.limits;

    // Everything is checked before anything is collected.
    std::vector<RegionLayout> layouts;
    uint64_t total = 0;
    for (const ImageRegion& region : regions)
    {
        auto layout = Lay(image, region, granularity, limits);
        if (!layout)
            return Forward(layout);
        if (region.bytesOffset > bytes.size() || layout->TotalBytes() > bytes.size() - region.bytesOffset)
            return Fail(ErrorCode::OutOfRange, "an image region of {} bytes at {} leaves the {} bytes given",
                        layout->TotalBytes(), region.bytesOffset, bytes.size());
        total += layout->TotalBytes();
        layouts.push_back(*layout);
    }

    ImageWrite write;
    write.target = image;
    std::vector<Slice> filled;
    Carriers carriers;
    // Hands the pieces so far to the current batch; what follows finds the image in its new layout.
    const auto commit = [&] {
        if (filled.empty())
            return;
        const std::lock_guard lock(m_mutex);
        for (const Slice& slice : filled)
            m_current->Hold(slice.block);
        m_openSlices -= filled.size();
        m_sliceAppended.notify_all();
        filled.clear();
        EpochForWrite(KeyOf(image.image)).imageWrites.push_back(std::exchange(write, {}));
        write.target = image;
        write.target.oldLayout = image.newLayout;
        carriers.firstBatch = carriers.firstBatch == 0 ? m_current->number : carriers.firstBatch;
        carriers.lastBatch = m_current->number;
    };
    for (size_t i = 0; i < regions.size(); ++i)
    {
        const uint64_t alignment = CopyAlignment(layouts[i].block, limits);
        const uint64_t blockBytes = m_staging->Desc().blockBytes;
        const std::byte* source = bytes.data() + regions[i].bytesOffset;
        for (const PieceShape& shape :
             CutIntoPieces(regions[i], layouts[i], canCut, blockBytes - std::min(alignment, blockBytes)))
        {
            // Room to align within the slice: block sizes such as 3 or 12 are no powers of two.
            const uint64_t room = shape.bytes + alignment;
            auto slice = AllocateStaging(room, room, 4, room, options, commit);
            if (!slice)
            {
                GiveBack(filled);
                return Forward(slice);
            }
            filled.push_back(*slice);
            const uint64_t offset = (slice->offset + alignment - 1) / alignment * alignment;
            std::memcpy(slice->block->backing->memory.mapped + offset, source, shape.bytes);
            source += shape.bytes;
            ImageWrite::Piece piece;
            piece.block = slice->block;
            piece.region = {VK_STRUCTURE_TYPE_BUFFER_IMAGE_COPY_2};
            piece.region.bufferOffset = slice->block->backing->memory.offset + offset;
            piece.region.imageSubresource = shape.subresource;
            piece.region.imageOffset = shape.offset;
            piece.region.imageExtent = shape.extent;
            write.pieces.push_back(piece);
        }
    }
    commit();
    m_counters.writes.fetch_add(1, std::memory_order_relaxed);
    m_counters.uploadedBytes.fetch_add(total, std::memory_order_relaxed);
    return carriers;
}

Result<ReadbackTicket> TransferEngine::RequestImage(const ImageTarget& image, const ImageRegion& region, uint64_t frame)
{
    if (!m_alive.load())
        return Fail(ErrorCode::WrongState, "the system is gone");
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    if (image.image == VK_NULL_HANDLE)
        return Fail(ErrorCode::InvalidArgument, "RequestImage needs an image");
    if (image.oldLayout == VK_IMAGE_LAYOUT_UNDEFINED)
        return Fail(ErrorCode::InvalidArgument, "RequestImage: with oldLayout UNDEFINED there is nothing to read");
    const auto layout =
        Lay(image, region, m_core->Device().queues[0].imageGranularity, m_core->Device().properties.limits);
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
    read.frame = std::max<uint64_t>(1, frame);
    read.region = {VK_STRUCTURE_TYPE_BUFFER_IMAGE_COPY_2};
    read.region.bufferOffset = slice->block->backing->memory.offset + slice->offset;
    read.region.imageSubresource = region.subresource;
    read.region.imageOffset = region.offset;
    read.region.imageExtent = region.extent;
    read.record = record;
    const std::lock_guard lock(m_mutex);
    CollectLanes();
    record->batch.store(m_current->number);
    Epoch& epoch = EpochForRead();
    epoch.readKeys.insert(KeyOf(image.image));
    epoch.imageReads.push_back(std::move(read));
    m_counters.readbackBytes.fetch_add(layout->TotalBytes(), std::memory_order_relaxed);
    return ReadbackTicket(std::move(record));
}
} // namespace sedx
