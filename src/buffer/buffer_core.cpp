// Memory of buffers: backings, deferred destruction, numbers, the end.
#include "buffer/buffer_core.h"

#include "buffer/block_pool.h"

#include <sedx/log.h>

#include <algorithm>
#include <thread>

namespace sedx
{
namespace
{
// Written by one thread at a time: cheaper than an atomic addition.
void Increase(std::atomic<uint64_t>& number, uint64_t amount) noexcept
{
    number.store(number.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}
} // namespace

void Backing::Release() noexcept
{
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1)
        core->OnUnreferenced(this);
}

Result<std::shared_ptr<BufferCore>> BufferCore::Create(std::shared_ptr<DeviceState> device, CoreDesc desc)
{
    std::shared_ptr<BufferCore> core(new BufferCore());
    core->m_device = std::move(device);
    core->m_checked = desc.checked;
    auto timelines = Timelines::Create(core->m_device);
    if (!timelines)
        return Forward(timelines);
    core->m_timelines = std::move(*timelines);
    auto memory = MemoryAllocator::Create(core->m_device, desc.budget);
    if (!memory)
        return Forward(memory);
    core->m_memory = std::move(*memory);
    const bool asksApplication = desc.memory.onOutOfMemory != nullptr;
    core->m_allocator = std::make_unique<BufferAllocator>(*core->m_memory, core->m_locks, std::move(desc.memory));
    core->m_frames = std::make_unique<FrameTracker>(*core->m_timelines, *core->m_device, desc.frames);
    if (core->m_checked)
        core->m_hazards = std::make_unique<HazardRecorder>(core->Progress());
    core->m_memory->SampleBudget(0, core->m_allocator->Now());
    const auto reclaim = [self = core.get()] {
        self->PollFrames();
        return self->Reclaim();
    };
    PressureLadder& ladder = core->m_allocator->Ladder();
    ladder.Register(PressureStep::TrimPools, "buffers that the GPU has passed",
                    [reclaim](const PressureRequest&) { return reclaim(); });
    // What the application drops lies in warm blocks now, perhaps of another kind.
    if (asksApplication)
        ladder.Register(PressureStep::AskApplication, "what it dropped",
                        [self = core.get(), reclaim](const PressureRequest&) {
                            const uint64_t bytes = reclaim();
                            return bytes + self->m_allocator->ReleaseWarm();
                        });
    return core;
}

BufferCore::~BufferCore() = default;

void BufferCore::PollFrames() noexcept
{
    m_timelines->Poll();
    m_frames->Update();
}

HazardProgress BufferCore::Progress() noexcept
{
    HazardProgress progress;
    progress.poll = [this] { PollFrames(); };
    progress.completedFrame = [this] { return m_frames->Completed(); };
    progress.hasPassed = [this](TimelinePoint point) { return m_timelines->HasPassed(point); };
    progress.timelineOf = [this](VkSemaphore semaphore) {
        for (uint32_t timeline = 0; timeline <= kTransferTimeline; ++timeline)
            if (m_timelines->Semaphore(timeline) == semaphore)
                return timeline;
        return HazardProgress::kNoTimeline;
    };
    progress.hasSignals = m_frames->HasSignals();
    return progress;
}

// ---- backings ------------------------------------------------------------------------------------------------------

Result<void> BufferCore::CheckSize(uint64_t bytes, const char* name) const
{
    if (bytes > m_device->maxBufferSize)
        return Fail(ErrorCode::LimitExceeded, "buffer '{}' of {} bytes exceeds the device's maxBufferSize of {} bytes",
                    name, bytes, m_device->maxBufferSize);
    if (bytes > m_device->maxAllocationSize)
        return Fail(ErrorCode::LimitExceeded,
                    "buffer '{}' of {} bytes exceeds the device's maxMemoryAllocationSize of {} bytes", name, bytes,
                    m_device->maxAllocationSize);
    return {};
}

// Whole words, so that fills and word-wise copies of the whole buffer are legal; GetSize() stays what was asked for.
uint64_t BufferCore::CapacityOf(uint64_t bytes) const noexcept
{
    return bytes <= (m_device->maxBufferSize & ~uint64_t{3}) ? (bytes + 3) & ~uint64_t{3} : bytes;
}

Result<Ref<Backing>> BufferCore::CreateBacking(const BackingRequest& request)
{
    if (auto fits = CheckSize(request.memory.bytes, request.memory.name); !fits)
        return Forward(fits);
    MemoryRequest wish = request.memory;
    wish.bytes = CapacityOf(wish.bytes);
    const auto memory = m_allocator->Allocate(wish, request.mayRelieve);
    if (!memory)
        return tl::unexpected<Error>(memory.error());
    const uint32_t shard = ShardLocks::OfThread();
    Ref<Backing> backing;
    {
        const std::lock_guard lock(m_locks[shard]);
        backing = Ref<Backing>(MakeBacking(shard, *memory, wish.usage, request.role));
    }
    InvalidateNew(*memory);
    SamplePeaks();
    return backing;
}

// Another buffer may have had this memory, and the GPU may have written it: the CPU must know what before it overwrites that.
void BufferCore::InvalidateNew(const BufferMemory& memory) noexcept
{
    if (memory.mapped == nullptr)
        return;
    if (const VkResult result = Memory().Invalidate(memory, 0, memory.bytes); result != VK_SUCCESS)
        SEDX_CORE_ERROR_TAG("MEMORY", "invalidating {} bytes of new memory failed with {}: writes to it may be lost",
                            memory.bytes, ToString(result));
}

Backing* BufferCore::MakeBacking(uint32_t shard, const BufferMemory& memory, BufferUsage usage,
                                 MemoryRole role) noexcept
{
    Shard& home = m_shards[shard];
    Backing* backing = home.backings.New(*this, memory, role, shard);
    if (Any(usage & BufferUsage::DeviceAddress))
        backing->address = memory.address;
    ++home.backingCount;
    const auto count = [&](size_t use) {
        Increase(home.uses[use].buffers, 1);
        Increase(home.uses[use].bytes, memory.bytes);
    };
    count(static_cast<size_t>(role));
    if (memory.deviceLocal)
        count(kDeviceLocal);
    return backing;
}

void BufferCore::Uncount(const Backing& backing) noexcept
{
    Shard& home = m_shards[backing.shard];
    --home.backingCount;
    const auto uncount = [&](size_t use) {
        Increase(home.uses[use].buffers, ~uint64_t{0});
        Increase(home.uses[use].bytes, ~backing.memory.bytes + 1);
    };
    uncount(static_cast<size_t>(backing.role));
    if (backing.memory.deviceLocal)
        uncount(kDeviceLocal);
}

void BufferCore::FreeMemory(BufferMemory& memory, Ref<MemoryPool>& pool) noexcept
{
    if (pool)
        pool->Free(memory);
    else
        m_allocator->Free(memory);
    pool = {};
}

// Copies hold a reference until they have passed, so only frames are left to ask about.
bool BufferCore::MustWait(const Backing& backing) const noexcept
{
    return backing.used.load() && m_frames->LastOpened() > m_frames->Completed();
}

void BufferCore::Destroy(std::unique_lock<std::mutex>& lock, uint32_t shard, Backing& backing) noexcept
{
    Shard& home = m_shards[shard];
    Uncount(backing);
    if (backing.part || !m_allocator->FreeSmall(shard, backing.memory))
    {
        home.freeing.fetch_add(1); // the system does not end meanwhile
        lock.unlock();
        const bool isPartsMemory = backing.part && backing.part->OwnsMemory();
        backing.part.reset();
        if (!isPartsMemory)
            FreeMemory(backing.memory, backing.pool);
        lock.lock();
        home.freeing.fetch_sub(1);
    }
    home.backings.Delete(&backing);
}

void BufferCore::Drop(std::unique_lock<std::mutex>& lock, uint32_t shard, Backing& backing) noexcept
{
    Shard& home = m_shards[shard];
    if (home.closed) // its memory went with the system
    {
        Uncount(backing);
        home.backings.Delete(&backing);
    }
    else if (MustWait(backing))
        home.dropped.push_back({m_frames->LastOpened(), &backing});
    else
        Destroy(lock, shard, backing);
}

void BufferCore::OnUnreferenced(Backing* backing) noexcept
{
    const uint32_t shard = backing->shard;
    std::unique_lock lock(m_locks[shard]);
    const bool closed = m_shards[shard].closed;
    Drop(lock, shard, *backing);
    lock.unlock();
    if (closed)
        LeaveShell(1);
}

uint64_t BufferCore::Reclaim() noexcept
{
    const uint64_t completed = m_frames->Completed();
    uint64_t bytes = 0;
    for (uint32_t shard = 0; shard < kShards; ++shard)
    {
        Shard& home = m_shards[shard];
        std::unique_lock lock(m_locks[shard]);
        while (!home.dropped.empty() && home.dropped.front().frame <= completed)
        {
            Backing* backing = home.dropped.front().backing;
            home.dropped.pop_front();
            bytes += backing->memory.bytes;
            Destroy(lock, shard, *backing);
        }
    }
    RunPassed(completed);
    return bytes;
}

void BufferCore::WhenPassed(std::function<void()> destroy)
{
    if (m_frames->LastOpened() <= m_frames->Completed())
    {
        destroy();
        return;
    }
    const std::lock_guard lock(m_destructionsMutex);
    m_destructions.push_back({m_frames->LastOpened(), std::move(destroy)});
}

void BufferCore::RunPassed(uint64_t completed) noexcept
{
    for (;;)
    {
        std::function<void()> destroy;
        {
            const std::lock_guard lock(m_destructionsMutex);
            if (m_destructions.empty() || m_destructions.front().frame > completed)
                return;
            destroy = std::move(m_destructions.front().destroy);
            m_destructions.pop_front();
        }
        destroy();
    }
}

// ---- listeners -----------------------------------------------------------------------------------------------------

uint32_t BufferCore::Listen(BackingListener& listener, bool wantsCreated)
{
    const std::lock_guard lock(m_listenersMutex);
    const auto place = std::find(m_listeners.begin(), m_listeners.end(), nullptr);
    const auto number = static_cast<uint32_t>(place - m_listeners.begin());
    if (place == m_listeners.end())
        return kMaxListeners;
    *place = &listener;
    if (wantsCreated)
        m_wantCreated.fetch_or(1u << number);
    return number;
}

void BufferCore::StopListening(uint32_t number) noexcept
{
    const std::lock_guard lock(m_listenersMutex);
    m_listeners[number] = nullptr;
    m_wantCreated.fetch_and(~(1u << number));
}

void BufferCore::TellChanged(BufferResource& resource, Backing& fresh) noexcept
{
    const std::shared_lock lock(m_listenersMutex);
    for (uint32_t number = 0; number < kMaxListeners; ++number)
        if (m_listeners[number] != nullptr && (resource.watched.load() >> number & 1) != 0)
            m_listeners[number]->OnBackingChanged(resource, fresh, resource.marks[number]);
}

void BufferCore::TellDropped(BufferResource& resource) noexcept
{
    const std::shared_lock lock(m_listenersMutex);
    for (uint32_t number = 0; number < kMaxListeners; ++number)
        if (m_listeners[number] != nullptr && (resource.watched.load() >> number & 1) != 0)
            m_listeners[number]->OnDropped(resource, resource.marks[number]);
}

void BufferCore::TellCreated(BufferResource& resource) noexcept
{
    const std::lock_guard held(resource.mutex); // before that of the listeners, as everywhere
    const std::shared_lock lock(m_listenersMutex);
    for (uint32_t number = 0; number < kMaxListeners; ++number)
        if (m_listeners[number] != nullptr && (m_wantCreated.load() >> number & 1) != 0)
            m_listeners[number]->OnCreated(resource, number);
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

// ---- trimming ------------------------------------------------------------------------------------------------------

uint64_t BufferCore::AddTrimmer(std::function<void(uint64_t)> trimmer)
{
    const std::lock_guard lock(m_trimMutex);
    m_trimmers.emplace(++m_lastTrimmer, std::move(trimmer));
    return m_lastTrimmer;
}

void BufferCore::RemoveTrimmer(uint64_t token) noexcept
{
    const std::lock_guard lock(m_trimMutex);
    m_trimmers.erase(token);
}

void BufferCore::Trim() noexcept
{
    m_allocator->Trim();
    const std::unique_lock lock(m_trimMutex, std::try_to_lock);
    if (!lock || m_trimmers.empty())
        return; // somebody is at it
    const uint64_t now = NowNs();
    for (const auto& [token, trimmer] : m_trimmers)
        trimmer(now);
}

// ---- numbers -------------------------------------------------------------------------------------------------------

size_t BufferCore::PendingDestroyed() const noexcept
{
    size_t count = 0;
    for (uint32_t shard = 0; shard < kShards; ++shard)
    {
        const std::lock_guard lock(m_locks[shard]);
        count += m_shards[shard].dropped.size();
    }
    return count;
}

uint64_t BufferCore::LiveBuffers() const noexcept
{
    uint64_t count = 0;
    for (uint32_t shard = 0; shard < kShards; ++shard)
    {
        const std::lock_guard lock(m_locks[shard]);
        count += m_shards[shard].live;
    }
    return count;
}

uint64_t BufferCore::CreatedBuffers() const noexcept
{
    uint64_t count = 0;
    for (const Shard& shard : m_shards)
        count += shard.created.load(std::memory_order_relaxed);
    return count;
}

MemoryReport BufferCore::Sum(size_t use) const noexcept
{
    MemoryReport sum;
    for (const Shard& shard : m_shards)
    {
        sum.buffers += shard.uses[use].buffers.load(std::memory_order_relaxed);
        sum.bytes += shard.uses[use].bytes.load(std::memory_order_relaxed);
    }
    uint64_t peak = m_peaks[use].load(std::memory_order_relaxed);
    while (peak < sum.bytes && !m_peaks[use].compare_exchange_weak(peak, sum.bytes, std::memory_order_relaxed))
    {
    }
    sum.peakBytes = std::max(peak, sum.bytes);
    return sum;
}

MemoryReport BufferCore::UseOf(MemoryRole role) const noexcept { return Sum(static_cast<size_t>(role)); }
MemoryReport BufferCore::DeviceLocalUse() const noexcept { return Sum(kDeviceLocal); }

void BufferCore::SamplePeaks() const noexcept
{
    for (size_t use = 0; use < kUses; ++use)
        Sum(use);
}

// ---- the end -------------------------------------------------------------------------------------------------------

// Handles and mappings that outlive the system leave one by one; the last one takes the shell with it.
void BufferCore::LeaveShell(uint64_t count) noexcept
{
    if (m_orphans.fetch_sub(count) == count)
        const std::shared_ptr<BufferCore> shell = std::move(m_self);
}

void BufferCore::Shutdown() noexcept
{
    RunPassed(UINT64_MAX); // before the leaks are counted: buffers may go with it
    {
        const std::lock_guard lock(m_listenersMutex);
        m_listeners = {};
        m_wantCreated.store(0);
    }
    std::vector<Buffer> alive;
    for (uint32_t shard = 0; shard < kShards; ++shard)
    {
        const std::lock_guard lock(m_locks[shard]);
        for (const Slot& slot : m_shards[shard].slots)
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
        SetBacking(resource, {});
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

    m_self = shared_from_this();
    m_orphans.store(1); // nobody is the last one while this goes on
    for (uint32_t shard = 0; shard < kShards; ++shard)
    {
        Shard& home = m_shards[shard];
        {
            const std::lock_guard lock(m_locks[shard]);
            home.closed = true;
        }
        while (home.freeing.load() != 0) // let them finish
            std::this_thread::yield();
        {
            std::unique_lock lock(m_locks[shard]);
            for (const Dropped& entry : std::exchange(home.dropped, {}))
                Destroy(lock, shard, *entry.backing);
        }
        // Mapped by somebody: an empty shell from now on.
        std::vector<std::pair<BufferMemory, Ref<MemoryPool>>> mapped;
        std::vector<std::unique_ptr<BackingPart>> parts;
        {
            const std::lock_guard lock(m_locks[shard]);
            m_orphans.fetch_add(home.live + home.backingCount);
            home.backings.ForEach([&](Backing& backing) {
                const BufferMemory memory = std::exchange(backing.memory, {});
                if (!backing.part || !backing.part->OwnsMemory())
                    mapped.emplace_back(memory, std::exchange(backing.pool, {}));
                if (backing.part)
                    parts.push_back(std::move(backing.part));
            });
        }
        parts.clear();
        for (auto& [memory, pool] : mapped)
            FreeMemory(memory, pool);
    }
    m_kept.clear();
    m_alive.store(false);
    m_allocator.reset();
    m_memory.reset();
    m_hazards.reset();
    m_frames.reset();
    m_timelines.reset();
    m_device.reset();
    LeaveShell(1);
}
} // namespace sedx
