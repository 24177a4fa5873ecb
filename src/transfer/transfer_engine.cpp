// The engine's life, its profile, and what it accepts. What it does is in files of their own: writes.cpp, moves.cpp, readback.cpp,
// staging.cpp, transfer_submit.cpp, completion.cpp and others.
#include "transfer/transfer_engine.h"

#include "buffer/range.h"

#include <sedx/log.h>

#include <algorithm>

namespace sedx
{
namespace
{
BlockPoolDesc StagingDesc(const BufferSystemDesc& desc)
{
    BlockPoolDesc pool;
    pool.usage = BufferUsage::TransferSrc | BufferUsage::DeviceAddress; // shaders read it, too
    pool.memory = MemoryType::CPU;
    pool.role = MemoryRole::Staging;
    pool.blockBytes = desc.stagingBlockBytes;
    pool.limitBytes = desc.stagingLimitBytes;
    pool.warmBytes = desc.warmStagingBytes;
    pool.warmNs = desc.warmMemoryNs;
    pool.name = "sedx staging";
    return pool;
}

BlockPoolDesc ReadbackDesc(const BufferSystemDesc& desc)
{
    BlockPoolDesc pool;
    pool.usage = BufferUsage::TransferDst;
    pool.memory = MemoryType::Readback;
    pool.role = MemoryRole::Readback;
    pool.blockBytes = std::min<uint64_t>(desc.stagingBlockBytes, 1ull << 20);
    pool.limitBytes = ~uint64_t{0}; // the caller holds the tickets, so the caller decides
    pool.warmBytes = desc.warmStagingBytes;
    pool.warmNs = desc.warmMemoryNs;
    pool.name = "sedx read-back";
    return pool;
}
} // namespace

TransferEngine::TransferEngine(std::shared_ptr<BufferCore> core, const BufferSystemDesc& desc,
                               const TransferProfile& profile)
    : m_core(std::move(core)), m_submitMode(desc.submitMode), m_path(desc.transferPath),
      m_transferQueue(desc.transferQueue), m_workers(profile.copyThreads),
      m_staging(std::make_unique<BlockPool>(*m_core, StagingDesc(desc))),
      m_readback(std::make_unique<BlockPool>(*m_core, ReadbackDesc(desc))), m_lanes(*m_core, *m_staging),
      m_background(desc.backgroundBytesPerFrame), m_framesInFlight(desc.framesInFlight),
      m_current(std::make_unique<Batch>()), m_ownership(*m_core)
{
    TakeProfile(profile);
    m_current->number = 1;
    m_pressureHandler = m_core->Allocator().Ladder().Register(PressureStep::TrimPools, "idle staging",
                                                              [this](const PressureRequest&) { return ReleaseIdle(); });
}

TransferEngine::~TransferEngine() = default;

std::shared_ptr<TransferEngine> TransferEngine::Create(std::shared_ptr<BufferCore> core, const BufferSystemDesc& desc,
                                                       const TransferProfile& profile)
{
    // An allocation of its own: links keep what std::make_shared allocates.
    std::shared_ptr<TransferEngine> engine(new TransferEngine(std::move(core), desc, profile));
    engine->m_link = EngineLink::To(engine);
    return engine;
}

TransferProfile TransferEngine::Profile() const noexcept
{
    const std::lock_guard lock(m_profileMutex);
    return m_profile;
}

void TransferEngine::TakeProfile(const TransferProfile& profile) noexcept
{
    const std::lock_guard lock(m_profileMutex);
    m_profile = profile;
    m_directMaxBytes.store(profile.directMaxBytes, std::memory_order_relaxed);
    m_chunkBytes.store(profile.chunkBytes, std::memory_order_relaxed);
}

bool TransferEngine::IsWritable(const Buffer& buffer, uint64_t offset, uint64_t bytes) const noexcept
{
    return buffer && m_alive.load(std::memory_order_relaxed) && buffer.Resource()->core == m_core.get() &&
           !m_core->Device().IsLost() && FitsInto(offset, bytes, buffer.Resource()->bytes) &&
           !IsOutOfReach(*buffer.Resource());
}

Result<void> TransferEngine::CheckWritable(const Buffer& buffer, uint64_t offset, uint64_t bytes) const
{
    if (IsWritable(buffer, offset, bytes))
        return {};
    if (!buffer)
        return Fail(ErrorCode::InvalidArgument, "cannot write {} bytes to an empty handle", bytes);
    if (!m_alive.load() || buffer.Resource()->core != m_core.get())
        return Fail(ErrorCode::WrongState, "the system of buffer '{}' is gone, or another one", buffer.Name());
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    if (!FitsInto(offset, bytes, buffer.GetSize()))
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} leave buffer '{}' of {} bytes", offset, bytes, buffer.Name(),
                    buffer.GetSize());
    // Out of reach, unless what is there need not be kept.
    BufferResource& resource = *buffer.Resource();
    const std::lock_guard lock(m_mutex);
    const Ref<Backing> backing = BackingOf(resource);
    if (backing && !OwnershipBook::IsFresh(*backing, offset, bytes))
        return ForeignBuffer(resource, "writes again to");
    return {};
}

uint64_t TransferEngine::NumberOf(const Frame& frame) const noexcept
{
    if (!m_alive.load())
        return 0;
    if (!frame)
        return m_core->Frames().CurrentOpen();
    return frame.System() == m_system ? frame.Number() : 0;
}

UploadTicket::Carriers TransferEngine::LastTransfer(const Buffer& buffer)
{
    if (!buffer || !m_alive.load() || buffer.Resource()->core != m_core.get())
        return {};
    const std::lock_guard lock(buffer.Resource()->mutex);
    const Ref<Backing>& backing = buffer.Resource()->backing;
    const uint64_t number = backing ? backing->lastBatch.load() : 0;
    return {number, number, 0};
}

void TransferEngine::Shutdown() noexcept
{
    m_core->Allocator().Ladder().Unregister(m_pressureHandler);
    EndSubscriptions();
    std::deque<std::unique_ptr<Batch>> pending;
    std::unique_ptr<Batch> current;
    {
        const std::lock_guard lock(m_mutex);
        CollectLanes();
        if (m_current->HasWork(kAllReads) || !m_background.IsEmpty())
            SEDX_CORE_WARN_TAG("TRANSFER",
                               "writes, copies or read-backs that were never submitted end with their system");
        pending.swap(m_pending);
        current = std::move(m_current);
        m_leases.clear();
    }
    pending.clear();
    current.reset();
    m_imports.DestroyAll();
    m_background.Clear();
    m_background.TakeGone();
    m_alive.store(false);
    DeviceState& device = m_core->Device();
    for (const CommandSlot& slot : m_commands)
        device.vk.DestroyCommandPool(device.device, slot.pool, nullptr);
    m_commands.clear();
}
} // namespace sedx
