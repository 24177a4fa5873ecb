#include "buffer_system/system_impl.h"
#include "pools/memory_pool_blocks.h"

#include <sedx/log.h>
#include <sedx/profile.h>

#include <algorithm>
#include <set>

namespace sedx
{
// Blocks are shared, so that a pool may be destroyed while a thread allocates from it.
struct CustomMemoryPoolManager::Impl
{
    std::shared_ptr<BufferCore> core;
    uint64_t warmNs = 0;
    mutable std::mutex mutex;
    bool isAttached = false;
    std::map<std::string, std::shared_ptr<MemoryPoolBlocks>> pools;
    std::set<std::string> unknownNames; // that were logged
    uint64_t fallbacks = 0;             // of unknown and of destroyed pools
    uint64_t pressureHandler = 0;
    uint64_t trimmer = 0;

    std::vector<std::shared_ptr<MemoryPoolBlocks>> All() const
    {
        std::vector<std::shared_ptr<MemoryPoolBlocks>> all;
        const std::lock_guard lock(mutex);
        for (const auto& [name, pool] : pools)
            all.push_back(pool);
        return all;
    }
    uint64_t ReleaseEmpty(uint32_t heap) const
    {
        uint64_t bytes = 0;
        for (const auto& pool : All())
            bytes += pool->ReleaseEmpty(heap);
        return bytes;
    }
    std::shared_ptr<MemoryPoolBlocks> Make(const std::string& name, const MemoryPoolConfiguration& config,
                                           const CustomMemoryPoolManagerDesc& desc) const
    {
        return std::make_shared<MemoryPoolBlocks>(*core, name, config, desc.warmHeapShare, warmNs, desc.idleNs);
    }
};

CustomMemoryPoolManager::CustomMemoryPoolManager(BufferSystem& system, const CustomMemoryPoolManagerDesc& desc,
                                                 std::string name)
    : Module(std::move(name)), m_desc(desc), m_impl(std::make_unique<Impl>())
{
    m_impl->core = system.Internals().core;
    m_impl->warmNs = system.Desc().warmMemoryNs;
}

CustomMemoryPoolManager::~CustomMemoryPoolManager() { CustomMemoryPoolManager::OnDetach(); }

void CustomMemoryPoolManager::OnAttach()
{
    Impl& impl = *m_impl;
    BufferCore& core = *impl.core;
    {
        const std::lock_guard lock(impl.mutex);
        if (impl.isAttached || !core.IsAlive())
            return;
        impl.isAttached = true;
        if (m_desc.createGuidePools)
        {
            impl.pools["vertex"] = impl.Make("vertex", m_desc.vertex, m_desc);
            impl.pools["uniform"] = impl.Make("uniform", m_desc.uniform, m_desc);
            impl.pools["storage"] = impl.Make("storage", m_desc.storage, m_desc);
            impl.pools["raytracing"] = impl.Make("raytracing", m_desc.rayTracing, m_desc);
        }
    }
    if (!core.Memory().HasPools())
        SEDX_CORE_WARN_TAG("MEMORY",
                           "the engine's VMA was handed over without its functions for pools: buffers of '{}' "
                           "come from ordinary memory",
                           GetName());
    impl.pressureHandler = core.Allocator().Ladder().Register(
        PressureStep::ReleaseWarmBlocks, "empty blocks of memory pools",
        [&impl](const PressureRequest& request) { return impl.ReleaseEmpty(request.heap); });
    impl.trimmer = core.AddTrimmer([&impl](uint64_t nowNs) {
        for (const auto& pool : impl.All())
            pool->Trim(nowNs);
    });
}

void CustomMemoryPoolManager::OnDetach()
{
    Impl& impl = *m_impl;
    std::map<std::string, std::shared_ptr<MemoryPoolBlocks>> pools;
    {
        const std::lock_guard lock(impl.mutex);
        if (!std::exchange(impl.isAttached, false))
            return;
        pools.swap(impl.pools);
        for (const auto& [name, pool] : pools)
            impl.fallbacks += pool->Fallbacks();
    }
    impl.core->RemoveTrimmer(impl.trimmer);
    if (impl.core->IsAlive())
    {
        impl.core->Allocator().Ladder().Unregister(impl.pressureHandler);
        return;
    }
    SEDX_CORE_ERROR_TAG("CHECK", "'{}' is detached after its system is gone: its memory pools are lost", GetName());
    for (const auto& [name, pool] : pools)
        pool->Abandon();
}

// ---- pools ---------------------------------------------------------------------------------------------------------

Result<void> CustomMemoryPoolManager::CreatePool(const std::string& name, const PoolConfiguration& config)
{
    if (name.empty())
        return Fail(ErrorCode::InvalidArgument, "a memory pool needs a name");
    if (config.maxBlockCount != 0 && config.minBlockCount > config.maxBlockCount)
        return Fail(ErrorCode::InvalidArgument, "memory pool '{}' would keep {} blocks, but may have {} at most", name,
                    config.minBlockCount, config.maxBlockCount);
    if (config.priority >= BufferPriority::Count)
        return Fail(ErrorCode::InvalidArgument, "memory pool '{}' has an unknown priority", name);
    Impl& impl = *m_impl;
    const std::lock_guard lock(impl.mutex);
    if (!impl.isAttached || !impl.core->IsAlive())
        return Fail(ErrorCode::WrongState, "memory pool '{}' cannot be created: '{}' is not attached", name, GetName());
    if (impl.pools.contains(name))
        return Fail(ErrorCode::InvalidArgument, "there is a memory pool '{}' already", name);
    auto pool = impl.Make(name, config, m_desc);
    if (!pool->HasTypes())
        return Fail(ErrorCode::MissingFeature,
                    "no memory type of device '{}' that buffers may use has the properties {:#x} "
                    "of memory pool '{}'",
                    impl.core->Device().name, config.memoryType, name);
    impl.pools.emplace(name, std::move(pool));
    return {};
}

Result<void> CustomMemoryPoolManager::DestroyPool(const std::string& name)
{
    std::shared_ptr<MemoryPoolBlocks> pool; // its blocks are given back after the lock
    const std::lock_guard lock(m_impl->mutex);
    const auto found = m_impl->pools.find(name);
    if (found == m_impl->pools.end())
        return Fail(ErrorCode::InvalidArgument, "there is no memory pool '{}'", name);
    pool = std::move(found->second);
    m_impl->pools.erase(found);
    m_impl->fallbacks += pool->Fallbacks();
    return {};
}

Result<Buffer> CustomMemoryPoolManager::AllocateFromPool(const std::string& poolName, uint64_t bytes,
                                                         BufferUsageFlags usage, std::string name,
                                                         std::source_location where)
{
    BufferDesc desc;
    desc.bytes = bytes;
    desc.usage = usage;
    desc.name = std::move(name);
    return AllocateFromPool(poolName, desc, where);
}

Result<Buffer> CustomMemoryPoolManager::AllocateFromPool(const std::string& poolName, const BufferDesc& desc,
                                                         std::source_location where)
{
    SEDX_PROFILE_SCOPE("CustomMemoryPoolManager::AllocateFromPool");
    Impl& impl = *m_impl;
    std::shared_ptr<MemoryPoolBlocks> pool;
    {
        const std::lock_guard lock(impl.mutex);
        if (!impl.isAttached || !impl.core->IsAlive())
            return Fail(ErrorCode::WrongState,
                        "buffer '{}' ({} bytes) cannot come from pool '{}': '{}' is not attached", desc.name,
                        desc.bytes, poolName, GetName());
        if (const auto found = impl.pools.find(poolName); found != impl.pools.end())
            pool = found->second;
    }
    if (pool)
        return pool->Allocate(desc, where);
    BufferDesc ordinary = desc;
    ordinary.memory = MemoryType::GPU;
    auto buffer = impl.core->CreateBuffer(ordinary, where);
    if (!buffer)
        return buffer;
    const std::lock_guard lock(impl.mutex);
    ++impl.fallbacks;
    if (impl.unknownNames.insert(poolName).second)
        SEDX_CORE_WARN_TAG("MEMORY", "there is no memory pool '{}': buffer '{}' ({} bytes) comes from ordinary memory",
                           poolName, desc.name, desc.bytes);
    return buffer;
}

uint64_t CustomMemoryPoolManager::ReleaseEmpty() noexcept { return m_impl->ReleaseEmpty(MemoryPoolBlocks::kAllHeaps); }

// ---- numbers -------------------------------------------------------------------------------------------------------

Result<MemoryPoolReport> CustomMemoryPoolManager::GetReport(const std::string& poolName) const
{
    std::shared_ptr<MemoryPoolBlocks> pool;
    {
        const std::lock_guard lock(m_impl->mutex);
        const auto found = m_impl->pools.find(poolName);
        if (found == m_impl->pools.end())
            return Fail(ErrorCode::InvalidArgument, "there is no memory pool '{}'", poolName);
        pool = found->second;
    }
    return pool->Report();
}

std::vector<MemoryPoolReport> CustomMemoryPoolManager::GetReports() const
{
    std::vector<MemoryPoolReport> reports;
    for (const auto& pool : m_impl->All())
        reports.push_back(pool->Report());
    return reports;
}

uint64_t CustomMemoryPoolManager::Fallbacks() const noexcept
{
    uint64_t fallbacks = 0;
    for (const auto& pool : m_impl->All())
        fallbacks += pool->Fallbacks();
    const std::lock_guard lock(m_impl->mutex);
    return fallbacks + m_impl->fallbacks;
}
} // namespace sedx
