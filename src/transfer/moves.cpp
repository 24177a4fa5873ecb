// Moves: bytes that go from buffer to buffer on the device, collected like writes.
#include "transfer/transfer_engine.h"

#include "buffer/range.h"

namespace sedx
{
Result<void> TransferEngine::CheckMovable(const BufferMove& move) const
{
    const Buffer& source = move.source.buffer;
    const Buffer& destination = move.destination;
    if (!source || !destination)
        return Fail(ErrorCode::InvalidArgument, "Copy needs two buffers, and the {} is an empty handle",
                    source ? "destination" : "source");
    for (const Buffer* buffer : {&source, &destination})
        if (!m_alive.load() || buffer->Resource()->core != m_core.get())
            return Fail(ErrorCode::WrongState, "the system of buffer '{}' is gone, or another one", buffer->Name());
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    const CheckedRange range = Check(move.source);
    if (!range.valid)
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} leave buffer '{}' of {} bytes", move.source.offset,
                    move.source.bytes, source.Name(), source.GetSize());
    const uint64_t to = move.destinationOffset;
    if (!FitsInto(to, range.bytes, destination.GetSize()))
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} leave buffer '{}' of {} bytes", to, range.bytes,
                    destination.Name(), destination.GetSize());
    for (const Buffer* buffer : {&source, &destination})
        if (IsOutOfReach(*buffer->Resource()))
            return ForeignBuffer(*buffer->Resource(), "copies from or to");
    if (source == destination && range.offset < to + range.bytes && to < range.offset + range.bytes)
        return Fail(ErrorCode::InvalidArgument, "Copy: bytes {} + {} and {} + {} overlap in buffer '{}'", range.offset,
                    range.bytes, to, range.bytes, source.Name());
    return {};
}

Result<UploadTicket::Carriers> TransferEngine::Copy(std::span<const BufferMove> moves)
{
    Carriers carriers;
    // The backing that the buffer has now. It counts as in flight from here on: nobody writes it in place.
    const auto take = [this](const Buffer& buffer) {
        BufferResource& resource = *buffer.Resource();
        const std::lock_guard lock(resource.mutex);
        if (resource.backing)
            resource.backing->lastBatch.store(m_current->number);
        return resource.backing;
    };
    if (auto promoted = PromoteSources(moves); !promoted)
        return Forward(promoted);
    const std::lock_guard lock(m_mutex);
    CollectLanes(); // what was written before is copied
    for (const BufferMove& move : moves)
    {
        if (auto movable = CheckMovable(move); !movable)
            return Forward(movable);
        const CheckedRange range = Check(move.source);
        if (range.bytes == 0)
            continue;
        const Ref<Backing> source = take(move.source.buffer);
        const Ref<Backing> destination = take(move.destination);
        const DeviceCopyRegion region{range.offset, move.destinationOffset, range.bytes};
        if (m_current->epochs.empty() || m_current->epochs.back().Delays(*source, *destination, region))
            m_current->epochs.emplace_back();
        m_current->epochs.back().Append(source, destination, region);
        SupersedeQueued(*destination, region.destination, region.bytes);
        m_counters.copiedBytes.fetch_add(range.bytes, std::memory_order_relaxed);
        carriers = {m_current->number, m_current->number, 0};
    }
    return carriers;
}
} // namespace sedx
