// Identity of buffers: creating, finding and dropping handles, and what a frame sees of them.
#include "buffer/buffer_core.h"

#include "base/align.h"

#include <sedx/log.h>

namespace sedx
{
BufferUsage CompleteUsage(BufferUsage usage) noexcept
{
    // Both directions always: any buffer can be uploaded to, read back for verification, and moved.
    usage |= BufferUsage::TransferSrc | BufferUsage::TransferDst;
    if (Any(usage & BufferUsage::Scratch))
        usage |= BufferUsage::Storage;
    if (Any(usage & (BufferUsage::Storage | BufferUsage::Indirect | BufferUsage::AccelerationStructure |
                     BufferUsage::AccelerationStructureInput | BufferUsage::ShaderBindingTable)))
        usage |= BufferUsage::DeviceAddress;
    return usage;
}

Buffer Revive(BufferResource& resource) noexcept
{
    uint32_t count = resource.references.load();
    while (count != 0)
    {
        if (!resource.references.compare_exchange_weak(count, count + 1))
            continue;
        Buffer handle(&resource);
        resource.references.fetch_sub(1); // the handle has its own
        return handle;
    }
    return {};
}

namespace
{
MemoryRole RoleOf(MemoryType memory) noexcept
{
    switch (memory)
    {
    case MemoryType::GPU:
    case MemoryType::GPUUpload: return MemoryRole::Gpu;
    case MemoryType::Readback: return MemoryRole::Readback;
    default: return MemoryRole::Cpu;
    }
}
} // namespace

Result<void> BufferCore::CheckAllButSize(const BufferDesc& desc) const
{
    constexpr uint64_t kLargestAlignment = 65'536;
    if (m_device->IsLost())
        return m_device->LostError();
    if (desc.bytes == 0)
        return Fail(ErrorCode::InvalidArgument, "buffer '{}' has 0 bytes", desc.name);
    if (desc.usage == BufferUsage::None)
        return Fail(ErrorCode::InvalidArgument, "buffer '{}' ({} bytes) has no usage", desc.name, desc.bytes);
    if (!IsPowerOfTwo(static_cast<uint32_t>(desc.memory)) || desc.memory > MemoryType::GPUUpload)
        return Fail(ErrorCode::InvalidArgument, "buffer '{}' needs exactly one memory type", desc.name);
    if (desc.priority >= BufferPriority::Count)
        return Fail(ErrorCode::InvalidArgument, "buffer '{}' has an unknown priority", desc.name);
    if (desc.alignment != 0 && (!IsPowerOfTwo(desc.alignment) || desc.alignment > kLargestAlignment))
        return Fail(ErrorCode::InvalidArgument,
                    "buffer '{}' wants an alignment of {} bytes, powers of two up to {} are possible", desc.name,
                    desc.alignment, kLargestAlignment);
    if (desc.ownership > Ownership::Exclusive || desc.ownerQueue >= m_device->queues.size())
        return Fail(ErrorCode::InvalidArgument, "buffer '{}' shall belong to queue {}; the device has {}", desc.name,
                    desc.ownerQueue, m_device->queues.size());
    if (Any(desc.usage & (BufferUsage::AccelerationStructure | BufferUsage::AccelerationStructureInput)) &&
        !m_device->hasAccelerationStructures)
        return Fail(ErrorCode::MissingFeature,
                    "buffer '{}' is for acceleration structures, but device '{}' was made "
                    "without VK_KHR_acceleration_structure",
                    desc.name, m_device->name);
    if (Any(desc.usage & BufferUsage::ShaderBindingTable) && !m_device->hasRayTracingPipelines)
        return Fail(ErrorCode::MissingFeature,
                    "buffer '{}' is a shader binding table, but device '{}' was made without "
                    "VK_KHR_ray_tracing_pipeline",
                    desc.name, m_device->name);
    return {};
}

Result<void> BufferCore::Check(const BufferDesc& desc) const
{
    if (auto possible = CheckAllButSize(desc); !possible)
        return possible;
    return CheckSize(desc.bytes, desc.name.c_str());
}

MemoryRequest BufferCore::RequestOf(const BufferDesc& desc, BufferUsage usage) const noexcept
{
    MemoryRequest request;
    request.bytes = CapacityOf(desc.bytes);
    request.usage = usage;
    request.memory = desc.memory;
    request.alignment = desc.alignment;
    request.priority = desc.priority;
    request.exclusive = desc.ownership == Ownership::Exclusive;
    request.own = NeedsOwnBuffer(usage, request.exclusive);
    request.name = desc.name.c_str();
    return request;
}

void BufferCore::MarkExclusive(const BufferResource& resource, Backing& backing) const
{
    if (resource.ownership == Ownership::Exclusive && m_device->families.size() > 1)
        backing.exclusive =
            std::make_unique<ExclusiveUse>(m_device->queues[resource.ownerQueue].family, resource.id, resource.name);
}

// Gives the buffer its ID. The lock of the shard is held, and a handle is there already.
void BufferCore::Enter(uint32_t shard, BufferResource& resource)
{
    Shard& home = m_shards[shard];
    if (home.freeSlots.empty())
    {
        home.freeSlots.push_back(static_cast<uint32_t>(home.slots.size()));
        home.slots.emplace_back();
    }
    const uint32_t index = home.freeSlots.back();
    home.freeSlots.pop_back();
    Slot& slot = home.slots[index];
    resource.id = {index * kShards + shard, ++slot.generation};
    slot.resource = &resource;
    ++home.live;
    home.created.store(home.created.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

Result<Buffer> BufferCore::CreateBuffer(const BufferDesc& desc, const std::source_location& where, MemoryPool* pool,
                                        bool* fellBack, bool isInternal)
{
    if (auto possible = Check(desc); !possible)
        return Forward(possible);
    if (pool != nullptr && desc.ownership == Ownership::Exclusive)
        return Fail(ErrorCode::InvalidArgument, "buffer '{}' cannot be exclusive to a queue family in a memory pool",
                    desc.name);
    const BufferUsage usage = CompleteUsage(desc.usage);
    const MemoryRequest request = RequestOf(desc, usage);
    const uint32_t shard = ShardLocks::OfThread();
    BufferMemory memory;
    bool fromPool = false;
    if (pool != nullptr)
    {
        const uint64_t alignment = std::max(desc.alignment, AlignmentOf(usage, m_device->alignments));
        fromPool = pool->Allocate(request.bytes, VulkanUsage(usage), alignment, request.name, memory) == VK_SUCCESS;
        *fellBack = !fromPool;
    }
    std::unique_lock lock(m_locks[shard]);
    if (!fromPool && !m_allocator->AllocateSmall(shard, request, memory))
    {
        lock.unlock();
        const auto made = m_allocator->Allocate(request, true);
        if (!made)
            return tl::unexpected<Error>(made.error());
        memory = *made;
        lock.lock();
    }
    BufferResource* resource = m_shards[shard].resources.New(*this, desc, usage, where);
    resource->backing = Ref<Backing>(MakeBacking(shard, memory, usage, RoleOf(desc.memory)));
    resource->current.store(resource->backing.Get(), std::memory_order_relaxed); // nobody else has the handle yet
    if (fromPool)
        resource->backing->pool = Ref<MemoryPool>(pool);
    Buffer handle(resource); // the reference is there before others can find the buffer
    Enter(shard, *resource);
    MarkExclusive(*resource, *resource->backing); // has the ID in it; nobody can know that yet
    resource->isForeign =
        resource->backing->exclusive && resource->backing->exclusive->family != m_device->queues[0].family;
    lock.unlock();
    InvalidateNew(memory);
    if (memory.block == nullptr)
        SamplePeaks();
    if (!isInternal && m_wantCreated.load(std::memory_order_relaxed) != 0)
        TellCreated(*resource);
    return handle;
}

Buffer BufferCore::CreateAround(const BufferDesc& desc, const BufferMemory& memory, std::unique_ptr<BackingPart> part,
                                const std::source_location& where)
{
    const BufferUsage usage = CompleteUsage(desc.usage);
    const uint32_t shard = ShardLocks::OfThread();
    std::unique_lock lock(m_locks[shard]);
    BufferResource* resource = m_shards[shard].resources.New(*this, desc, usage, where);
    resource->backing = Ref<Backing>(MakeBacking(shard, memory, usage, RoleOf(desc.memory)));
    resource->backing->part = std::move(part);
    resource->current.store(resource->backing.Get(), std::memory_order_relaxed); // nobody else has the handle yet
    Buffer handle(resource); // the reference is there before others can find the buffer
    Enter(shard, *resource);
    lock.unlock();
    if (m_wantCreated.load(std::memory_order_relaxed) != 0)
        TellCreated(*resource);
    return handle;
}

Result<Buffer> BufferCore::Find(BufferId id)
{
    {
        const uint32_t shard = ShardOf(id);
        const std::lock_guard lock(m_locks[shard]);
        const std::vector<Slot>& slots = m_shards[shard].slots;
        const uint32_t index = id.index / kShards;
        if (index < slots.size() && slots[index].generation == id.generation && slots[index].resource != nullptr)
            if (Buffer handle = Revive(*slots[index].resource))
                return handle;
    }
    return Fail(ErrorCode::StaleHandle, "buffer {}:{} does not exist any more", id.index, id.generation);
}

void BufferCore::OnUnreferenced(BufferResource* resource) noexcept
{
    const uint32_t shard = ShardOf(resource->id);
    Shard& home = m_shards[shard];
    // First what takes locks of its own. Nobody else has a handle, so nothing changes any more.
    if (resource->watched.load() != 0)
        TellDropped(*resource);
    resource->rawMapped = {};
    for (BufferResource::FrameUse& use : resource->uses)
        use.older = {};
    if (resource->backing && resource->backing->shard != shard)
        resource->backing = {};

    std::unique_lock lock(m_locks[shard]);
    const bool closed = home.closed;
    const uint32_t index = resource->id.index / kShards;
    home.slots[index].resource = nullptr;
    --home.live;
    // A generation is used once: a slot that ran out of them is retired.
    if (home.slots[index].generation != UINT32_MAX)
        home.freeSlots.push_back(index);
    Backing* backing = resource->backing.Detach();
    home.resources.Delete(resource);
    // Nearly always nobody else needs the backing: it goes under the same lock.
    const bool wasLast = backing != nullptr && backing->references.fetch_sub(1, std::memory_order_acq_rel) == 1;
    if (wasLast)
        Drop(lock, shard, *backing);
    lock.unlock();
    if (closed)
        LeaveShell(wasLast ? 2 : 1);
}

ResolvedBuffer BufferCore::Resolve(BufferResource& resource, uint64_t frame, uint32_t slot) noexcept
{
    const std::lock_guard lock(resource.mutex);
    BufferResource::FrameUse& use = resource.uses[slot];
    const bool isFirst = use.frame != frame;
    if (isFirst)
    {
        use.frame = frame;
        use.older = {};
    }
    Backing* backing = use.older ? use.older.Get() : resource.backing.Get();
    if (backing == nullptr)
        return {};
    if (!backing->used.load(std::memory_order_relaxed)) // written once, then only read: a store waits for earlier ones
        backing->used.store(true);
    if (isFirst)
    {
        const uint64_t last = resource.pinned ? Backing::kEveryFrame : frame;
        // Registering a buffer with a bindless system raises it, too, without the lock.
        uint64_t seen = backing->lastFrame.load(std::memory_order_relaxed);
        while (seen < last && !backing->lastFrame.compare_exchange_weak(seen, last, std::memory_order_release,
                                                                        std::memory_order_relaxed))
        {
        }
        if (m_checked && backing->exclusive && backing->exclusive->unacquired.load() != 0)
            SEDX_CORE_ERROR_TAG("CHECK",
                                "Resolve of buffer '{}' in frame {}: another queue wrote it and released it to queue "
                                "family {}, but nobody has acquired it; call UploadQueue::CmdAcquire before",
                                resource.name, frame, backing->exclusive->family);
    }
    return {backing->memory.buffer, backing->memory.offset, resource.bytes, backing->address, backing->memory.mapped};
}

Ref<Backing> BufferCore::BackingOf(BufferResource& resource, uint64_t frame, uint32_t slot) noexcept
{
    const std::lock_guard lock(resource.mutex);
    const BufferResource::FrameUse& use = resource.uses[slot];
    return use.frame == frame && use.older ? use.older : resource.backing;
}

bool BufferCore::IsBackingInFlight(const Backing& backing) const noexcept
{
    if (backing.held.load() || backing.queued.load() || backing.lastBatch.load() > completedBatch.load())
        return true;
    return backing.used.load() && m_frames->LastOpened() > m_frames->Completed();
}

bool BufferCore::IsInFlight(BufferResource& resource) noexcept
{
    const std::lock_guard lock(resource.mutex);
    return resource.backing && IsBackingInFlight(*resource.backing);
}

Ref<Backing> BufferCore::SetBacking(BufferResource& resource, Ref<Backing> backing) noexcept
{
    resource.current.store(backing.Get());
    m_lanes.WaitUntilReleased(&resource);
    return std::exchange(resource.backing, std::move(backing));
}

void BufferCore::SwapBacking(BufferResource& resource, Ref<Backing> fresh) noexcept
{
    const Ref<Backing> old = SetBacking(resource, std::move(fresh));
    if (resource.watched.load() != 0)
        TellChanged(resource, *resource.backing);
    resource.written.clear();
    for (BufferResource::FrameUse& use : resource.uses)
    {
        if (use.frame == 0 || use.older || !m_frames->IsOpen(use.frame))
            continue;
        use.older = old; // two resolves in one frame answer the same
        const std::lock_guard lock(m_keptMutex);
        m_kept.push_back({use.frame, resource.id});
    }
}

void BufferCore::ForgetFrame(uint64_t frame) noexcept
{
    std::vector<BufferId> ids;
    {
        const std::lock_guard lock(m_keptMutex);
        std::erase_if(m_kept, [&](const Kept& kept) {
            if (kept.frame == frame)
                ids.push_back(kept.id);
            return kept.frame == frame;
        });
    }
    for (const BufferId id : ids)
    {
        const auto buffer = Find(id);
        if (!buffer)
            continue; // dropped: so are its entries
        const std::lock_guard lock(buffer->Resource()->mutex);
        for (BufferResource::FrameUse& use : buffer->Resource()->uses)
            if (use.frame == frame)
                use = {};
    }
}
} // namespace sedx
