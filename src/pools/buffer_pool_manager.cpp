#include "buffer_system/system_impl.h"
#include "pools/buffer_pool.h"

#include <sedx/profile.h>

namespace sedx
{
using detail::BufferPool;

const char* ToString(BufferPoolKind kind) noexcept
{
    switch (kind)
    {
    case BufferPoolKind::Staging: return "staging";
    case BufferPoolKind::Uniform: return "uniform";
    case BufferPoolKind::Storage: return "storage";
    case BufferPoolKind::Count: break;
    }
    return "unknown";
}

// ---- leases --------------------------------------------------------------------------------------------------------

PooledBuffer::PooledBuffer() noexcept = default;

PooledBuffer::PooledBuffer(std::shared_ptr<detail::BufferPool> pool, detail::PoolEntry* entry) noexcept
    : m_pool(std::move(pool)), m_entry(entry)
{
}

PooledBuffer::PooledBuffer(PooledBuffer&& other) noexcept
    : m_pool(std::move(other.m_pool)), m_entry(std::exchange(other.m_entry, nullptr))
{
}

PooledBuffer& PooledBuffer::operator=(PooledBuffer&& other) noexcept
{
    if (this != &other)
    {
        Release();
        m_pool = std::move(other.m_pool);
        m_entry = std::exchange(other.m_entry, nullptr);
    }
    return *this;
}

PooledBuffer::~PooledBuffer() { Release(); }

const Buffer& PooledBuffer::Get() const noexcept
{
    static const Buffer empty;
    return m_entry != nullptr ? m_entry->buffer : empty;
}

void PooledBuffer::Release() noexcept
{
    if (m_entry == nullptr)
        return;
    m_pool->Release(std::exchange(m_entry, nullptr));
    m_pool.reset();
}

// ---- the manager ---------------------------------------------------------------------------------------------------

BufferPoolManager::BufferPoolManager(BufferSystem& system, const BufferPoolManagerDesc& desc, std::string name)
    : Module(std::move(name)), m_system(system), m_desc(desc)
{
    const std::shared_ptr<BufferCore>& core = system.Internals().core;
    const auto allowance = std::make_shared<detail::WarmAllowance>(core->Memory().Strategy(), desc.warmHeapShare);
    const auto make = [&](BufferPoolKind kind, BufferUsage usage, MemoryType memory, uint64_t minBytes,
                          std::vector<uint64_t> warmSizes, uint32_t warmCount) {
        BufferPool::Desc pool;
        pool.kind = kind;
        pool.usage = usage;
        pool.memory = memory;
        pool.minBytes = minBytes;
        pool.warmSizes = std::move(warmSizes);
        pool.warmCount = warmCount;
        pool.cleanupInterval = desc.cleanupInterval;
        pool.maxUnusedFrames = desc.maxUnusedFrames;
        pool.maxUnusedNs = desc.maxUnusedNs;
        m_pools[static_cast<size_t>(kind)] = std::make_shared<BufferPool>(core, std::move(pool), allowance);
    };
    const uint32_t twice = desc.initialPoolSize > UINT32_MAX / 2 ? UINT32_MAX : desc.initialPoolSize * 2;
    make(BufferPoolKind::Staging, BufferUsage::TransferSrc, MemoryType::CPU, desc.minStagingBytes, desc.stagingSizes,
         desc.initialPoolSize);
    make(BufferPoolKind::Uniform, BufferUsage::Uniform, MemoryType::CPU, desc.standardUniformBytes,
         {desc.standardUniformBytes}, twice);
    make(BufferPoolKind::Storage, BufferUsage::Storage, MemoryType::GPU, 1, desc.storageSizes, desc.initialPoolSize);
}

BufferPoolManager::~BufferPoolManager() { BufferPoolManager::OnDetach(); }

void BufferPoolManager::OnAttach()
{
    if (m_trimmer != 0)
        return;
    BufferCore& core = *m_system.Internals().core;
    for (const auto& pool : m_pools)
        pool->Open();
    m_pressureHandler = core.Allocator().Ladder().Register(
        PressureStep::TrimPools, "buffer pools",
        [this](const PressureRequest& request) { return ReleaseReady(request.heap); });
    m_trimmer = core.AddTrimmer([this](uint64_t nowNs) {
        for (const auto& pool : m_pools)
            pool->Update(nowNs);
    });
}

void BufferPoolManager::OnUpdate()
{
    SEDX_PROFILE_SCOPE("BufferPoolManager::OnUpdate");
    const uint64_t frame = m_system.Internals().core->Frames().LastOpened();
    for (const auto& pool : m_pools)
        pool->TrimByFrames(frame);
}

void BufferPoolManager::OnDetach()
{
    if (m_trimmer == 0)
        return;
    BufferCore& core = m_pools[0]->Core();
    core.RemoveTrimmer(m_trimmer);
    if (core.IsAlive()) // else the ladder went with the system
        core.Allocator().Ladder().Unregister(m_pressureHandler);
    m_trimmer = 0;
    m_pressureHandler = 0;
    for (const auto& pool : m_pools)
        pool->Close();
}

Result<PooledBuffer> BufferPoolManager::AcquireStagingBuffer(uint64_t bytes)
{
    return Acquire(BufferPoolKind::Staging, bytes);
}

Result<PooledBuffer> BufferPoolManager::AcquireUniformBuffer(uint64_t bytes)
{
    return Acquire(BufferPoolKind::Uniform, bytes);
}

Result<PooledBuffer> BufferPoolManager::AcquireStorageBuffer(uint64_t bytes)
{
    return Acquire(BufferPoolKind::Storage, bytes);
}

Result<PooledBuffer> BufferPoolManager::Acquire(BufferPoolKind kind, uint64_t bytes)
{
    if (kind >= BufferPoolKind::Count)
        return Fail(ErrorCode::InvalidArgument, "there is no buffer pool {}", static_cast<uint32_t>(kind));
    const std::shared_ptr<BufferPool>& pool = m_pools[static_cast<size_t>(kind)];
    if (detail::PoolEntry* entry = pool->Reuse(bytes))
        return PooledBuffer(pool, entry);
    SEDX_PROFILE_SCOPE("BufferPoolManager::Acquire");
    if (auto possible = pool->Check(bytes); !possible)
        return Forward(possible);
    if (pool->HasWaitingFor(bytes))
    {
        m_system.Internals().Poll(); // what has passed since the last poll is better than another buffer
        if (detail::PoolEntry* entry = pool->Reuse(bytes))
            return PooledBuffer(pool, entry);
    }
    auto entry = pool->Create(bytes);
    if (!entry)
        return Forward(entry);
    return PooledBuffer(pool, *entry);
}

Result<void> BufferPoolManager::WarmUp(BufferPoolKind kind, uint64_t bytes, uint32_t count)
{
    if (kind >= BufferPoolKind::Count)
        return Fail(ErrorCode::InvalidArgument, "there is no buffer pool {}", static_cast<uint32_t>(kind));
    return m_pools[static_cast<size_t>(kind)]->WarmUp(bytes, count);
}

uint64_t BufferPoolManager::ReleaseReady(uint32_t heap) noexcept
{
    uint64_t bytes = 0;
    for (const auto& pool : m_pools)
        bytes += pool->ReleaseReady(heap);
    return bytes;
}

uint64_t BufferPoolManager::ReleaseUnused() noexcept { return ReleaseReady(BufferPool::kAllHeaps); }

BufferPoolReport BufferPoolManager::GetReport(BufferPoolKind kind) const noexcept
{
    return kind < BufferPoolKind::Count ? m_pools[static_cast<size_t>(kind)]->Report() : BufferPoolReport{};
}
} // namespace sedx
