#include "transfer/batch.h"

#include "base/copy_workers.h"
#include "vulkan/barrier.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace sedx
{
namespace
{
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

// Where copies run on this queue, and what they access there. Updates are clear commands.
struct CopyStages
{
    CopyStages(bool hasCompute, bool hasUpdates)
        : stage(kCopy | (hasCompute ? VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT : VK_PIPELINE_STAGE_2_NONE) |
                (hasUpdates ? VK_PIPELINE_STAGE_2_CLEAR_BIT : VK_PIPELINE_STAGE_2_NONE)),
          write(VK_ACCESS_2_TRANSFER_WRITE_BIT |
                (hasCompute ? VK_ACCESS_2_SHADER_STORAGE_WRITE_BIT : VK_ACCESS_2_NONE)),
          access(write | VK_ACCESS_2_TRANSFER_READ_BIT |
                 (hasCompute ? VK_ACCESS_2_SHADER_STORAGE_READ_BIT : VK_ACCESS_2_NONE))
    {
    }
    VkPipelineStageFlags2 stage;
    VkAccessFlags2 write;
    VkAccessFlags2 access;
};

// Copies of one buffer.
struct PlannedLayer
{
    const BufferMemory* destination = nullptr;
    CopyLayer ops;
};

void RecordRegions(const DeviceDispatch& vk, VkCommandBuffer cmd, const BufferMemory& destination, CopyLayer& layer,
                   std::vector<VkBufferCopy2>& regions)
{
    const auto isBefore = [](const CopyOp& a, const CopyOp& b) { return std::less<>{}(a.block, b.block); };
    if (!std::is_sorted(layer.begin(), layer.end(), isBefore))
        std::sort(layer.begin(), layer.end(), isBefore);
    for (size_t begin = 0; begin < layer.size();)
    {
        const Block* block = layer[begin].block;
        const BufferMemory& source = block->backing->memory;
        regions.clear();
        size_t end = begin;
        for (; end < layer.size() && layer[end].block == block && regions.size() < kRegionsPerCommand; ++end)
        {
            const CopyOp& op = layer[end];
            regions.push_back({VK_STRUCTURE_TYPE_BUFFER_COPY_2, nullptr, source.offset + op.source,
                               destination.offset + op.destination, op.bytes});
        }
        VkCopyBufferInfo2 copy{VK_STRUCTURE_TYPE_COPY_BUFFER_INFO_2};
        copy.srcBuffer = source.buffer;
        copy.dstBuffer = destination.buffer;
        copy.regionCount = static_cast<uint32_t>(regions.size());
        copy.pRegions = regions.data();
        vk.CmdCopyBuffer2(cmd, &copy);
        begin = end;
    }
}

// Layers of all destinations of an epoch, level by level, with barriers in between.
class WriteRecorder
{
  public:
    WriteRecorder(const DeviceDispatch& vk, VkCommandBuffer cmd, const RecordRules& rules, const CopyStages& stages,
                  PlanScratch& scratch, BatchStats& stats)
        : m_vk(vk), m_cmd(cmd), m_rules(rules), m_stages(stages), m_scratch(scratch), m_stats(stats)
    {
    }

    void Record(std::vector<BufferWrites>& writes)
    {
        std::vector<CopyPlan> plans = TakePlans(writes);
        std::vector<Level> levels(1);
        levels[0].reserve(writes.size());
        for (size_t list = 0; list < writes.size(); ++list)
        {
            const BufferMemory* destination = &writes[list].backing->memory;
            CopyPlan& plan = plans[list];
            levels[0].push_back({destination, std::move(plan.first)});
            if (levels.size() <= plan.above.size())
                levels.resize(plan.above.size() + 1);
            for (size_t i = 0; i < plan.above.size(); ++i)
                levels[i + 1].push_back({destination, std::move(plan.above[i])});
        }
        for (size_t i = 0; i < levels.size(); ++i)
        {
            if (i != 0)
                Separate();
            RecordLevel(levels[i]);
        }
        for (PlannedLayer& layer : levels[0])
            KeepMemory(std::move(layer.ops));
    }

  private:
    using Level = std::vector<PlannedLayer>; // no byte belongs to two copies
    // Of the longest layer; a frame with far more writes than usual does not keep its memory for ever.
    void KeepMemory(CopyLayer ops)
    {
        constexpr size_t kMost = 1 << 18;
        if (ops.capacity() > m_scratch.spare.capacity() && ops.capacity() <= kMost)
            m_scratch.spare = std::move(ops);
    }
    // How many threads are worth it for so many writes: fewer are done sooner than another thread wakes up.
    size_t ThreadsFor(size_t writes) const noexcept
    {
        constexpr size_t kForAThread = 10'000;
        return std::clamp<size_t>(writes / kForAThread, 1, m_rules.workers == nullptr ? 1 : m_rules.workers->Threads());
    }

    // Of all lists, in their order. Long lists are shared out among threads, and then all others.
    std::vector<CopyPlan> TakePlans(std::span<BufferWrites> writes)
    {
        std::vector<CopyPlan> plans(writes.size());
        size_t rest = 0; // writes in other lists
        const auto isLong = [&](const WriteList& list) { return ThreadsFor(list.Size()) > 1; };
        for (size_t i = 0; i < writes.size(); ++i)
        {
            if (isLong(writes[i].list))
                plans[i] = writes[i].list.TakePlan(m_scratch, m_stats.supersededBytes, m_rules.workers);
            else
                rest += writes[i].list.Size();
        }
        const size_t parts = ThreadsFor(rest);
        std::vector<size_t> ends(parts, writes.size()); // lists of each part
        size_t seen = 0;
        for (size_t i = 0, part = 0; i < writes.size() && part + 1 < parts; ++i)
        {
            seen += writes[i].list.Size(); // 0 for those that are planned
            if (seen >= rest * (part + 1) / parts)
                ends[part++] = i + 1;
        }
        std::vector<uint64_t> superseded(parts);
        if (m_scratch.others.size() + 1 < parts)
            m_scratch.others.resize(parts - 1);
        const auto planPart = [&](size_t part) {
            PlanScratch& scratch = part == 0 ? m_scratch : m_scratch.others[part - 1];
            for (size_t i = part == 0 ? 0 : ends[part - 1]; i < ends[part]; ++i)
                if (!writes[i].list.IsEmpty())
                    plans[i] = writes[i].list.TakePlan(scratch, superseded[part]);
        };
        if (parts == 1)
            planPart(0);
        else
            m_rules.workers->ForEach(parts, planPart);
        m_stats.supersededBytes = std::accumulate(superseded.begin(), superseded.end(), m_stats.supersededBytes);
        return plans;
    }

    void Separate() const
    {
        RecordMemoryBarrier(m_vk, m_cmd, m_stages.stage, m_stages.access, m_stages.stage, m_stages.access);
    }

    // Each way takes out what it has recorded.
    void RecordLevel(Level& level)
    {
        const bool scatters = m_rules.scatter.kernels != nullptr && RecordScatter(level);
        // Updates may run beside the shader: they write whole words, and it touches no word of theirs.
        if (m_rules.inlined.maxBytes != 0)
            RecordUpdates(level);
        bool isSeparated = !scatters;
        for (PlannedLayer& layer : level)
        {
            if (layer.ops.empty())
                continue;
            // Both ways into one buffer: they may meet in a word, which the shader reads and writes as a whole.
            if (!std::exchange(isSeparated, true))
                Separate();
            for (const CopyOp& op : layer.ops)
                ++m_stats.regions[static_cast<size_t>(ReasonOf(*layer.destination, op))];
            m_stats.copyRegions += layer.ops.size();
            RecordRegions(m_vk, m_cmd, *layer.destination, layer.ops, m_regions);
        }
    }

    RegionReason ReasonOf(const BufferMemory& destination, const CopyOp& op) const
    {
        if (op.block->backing->memory.allocation == nullptr) // no memory of the library
            return RegionReason::Imported;
        if (m_rules.scatter.kernels == nullptr)
            return m_rules.withoutShader;
        if (op.bytes > m_rules.scatter.maxBytes)
            return RegionReason::Long;
        return m_rules.scatter.Fits(destination, op) ? m_whyNot : RegionReason::NoAddress;
    }

    // Unless there are too many for a command buffer.
    void RecordUpdates(Level& level)
    {
        uint64_t count = 0;
        for (const PlannedLayer& layer : level)
            for (const CopyOp& op : layer.ops)
                count += m_rules.inlined.Fits(*layer.destination, op) ? 1 : 0;
        if (count == 0 || count > m_rules.inlined.maxWrites)
            return;
        for (PlannedLayer& layer : level)
        {
            const BufferMemory& destination = *layer.destination;
            std::erase_if(layer.ops, [&](const CopyOp& op) {
                if (!m_rules.inlined.Fits(destination, op))
                    return false;
                m_vk.CmdUpdateBuffer(m_cmd, destination.buffer, destination.offset + op.destination, op.bytes,
                                     op.block->backing->memory.mapped + op.source);
                return true;
            });
        }
        m_stats.inlinedCopies += count;
    }

    // Calls visit(destination, copies) for what copies `begin` to `end` of a level are, layer after layer.
    template <class F>
    static void ForEachOf(const Level& level, size_t begin, size_t end, const F& visit)
    {
        for (const PlannedLayer& layer : level)
        {
            const size_t size = layer.ops.size();
            const size_t first = std::min(begin, size);
            const std::span ops(layer.ops);
            visit(*layer.destination, ops.subspan(first, std::min(end, size) - first));
            if (end <= size)
                return;
            begin -= first;
            end -= size;
        }
    }

    // False: too few, or no room for the table.
    bool RecordScatter(Level& level)
    {
        size_t all = 0;
        for (const PlannedLayer& layer : level)
            all += layer.ops.size();
        const size_t parts = ThreadsFor(all);
        ScatterTable table(m_rules.scatter, parts);
        const auto forEach = [&](const auto& visit) {
            const auto visitPart = [&](size_t part) {
                ForEachOf(level, part * all / parts, (part + 1) * all / parts,
                          [&](const BufferMemory& destination, std::span<const CopyOp> ops) {
                              visit(table[part], destination, ops);
                          });
            };
            if (parts == 1)
                visitPart(0);
            else
                m_rules.workers->ForEach(parts, visitPart);
        };
        forEach([this](ScatterTable::Part& part, const BufferMemory& destination, std::span<const CopyOp> ops) {
            part.Count(m_rules.scatter, destination, ops);
        });
        const uint64_t count = table.Count();
        m_whyNot = RegionReason::Few;
        if (count == 0 || count < m_rules.scatter.minWrites)
            return false;
        m_whyNot = RegionReason::NoTable;
        const auto slice = m_rules.allocateTable(table.BytesNeeded());
        if (!slice || slice->block->backing->memory.address == 0)
            return false;
        table.Begin(slice->Data());
        forEach([this](ScatterTable::Part& part, const BufferMemory& destination, std::span<const CopyOp> ops) {
            part.Put(m_rules.scatter, destination, ops);
        });
        table.Record(m_vk, m_cmd, m_rules.scatter, slice->block->backing->memory.address + slice->offset);
        m_stats.scatteredCopies += count;
        for (PlannedLayer& layer : level)
        {
            if (count == all)
                KeepMemory(std::exchange(layer.ops, {}));
            else
                std::erase_if(layer.ops,
                              [&](const CopyOp& op) { return m_rules.scatter.Fits(*layer.destination, op); });
        }
        return true;
    }

    const DeviceDispatch& m_vk;
    VkCommandBuffer m_cmd;
    const RecordRules& m_rules;
    const CopyStages& m_stages;
    PlanScratch& m_scratch;
    BatchStats& m_stats;
    std::vector<VkBufferCopy2> m_regions;      // used again
    RegionReason m_whyNot = RegionReason::Few; // why this level's short writes are not scattered, if they are not
};

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
    stats.imageRegions += write.pieces.size();
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
    ++stats.reads;
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
    ++stats.reads;
    ImageBarrier(vk, cmd, read.target, kLayout, read.target.newLayout, kCopy, VK_ACCESS_2_TRANSFER_READ_BIT, kAll,
                 AccessesOf(read.target.newLayout));
}
} // namespace

bool Epoch::Delays(const Backing& source, const Backing& destination, const DeviceCopyRegion& region) const noexcept
{
    if (readKeys.contains(KeyOf(&destination)))
        return true;
    const auto from = moved.find(KeyOf(&source));
    if (from != moved.end() && from->second.written.Overlaps(region.source, region.bytes))
        return true;
    const auto to = moved.find(KeyOf(&destination));
    return to != moved.end() && (to->second.written.Overlaps(region.destination, region.bytes) ||
                                 to->second.read.Overlaps(region.destination, region.bytes));
}

void Epoch::Append(const Ref<Backing>& source, const Ref<Backing>& destination, const DeviceCopyRegion& region)
{
    if (moves.empty() || moves.back().source.Get() != source.Get() ||
        moves.back().destination.Get() != destination.Get())
        moves.push_back({source, destination, {}});
    moves.back().regions.push_back(region);
    moved[KeyOf(source.Get())].read.Add(region.source, region.bytes);
    moved[KeyOf(destination.Get())].written.Add(region.destination, region.bytes);
}

WriteList& Epoch::ListFor(Backing& backing)
{
    if (backing.listEpoch != serial)
    {
        backing.listEpoch = serial;
        backing.listIndex = writes.size();
        writes.push_back({Ref<Backing>(&backing), {}});
    }
    return writes[backing.listIndex].list;
}

uint64_t Epoch::NextSerial() noexcept
{
    static std::atomic<uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

bool Batch::HasWrites() const noexcept
{
    return std::any_of(epochs.begin(), epochs.end(),
                       [](const Epoch& epoch) { return epoch.HasWrites() || epoch.HasMoves(); });
}

bool Batch::HasImages(uint64_t readsThrough) const noexcept
{
    return std::any_of(epochs.begin(), epochs.end(), [&](const Epoch& epoch) {
        return !epoch.imageWrites.empty() ||
               std::any_of(epoch.imageReads.begin(), epoch.imageReads.end(),
                           [&](const ImageRead& read) { return GoesOut(epoch, read.frame, readsThrough); });
    });
}

bool Batch::HasWork(uint64_t readsThrough) const noexcept
{
    const auto isDue = [readsThrough](const auto& read) { return read.frame <= readsThrough; };
    return HasWrites() || std::any_of(epochs.begin(), epochs.end(), [&](const Epoch& epoch) {
               return std::any_of(epoch.reads.begin(), epoch.reads.end(), isDue) ||
                      std::any_of(epoch.imageReads.begin(), epoch.imageReads.end(), isDue);
           });
}

BatchStats RecordBatch(const DeviceDispatch& vk, VkCommandBuffer cmd, Batch& batch, const RecordRules& rules,
                       PlanScratch& scratch)
{
    BatchStats stats;
    bool meetsHost = false; // the CPU may map what copies wrote
    const bool hasCompute = rules.scatter.kernels != nullptr || rules.moves.kernels != nullptr;
    const CopyStages stages(hasCompute, rules.inlined.maxBytes != 0);
    stats.scatterMaxBytes = rules.scatter.maxBytes;
    stats.scatterMinWrites = rules.scatter.minWrites;
    WriteRecorder recorder(vk, cmd, rules, stages, scratch, stats);
    RecordMemoryBarrier(vk, cmd, kAll, kAnyAccess, stages.stage, stages.access);
    for (size_t i = 0; i < batch.epochs.size(); ++i)
    {
        Epoch& epoch = batch.epochs[i];
        if (i != 0)
            RecordMemoryBarrier(vk, cmd, stages.stage, stages.access, stages.stage, stages.access);
        meetsHost = meetsHost || std::ranges::any_of(epoch.writes, [](const BufferWrites& writes) {
                        return writes.backing->memory.mapped != nullptr;
                    });
        recorder.Record(epoch.writes);
        for (const ImageWrite& write : epoch.imageWrites)
            RecordImageWrite(vk, cmd, write, stats);
        if (epoch.HasMoves())
        {
            meetsHost = true;
            if (epoch.HasWrites())
                RecordMemoryBarrier(vk, cmd, stages.stage, stages.write, stages.stage, stages.access);
            for (const BufferMoves& moves : epoch.moves)
                RecordDeviceCopies(vk, cmd, rules.moves, moves.source->memory, moves.destination->memory, moves.regions,
                                   stats.moves);
        }
        if (!epoch.HasReads())
            continue;
        meetsHost = true;
        if (epoch.HasWrites() || epoch.HasMoves())
            RecordMemoryBarrier(vk, cmd, stages.stage, stages.write, stages.stage, stages.access);
        for (const BufferRead& read : epoch.reads)
            RecordBufferRead(vk, cmd, read, stats);
        for (const ImageRead& read : epoch.imageReads)
            RecordImageRead(vk, cmd, read, stats);
    }
    RecordMemoryBarrier(vk, cmd, stages.stage, stages.write,
                        kAll | (meetsHost ? VK_PIPELINE_STAGE_2_HOST_BIT : VK_PIPELINE_STAGE_2_NONE),
                        kAnyAccess |
                            (meetsHost ? VK_ACCESS_2_HOST_READ_BIT | VK_ACCESS_2_HOST_WRITE_BIT : VK_ACCESS_2_NONE));
    return stats;
}
} // namespace sedx
