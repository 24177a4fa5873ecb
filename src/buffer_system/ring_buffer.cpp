#include "base/align.h"
#include "buffer/block_pool.h"
#include "buffer/range.h"
#include "buffer_system/system_impl.h"

#include <sedx/ring_buffer.h>

namespace sedx
{
struct RingBuffer::Impl
{
    std::shared_ptr<BufferCore> core;
    std::unique_ptr<BlockPool> pool;
    uint64_t defaultAlignment = 1;

    struct FrameUse // slices of one block cut for one frame
    {
        uint64_t frame = 0;
        Block* block = nullptr;
        uint64_t slices = 0;
    };
    uint64_t pressureHandler = 0;

    std::mutex mutex;
    std::deque<FrameUse> uses; // by frame, roughly: two frames may be open at once

    ~Impl()
    {
        if (pressureHandler != 0 && core->IsAlive()) // else the ladder went with the system
            core->Allocator().Ladder().Unregister(pressureHandler);
    }

    // The mutex is held.
    void ReleasePassed() noexcept
    {
        const uint64_t completed = core->Frames().Completed();
        std::erase_if(uses, [&](const FrameUse& use) {
            if (use.frame > completed)
                return false;
            pool->Release(use.block, use.slices);
            return true;
        });
    }
};

RingBuffer::RingBuffer() noexcept = default;
RingBuffer::RingBuffer(RingBuffer&&) noexcept = default;
RingBuffer& RingBuffer::operator=(RingBuffer&&) noexcept = default;

RingBuffer::~RingBuffer() = default; // blocks in flight wait for the GPU by themselves

Result<RingBuffer> RingBuffer::Create(BufferSystem& system, const RingBufferDesc& desc)
{
    if (desc.usage == BufferUsage::None || desc.blockBytes == 0 || desc.maxBytes < desc.blockBytes)
        return Fail(ErrorCode::InvalidArgument, "ring '{}' needs a usage, and 0 < blockBytes <= maxBytes", desc.name);
    RingBuffer ring;
    ring.m_impl = std::make_unique<Impl>();
    ring.m_impl->core = system.Internals().core;
    ring.m_impl->defaultAlignment = AlignmentOf(CompleteUsage(desc.usage), ring.m_impl->core->Device().alignments);
    BlockPoolDesc pool;
    pool.usage = CompleteUsage(desc.usage);
    pool.memory = desc.memory;
    pool.role = MemoryRole::Cpu;
    pool.blockBytes = desc.blockBytes;
    pool.limitBytes = desc.maxBytes;
    pool.warmBytes = desc.blockBytes;
    pool.warmNs = system.Desc().warmMemoryNs;
    pool.name = desc.name;
    pool.releasePassed = [impl = ring.m_impl.get()] {
        const std::lock_guard lock(impl->mutex);
        impl->ReleasePassed();
    };
    ring.m_impl->pool = std::make_unique<BlockPool>(*ring.m_impl->core, std::move(pool));
    ring.m_impl->pressureHandler = ring.m_impl->core->Allocator().Ladder().Register(
        PressureStep::TrimPools, "idle rings", [impl = ring.m_impl.get()](const PressureRequest&) {
            impl->core->GetTimelines().Poll();
            impl->core->Frames().Update();
            return impl->pool->ReleaseIdle();
        });
    return ring;
}

Result<BufferSlice> RingBuffer::Allocate(const Frame& frame, uint64_t bytes, uint64_t alignment)
{
    if (!m_impl)
        return Fail(ErrorCode::WrongState, "an empty RingBuffer cannot allocate");
    if (!m_impl->core->IsAlive())
        return Fail(ErrorCode::WrongState, "the system of ring '{}' is gone", m_impl->pool->Desc().name);
    if (bytes == 0)
        return Fail(ErrorCode::OutOfRange, "ring '{}': 0 bytes were asked for", m_impl->pool->Desc().name);
    if (alignment == 0)
        alignment = m_impl->defaultAlignment;
    if (!IsPowerOfTwo(alignment))
        return Fail(ErrorCode::InvalidArgument, "alignment {} is not a power of two", alignment);
    std::unique_lock lock(m_impl->mutex);
    if (m_impl->core->Device().IsLost())
        return m_impl->core->Device().LostError();
    if (!frame || frame.System()->Internals().core != m_impl->core || !m_impl->core->Frames().IsOpen(frame.Number()))
        return Fail(ErrorCode::WrongState, "ring '{}': frame {} is not open", m_impl->pool->Desc().name,
                    frame.Number());
    m_impl->ReleasePassed();
    auto slice = m_impl->pool->Allocate(bytes, bytes, alignment, false);
    if (!slice && slice.error().code == ErrorCode::OutOfDeviceMemory)
    {
        lock.unlock();
        slice = m_impl->pool->Relieve(bytes, [&] { return m_impl->pool->Allocate(bytes, bytes, alignment, false); });
        lock.lock();
    }
    if (!slice)
    {
        if (slice.error().code == ErrorCode::OutOfStaging)
            slice.error().code = ErrorCode::LimitExceeded;
        return Forward(slice);
    }
    if (!m_impl->uses.empty() && m_impl->uses.back().frame == frame.Number() &&
        m_impl->uses.back().block == slice->block)
        ++m_impl->uses.back().slices;
    else
        m_impl->uses.push_back({frame.Number(), slice->block, 1});
    Backing& backing = *slice->block->backing;
    backing.used.store(true);
    BufferSlice result;
    result.buffer = backing.memory.buffer;
    result.offset = backing.memory.offset + slice->offset;
    result.size = bytes;
    result.address = backing.address != 0 ? backing.address + slice->offset : 0;
    result.mapped = slice->Data();
    return result;
}

uint64_t RingBuffer::CapacityBytes() const noexcept { return m_impl ? m_impl->pool->CapacityBytes() : 0; }
} // namespace sedx
