#include "base/thread_slot.h"
#include "buffer/block_pool.h"
#include "buffer_system/ring_blocks.h"
#include "buffer_system/system_impl.h"

#include <sedx/ring_buffer.h>

namespace sedx
{
// Nearly every slice is cut from the share of its thread, without a lock and without a locked instruction: those wait until
// what was written before has left the processor, and with mapped device memory that is a trip across the bus. Whatever needs
// more than that (a new share, a new block, frames that have passed, errors) goes through Refill, under the lock.
struct RingBuffer::Impl
{
    // A thread's share of the block of one slot of open frames.
    struct alignas(kLineBytes) Cursor
    {
        RingCursor range;
        VkBuffer buffer = VK_NULL_HANDLE; // of the block; the following too
        uint64_t offset = 0;
        VkDeviceAddress address = 0;
        std::byte* mapped = nullptr;

        void Enter(const Block& block) noexcept
        {
            const Backing& backing = *block.backing;
            buffer = backing.memory.buffer;
            offset = backing.memory.offset;
            address = backing.address;
            mapped = backing.memory.mapped;
        }
        BufferSlice At(uint64_t begin, uint64_t bytes) const noexcept
        {
            return {buffer, offset + begin, bytes, address != 0 ? address + begin : 0,
                    mapped != nullptr ? mapped + begin : nullptr};
        }
    };
    using Cursors = std::array<Cursor, kMaxOpenFrames>;

    explicit Impl(BufferSystem& owner, uint64_t blockBytes)
        : system(&owner), core(owner.Internals().core), device(&core->Device()), frames(&core->Frames()),
          blocks(blockBytes)
    {
    }
    ~Impl()
    {
        if (pressureHandler != 0 && core->IsAlive()) // else the ladder went with the system
            core->Allocator().Ladder().Unregister(pressureHandler);
        pool.reset(); // first: polls of other threads call ReleasePassed until then
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    uint64_t AlignmentFor(uint64_t bytes, uint64_t alignment) const noexcept
    {
        if (alignment != 0)
            return alignment;
        return bytes % kLineBytes == 0 ? lineAlignment : defaultAlignment;
    }
    // Null: not so simple.
    Cursor* CutFromShare(const Frame& frame, uint64_t bytes, uint64_t alignment, uint64_t& begin) noexcept
    {
        Cursors* mine = cursors[ThreadSlot::Known()].get();
        if (mine == nullptr || !core->IsAlive() || device->IsLost() || frame.System() != system ||
            !IsPowerOfTwo(alignment))
            return nullptr;
        const uint32_t slot = frames->SlotOf(frame.Number());
        if (slot == FrameTracker::kNoSlot)
            return nullptr;
        Cursor& cursor = (*mine)[slot];
        return cursor.range.frame == frame.Number() && cursor.range.Cut(bytes, alignment, begin) ? &cursor : nullptr;
    }
    Result<BufferSlice> Refill(const Frame& frame, uint64_t bytes, uint64_t alignment);
    Cursors& CursorsOfThread();
    Result<Block*> MakeBlock(std::unique_lock<std::mutex>& lock, uint64_t bytes);
    void ReleasePassed() noexcept;

    // Constants. `device` and `frames` live as long as the core says that it is alive.
    const BufferSystem* system;
    std::shared_ptr<BufferCore> core;
    const DeviceState* device;
    const FrameTracker* frames;
    uint64_t defaultAlignment = 1;
    uint64_t lineAlignment = kLineBytes; // for slices of whole lines: each is written in one go
    std::unique_ptr<BlockPool> pool;
    uint64_t pressureHandler = 0;
    // By ThreadSlot; each is made and used by its thread only. The last one stays empty: threads without a number.
    std::array<std::unique_ptr<Cursors>, kThreadSlots + 1> cursors;

    alignas(kLineBytes) std::mutex mutex;
    // Under it.
    RingBlocks<Block*> blocks;
    Cursors sharedCursors; // of threads without a number
    uint64_t releasedFrame = 0;
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
    ring.m_impl = std::make_unique<Impl>(system, desc.blockBytes);
    Impl& impl = *ring.m_impl;
    impl.defaultAlignment = AlignmentOf(CompleteUsage(desc.usage), impl.core->Device().alignments);
    impl.lineAlignment = std::max(impl.defaultAlignment, kLineBytes);
    BlockPoolDesc pool;
    pool.usage = CompleteUsage(desc.usage);
    pool.memory = desc.memory;
    pool.role = MemoryRole::Cpu;
    pool.blockBytes = desc.blockBytes;
    pool.limitBytes = desc.maxBytes;
    pool.warmBytes = desc.blockBytes;
    pool.warmNs = system.Desc().warmMemoryNs;
    pool.name = desc.name;
    pool.releasePassed = [&impl] {
        const std::lock_guard lock(impl.mutex);
        impl.ReleasePassed();
    };
    impl.pool = std::make_unique<BlockPool>(*impl.core, std::move(pool));
    impl.pressureHandler = impl.core->Allocator().Ladder().Register(PressureStep::TrimPools, "idle rings",
                                                                    [&impl](const PressureRequest&) {
                                                                        impl.core->PollFrames();
                                                                        return impl.pool->ReleaseIdle();
                                                                    });
    return ring;
}

Result<BufferSlice> RingBuffer::Allocate(const Frame& frame, uint64_t bytes, uint64_t alignment)
{
    if (!m_impl)
        return Fail(ErrorCode::WrongState, "an empty RingBuffer cannot allocate");
    alignment = m_impl->AlignmentFor(bytes, alignment);
    uint64_t begin = 0;
    if (const Impl::Cursor* cursor = m_impl->CutFromShare(frame, bytes, alignment, begin))
        return cursor->At(begin, bytes);
    return m_impl->Refill(frame, bytes, alignment);
}

Result<BufferSlice> RingBuffer::Impl::Refill(const Frame& frame, uint64_t bytes, uint64_t alignment)
{
    const std::string& name = pool->Desc().name;
    if (!core->IsAlive())
        return Fail(ErrorCode::WrongState, "the system of ring '{}' is gone", name);
    if (bytes == 0)
        return Fail(ErrorCode::OutOfRange, "ring '{}': 0 bytes were asked for", name);
    if (!IsPowerOfTwo(alignment))
        return Fail(ErrorCode::InvalidArgument, "alignment {} is not a power of two", alignment);
    if (device->IsLost())
        return core->Device().LostError();
    const uint64_t number = frame.Number();
    std::unique_lock lock(mutex);
    const uint32_t slot = frame.System() == system ? frames->SlotOf(number) : FrameTracker::kNoSlot;
    if (slot == FrameTracker::kNoSlot)
        return Fail(ErrorCode::WrongState, "ring '{}': frame {} is not open", name, number);
    ReleasePassed();
    Cursor& cursor = CursorsOfThread()[slot];
    uint64_t begin = 0;
    if (cursor.range.frame == number && cursor.range.Cut(bytes, alignment, begin)) // a thread without a number
        return cursor.At(begin, bytes);
    if (!blocks.Refill(cursor.range, slot, number, bytes, alignment))
    {
        auto block = MakeBlock(lock, bytes);
        if (!block)
            return Forward(block);
        (*block)->backing->used.store(true);
        if (!blocks.Add(slot, number, *block, (*block)->capacity, bytes))
        {
            pool->SetHead(**block, bytes);
            Cursor whole;
            whole.Enter(**block);
            return whole.At(0, bytes);
        }
        blocks.Refill(cursor.range, slot, number, bytes, alignment);
    }
    Block& block = *blocks.Current(slot);
    pool->SetHead(block, blocks.CurrentHead(slot));
    cursor.Enter(block);
    cursor.range.Cut(bytes, alignment, begin); // there is room
    return cursor.At(begin, bytes);
}

RingBuffer::Impl::Cursors& RingBuffer::Impl::CursorsOfThread()
{
    const uint32_t thread = ThreadSlot::Take();
    if (thread == kThreadSlots)
        return sharedCursors;
    if (!cursors[thread])
        cursors[thread] = std::make_unique<Cursors>();
    return *cursors[thread];
}

// A block with room for so much. While memory is made free the lock is given up.
Result<Block*> RingBuffer::Impl::MakeBlock(std::unique_lock<std::mutex>& lock, uint64_t bytes)
{
    auto slice = pool->AllocateBlock(bytes);
    if (!slice && slice.error().code == ErrorCode::OutOfDeviceMemory)
    {
        lock.unlock();
        slice = pool->Relieve(bytes, [&] { return pool->AllocateBlock(bytes); });
        lock.lock();
    }
    if (slice)
        return slice->block;
    if (slice.error().code == ErrorCode::OutOfStaging)
        slice.error().code = ErrorCode::LimitExceeded;
    return Forward(slice);
}

// The lock is held.
void RingBuffer::Impl::ReleasePassed() noexcept
{
    const uint64_t completed = frames->Completed();
    if (completed == releasedFrame)
        return;
    releasedFrame = completed;
    blocks.Release(completed, [this](Block* block) { pool->Release(block, 1); });
}

uint64_t RingBuffer::CapacityBytes() const noexcept { return m_impl ? m_impl->pool->CapacityBytes() : 0; }
} // namespace sedx
