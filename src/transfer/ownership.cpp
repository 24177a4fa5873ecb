#include "transfer/ownership.h"

#include <algorithm>

namespace sedx
{
namespace
{
bool IsForeign(const Backing& backing, uint32_t family) noexcept
{
    return backing.exclusive && backing.exclusive->family != family;
}

// The release; its acquire differs in the accesses only.
VkBufferMemoryBarrier2 ReleaseOf(const Backing& backing, uint32_t family, uint64_t offset, uint64_t bytes) noexcept
{
    VkBufferMemoryBarrier2 barrier{VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER_2};
    barrier.srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
    barrier.srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT;
    barrier.dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT; // a semaphore goes on from here
    barrier.dstAccessMask = VK_ACCESS_2_NONE;
    barrier.srcQueueFamilyIndex = family;
    barrier.dstQueueFamilyIndex = backing.exclusive->family;
    barrier.buffer = backing.memory.buffer;
    barrier.offset = backing.memory.offset + offset;
    barrier.size = bytes;
    return barrier;
}

VkBufferMemoryBarrier2 AcquireOf(VkBufferMemoryBarrier2 release) noexcept
{
    release.srcAccessMask = VK_ACCESS_2_NONE;
    release.dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT;
    return release;
}

// What a batch does with one exclusive backing.
struct Touch
{
    RangeSet written;
    bool isUsed = false; // read, or moved from or to
};

using Touches = std::unordered_map<Backing*, Touch>;

Touches TouchesOf(const Batch& batch)
{
    Touches touches;
    for (const Epoch& epoch : batch.epochs)
    {
        for (const BufferWrites& writes : epoch.writes)
            if (writes.backing->exclusive)
                for (const CopyOp& op : writes.list.Ops())
                    touches[writes.backing.Get()].written.Add(op.destination, op.bytes);
        for (const BufferMoves& moves : epoch.moves)
        {
            if (moves.source->exclusive)
                touches[moves.source.Get()].isUsed = true;
            if (!moves.destination->exclusive)
                continue;
            Touch& touch = touches[moves.destination.Get()];
            touch.isUsed = true;
            for (const DeviceCopyRegion& region : moves.regions)
                touch.written.Add(region.destination, region.bytes);
        }
        for (const BufferRead& read : epoch.reads)
            if (read.source->exclusive)
                touches[read.source.Get()].isUsed = true;
    }
    return touches;
}
} // namespace

bool OwnershipBook::IsFresh(const Backing& backing, uint64_t offset, uint64_t bytes) noexcept
{
    return backing.lastFrame.load(std::memory_order_acquire) == 0 &&
           !backing.exclusive->touched.Overlaps(offset, bytes);
}

const ExclusiveUse* OwnershipBook::FindMisplaced(const Batch& batch, uint32_t family,
                                                 uint64_t readsThrough) const noexcept
{
    for (const Epoch& epoch : batch.epochs)
    {
        for (const BufferWrites& writes : epoch.writes)
            if (IsForeign(*writes.backing, family))
                for (const CopyOp& op : writes.list.Ops())
                    if (!IsFresh(*writes.backing, op.destination, op.bytes))
                        return writes.backing->exclusive.get();
        for (const BufferMoves& moves : epoch.moves)
            for (const Backing* backing : {moves.source.Get(), moves.destination.Get()})
                if (IsForeign(*backing, family))
                    return backing->exclusive.get();
        for (const BufferRead& read : epoch.reads)
            if (batch.GoesOut(epoch, read.frame, readsThrough) && IsForeign(*read.source, family))
                return read.source->exclusive.get();
    }
    return nullptr;
}

OwnershipBook::Barriers OwnershipBook::Pass(const Batch& batch, uint32_t family, uint64_t frame,
                                            std::vector<Buffer>& kept)
{
    Barriers barriers;
    for (auto& [backing, touch] : TouchesOf(batch))
    {
        ExclusiveUse& use = *backing->exclusive;
        if (use.family == family)
        {
            for (Release& release : m_releases)
                if (release.serial == use.serial && release.frame == 0)
                {
                    barriers.acquires.push_back(release.acquire);
                    release.frame = frame != 0 ? frame : Backing::kEveryFrame;
                    release.acquirer = frame != 0 ? 0 : batch.number;
                    use.unacquired.fetch_sub(1);
                }
        }
        else
            touch.written.ForEach([&, target = backing](uint64_t offset, uint64_t bytes) {
                barriers.releases.push_back(ReleaseOf(*target, family, offset, bytes));
                m_releases.push_back({use.buffer, use.serial, AcquireOf(barriers.releases.back()), batch.number, 0, 0});
                use.unacquired.fetch_add(1);
            });
        touch.written.ForEach([&use](uint64_t offset, uint64_t bytes) { use.touched.Add(offset, bytes); });
    }
    if (m_releases.size() >= m_pruneAt)
        Prune(kept);
    return barriers;
}

void OwnershipBook::Prune(std::vector<Buffer>& kept)
{
    std::erase_if(m_releases, [&](const Release& release) { return !BackingOf(release, kept); });
    m_pruneAt = std::max(kFewReleases, m_releases.size() * 2);
}

Ref<Backing> OwnershipBook::BackingOf(const Release& release, std::vector<Buffer>& kept) const noexcept
{
    auto buffer = m_core.Find(release.buffer);
    if (!buffer)
        return {};
    BufferResource& resource = *buffer->Resource();
    kept.push_back(std::move(*buffer));
    const std::lock_guard lock(resource.mutex);
    const bool isSame =
        resource.backing && resource.backing->exclusive && resource.backing->exclusive->serial == release.serial;
    return isSame ? resource.backing : Ref<Backing>();
}

std::vector<VkBufferMemoryBarrier2> OwnershipBook::AcquireAll(uint32_t family, uint64_t frame,
                                                              std::vector<Buffer>& kept)
{
    std::vector<VkBufferMemoryBarrier2> acquires;
    std::erase_if(m_releases, [&](Release& release) {
        if (release.frame != 0 || release.acquire.dstQueueFamilyIndex != family)
            return false;
        const Ref<Backing> backing = BackingOf(release, kept);
        if (!backing)
            return true;
        acquires.push_back(release.acquire);
        release.frame = frame;
        backing->used.store(true); // by this frame: its memory stays until the frame has passed
        backing->exclusive->unacquired.fetch_sub(1);
        return false;
    });
    return acquires;
}

void OwnershipBook::OnBatchLost(uint64_t batch, std::vector<Buffer>& kept) noexcept
{
    std::erase_if(m_releases, [&](Release& release) {
        if (release.batch != batch && release.acquirer != batch)
            return false;
        const Ref<Backing> backing = BackingOf(release, kept);
        if (!backing)
            return true;
        ExclusiveUse& use = *backing->exclusive;
        if (release.batch == batch)
        {
            use.touched.Remove(release.acquire.offset - backing->memory.offset, release.acquire.size);
            if (release.frame == 0)
                use.unacquired.fetch_sub(1);
            return true;
        }
        release.acquirer = 0;
        release.frame = 0;
        use.unacquired.fetch_add(1);
        return false;
    });
}

void OwnershipBook::OnAbandoned(uint64_t frame, std::vector<Buffer>& kept) noexcept
{
    for (Release& release : m_releases)
    {
        if (release.frame != frame)
            continue;
        release.frame = 0;
        if (const Ref<Backing> backing = BackingOf(release, kept))
            backing->exclusive->unacquired.fetch_add(1);
    }
}

void OwnershipBook::Settle() noexcept
{
    if (m_releases.empty())
        return;
    std::erase_if(m_releases, [this](const Release& release) {
        return release.frame != 0 && !m_core.Frames().IsOpen(release.frame) &&
               release.acquirer <= m_core.completedBatch.load();
    });
}

void RecordBufferBarriers(const DeviceDispatch& vk, VkCommandBuffer cmd,
                          std::span<const VkBufferMemoryBarrier2> barriers)
{
    if (barriers.empty())
        return;
    VkDependencyInfo dependency{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
    dependency.bufferMemoryBarrierCount = static_cast<uint32_t>(barriers.size());
    dependency.pBufferMemoryBarriers = barriers.data();
    vk.CmdPipelineBarrier2(cmd, &dependency);
}
} // namespace sedx
