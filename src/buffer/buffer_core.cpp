#include "buffer/buffer_core.h"

#include "buffer/block_pool.h"

#include <sedx/log.h>

#include <algorithm>

namespace sedx
{
void Backing::Release() noexcept
{
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1)
        core->OnUnreferenced(this);
}

void CoreCounters::Role::Add(uint64_t amount) noexcept
{
    buffers.fetch_add(1, std::memory_order_relaxed);
    const uint64_t now = bytes.fetch_add(amount, std::memory_order_relaxed) + amount;
    uint64_t peak = peakBytes.load(std::memory_order_relaxed);
    while (peak < now && !peakBytes.compare_exchange_weak(peak, now, std::memory_order_relaxed))
    {
    }
}

void CoreCounters::Role::Remove(uint64_t amount) noexcept
{
    buffers.fetch_sub(1, std::memory_order_relaxed);
    bytes.fetch_sub(amount, std::memory_order_relaxed);
}

BufferUsage CompleteUsage(BufferUsage usage) noexcept
{
    // Both directions always: any buffer can be uploaded to, read back for verification, and moved.
    usage |= BufferUsage::TransferSrc | BufferUsage::TransferDst;
    if (Any(usage & (BufferUsage::Storage | BufferUsage::Indirect)))
        usage |= BufferUsage::DeviceAddress;
    return usage;
}

Result<std::shared_ptr<BufferCore>> BufferCore::Create(std::shared_ptr<DeviceState> device, FrameRules rules,
                                                       bool checked)
{
    std::shared_ptr<BufferCore> core(new BufferCore());
    core->m_device = std::move(device);
    core->m_checked = checked;
    auto timelines = Timelines::Create(core->m_device);
    if (!timelines)
        return Forward(timelines);
    core->m_timelines = std::move(*timelines);
    auto memory = MemoryAllocator::Create(core->m_device);
    if (!memory)
        return Forward(memory);
    core->m_memory = std::move(*memory);
    core->m_frames = std::make_unique<FrameTracker>(*core->m_timelines, *core->m_device, rules);
    return core;
}

BufferCore::~BufferCore() = default;

// ---- backings ------------------------------------------------------------------------------------------------------

Result<Ref<Backing>> BufferCore::CreateBacking(uint64_t bytes, BufferUsage completedUsage, MemoryType memory,
                                               MemoryRole role, const char* name)
{
    // Whole words, so that fills and word-wise copies of the whole buffer are legal; GetSize() stays what was asked for.
    const uint64_t limit = m_device->maxBufferSize;
    if (bytes > limit)
        return Fail(ErrorCode::LimitExceeded, "buffer '{}' of {} bytes exceeds the device's maxBufferSize of {} bytes",
                    name, bytes, limit);
    if (bytes > m_device->maxAllocationSize)
        return Fail(ErrorCode::LimitExceeded,
                    "buffer '{}' of {} bytes exceeds the device's maxMemoryAllocationSize of {} bytes", name, bytes,
                    m_device->maxAllocationSize);
    const uint64_t capacity = bytes <= (limit & ~uint64_t{3}) ? (bytes + 3) & ~uint64_t{3} : bytes;
    auto made = m_memory->CreateBuffer(capacity, static_cast<VkBufferUsageFlags>(completedUsage), memory, name);
    if (!made)
        return Forward(made);
    auto* backing = new Backing();
    backing->core = this;
    backing->memory = *made;
    backing->role = role;
    if (Any(completedUsage & BufferUsage::DeviceAddress))
    {
        VkBufferDeviceAddressInfo info{VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO};
        info.buffer = made->buffer;
        backing->address = m_device->vk.GetBufferDeviceAddress(m_device->device, &info);
    }
    m_counters.roles[static_cast<size_t>(role)].Add(capacity);
    if (made->deviceLocal)
        m_counters.deviceLocal.Add(capacity);
    const std::lock_guard lock(m_backingsMutex);
    m_backings.insert(backing);
    return Ref<Backing>(backing);
}

void BufferCore::FreeMemory(Backing& backing) noexcept
{
    m_counters.roles[static_cast<size_t>(backing.role)].Remove(backing.memory.bytes);
    if (backing.memory.deviceLocal)
        m_counters.deviceLocal.Remove(backing.memory.bytes);
    m_memory->Destroy(backing.memory);
}

void BufferCore::DestroyNow(Backing* backing) noexcept
{
    {
        const std::lock_guard lock(m_backingsMutex);
        m_backings.erase(backing);
    }
    FreeMemory(*backing);
    delete backing;
}

void BufferCore::OnUnreferenced(Backing* backing) noexcept
{
    const std::shared_lock life(m_lifeMutex);
    if (!m_alive.load()) // its memory went with the system
    {
        delete backing;
        return;
    }
    // Copies hold a reference until they have passed, so only frames are left to ask about.
    if (backing->used.load() && m_frames->LastOpened() > m_frames->Completed())
    {
        const std::lock_guard lock(m_droppedMutex);
        m_dropped.push_back({m_frames->LastOpened(), backing});
    }
    else
        DestroyNow(backing);
}

void BufferCore::Reclaim() noexcept
{
    std::vector<Backing*> passed;
    {
        const std::lock_guard lock(m_droppedMutex);
        while (!m_dropped.empty() && m_dropped.front().frame <= m_frames->Completed())
        {
            passed.push_back(m_dropped.front().backing);
            m_dropped.pop_front();
        }
    }
    for (Backing* backing : passed)
        DestroyNow(backing);
}

size_t BufferCore::PendingDestroyed() const noexcept
{
    const std::lock_guard lock(m_droppedMutex);
    return m_dropped.size();
}

// ---- pools ---------------------------------------------------------------------------------------------------------

void BufferCore::Register(BlockPool* pool)
{
    const std::lock_guard lock(m_poolsMutex);
    m_pools.push_back(pool);
}

void BufferCore::Unregister(BlockPool* pool) noexcept
{
    const std::lock_guard lock(m_poolsMutex);
    std::erase(m_pools, pool);
}

VkResult BufferCore::FlushHostWrites() noexcept
{
    const std::lock_guard lock(m_poolsMutex);
    for (BlockPool* pool : m_pools)
        if (const VkResult result = pool->FlushHostWrites(); result != VK_SUCCESS)
            return result;
    return VK_SUCCESS;
}

// ---- buffers -------------------------------------------------------------------------------------------------------

Result<Buffer> BufferCore::CreateBuffer(const BufferDesc& desc, const std::source_location& where)
{
    if (m_device->IsLost())
        return m_device->LostError();
    if (desc.bytes == 0)
        return Fail(ErrorCode::InvalidArgument, "buffer '{}' has 0 bytes", desc.name);
    if (desc.usage == BufferUsage::None)
        return Fail(ErrorCode::InvalidArgument, "buffer '{}' ({} bytes) has no usage", desc.name, desc.bytes);
    if (desc.memory != MemoryType::GPU && desc.memory != MemoryType::CPU && desc.memory != MemoryType::Readback &&
        desc.memory != MemoryType::GPUUpload)
        return Fail(ErrorCode::InvalidArgument, "buffer '{}' needs exactly one memory type", desc.name);

    const BufferUsage usage = CompleteUsage(desc.usage);
    const MemoryRole role = desc.memory == MemoryType::CPU        ? MemoryRole::Cpu
                            : desc.memory == MemoryType::Readback ? MemoryRole::Readback
                                                                  : MemoryRole::Gpu;
    auto backing = CreateBacking(desc.bytes, usage, desc.memory, role, desc.name.c_str());
    if (!backing)
        return Forward(backing);

    auto* resource = new BufferResource();
    resource->core = shared_from_this();
    resource->bytes = desc.bytes;
    resource->usage = usage;
    resource->memory = desc.memory;
    resource->pinned = desc.pinned;
    resource->name = desc.name;
    resource->where = where;
    resource->backing = std::move(*backing);
    Buffer handle(resource); // the reference is there before others can find the buffer
    {
        const std::lock_guard lock(m_registryMutex);
        if (m_freeSlots.empty())
        {
            m_freeSlots.push_back(static_cast<uint32_t>(m_slots.size()));
            m_slots.emplace_back();
        }
        resource->id.index = m_freeSlots.back();
        m_freeSlots.pop_back();
        Slot& slot = m_slots[resource->id.index];
        resource->id.generation = ++slot.generation;
        slot.resource = resource;
        ++m_live;
    }
    m_counters.createdBuffers.fetch_add(1, std::memory_order_relaxed);
    return handle;
}

namespace
{
// A new handle, unless the last one is being dropped right now: a count of zero is final.
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
} // namespace

Result<Buffer> BufferCore::Find(BufferId id)
{
    const std::lock_guard lock(m_registryMutex);
    if (id.index < m_slots.size() && m_slots[id.index].generation == id.generation)
    {
        if (BufferResource* resource = m_slots[id.index].resource)
            if (Buffer handle = Revive(*resource))
                return handle;
    }
    return Fail(ErrorCode::StaleHandle, "buffer {}:{} does not exist any more", id.index, id.generation);
}

void BufferCore::OnUnreferenced(BufferResource* resource) noexcept
{
    {
        const std::lock_guard lock(m_registryMutex);
        Slot& slot = m_slots[resource->id.index];
        slot.resource = nullptr;
        --m_live;
        // A generation is used once: a slot that ran out of them is retired.
        if (slot.generation != UINT32_MAX)
            m_freeSlots.push_back(resource->id.index);
    }
    const std::shared_ptr<BufferCore> keepAlive = std::move(resource->core);
    delete resource; // releases its backings
}

ResolvedBuffer BufferCore::Resolve(BufferResource& resource, uint64_t frame, uint32_t slot) noexcept
{
    const std::lock_guard lock(resource.mutex);
    BufferResource::FrameUse& use = resource.uses[slot];
    if (use.frame != frame)
    {
        use.frame = frame;
        use.older = {};
    }
    Backing* backing = use.older ? use.older.Get() : resource.backing.Get();
    if (backing == nullptr)
        return {};
    backing->used.store(true);
    return {backing->memory.buffer, 0, resource.bytes, backing->address, backing->memory.mapped};
}

bool BufferCore::IsBackingInFlight(const Backing& backing) const noexcept
{
    if (backing.held.load() || backing.lastBatch.load() > completedBatch.load())
        return true;
    return backing.used.load() && m_frames->LastOpened() > m_frames->Completed();
}

bool BufferCore::IsInFlight(BufferResource& resource) noexcept
{
    const std::lock_guard lock(resource.mutex);
    return resource.backing && IsBackingInFlight(*resource.backing);
}

void BufferCore::SwapBacking(BufferResource& resource, Ref<Backing> fresh) noexcept
{
    const Ref<Backing> old = std::exchange(resource.backing, std::move(fresh));
    resource.written.clear();
    for (BufferResource::FrameUse& use : resource.uses)
    {
        if (use.frame == 0 || use.older || !m_frames->IsOpen(use.frame))
            continue;
        use.older = old; // two resolves in one frame answer the same
        const std::lock_guard lock(m_droppedMutex);
        m_kept.push_back({use.frame, resource.id});
    }
}

void BufferCore::ForgetFrame(uint64_t frame) noexcept
{
    std::vector<BufferId> ids;
    {
        const std::lock_guard lock(m_droppedMutex);
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

uint64_t BufferCore::LiveBuffers() const noexcept
{
    const std::lock_guard lock(m_registryMutex);
    return m_live;
}

void BufferCore::Shutdown() noexcept
{
    std::vector<Buffer> alive;
    {
        const std::lock_guard lock(m_registryMutex);
        for (const Slot& slot : m_slots)
            if (slot.resource != nullptr)
                if (Buffer buffer = Revive(*slot.resource))
                    alive.push_back(std::move(buffer));
    }
    for (const Buffer& buffer : alive)
    {
        BufferResource& resource = *buffer.Resource();
        SEDX_CORE_WARN_TAG("LEAK", "buffer '{}' ({} bytes) is still alive; created at {}:{}", resource.name,
                           resource.bytes, resource.where.file_name(), resource.where.line());
        const std::lock_guard lock(resource.mutex);
        resource.backing = {};
        resource.rawMapped = {};
        resource.uses = {};
    }
    alive.clear();
    std::vector<BlockPool*> pools;
    {
        const std::lock_guard lock(m_poolsMutex);
        pools.swap(m_pools);
    }
    for (BlockPool* pool : pools)
        pool->Abandon();

    const std::unique_lock life(m_lifeMutex);
    for (const Dropped& entry : m_dropped)
        DestroyNow(entry.backing);
    m_dropped.clear();
    m_kept.clear();
    for (Backing* backing : m_backings) // mapped by somebody: an empty shell from now on
        FreeMemory(*backing);
    m_backings.clear();
    m_alive.store(false);
    m_memory.reset();
    m_frames.reset();
    m_timelines.reset();
    m_device.reset();
}
} // namespace sedx
