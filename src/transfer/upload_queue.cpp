// The public faces of uploads: what they pass on, and tickets.
#include "transfer/transfer_engine.h"

namespace sedx
{
Result<UploadTicket> UploadQueue::Write(const Buffer& buffer, uint64_t offset, std::span<const std::byte> bytes,
                                        const WriteOptions& options)
{
    return m_engine->Write(buffer, offset, bytes, options);
}

Result<UploadTicket> UploadQueue::WriteMany(std::span<const BufferWrite> writes, const WriteOptions& options)
{
    UploadTicket last;
    for (const BufferWrite& write : writes)
    {
        auto ticket = m_engine->Write(write.buffer, write.offset, write.bytes, options);
        if (!ticket)
            return ticket;
        if (!ticket->Ready()) // batches pass in order: the last one says it for all
            last = std::move(*ticket);
    }
    return last;
}

Result<StagingLease> UploadQueue::Stage(uint64_t bytes, uint64_t alignment, Frame frame, OutOfStaging outOfStaging)
{
    const uint64_t number = frame ? frame.Number() : m_engine->Core().Frames().CurrentOpen();
    return m_engine->Stage(bytes, alignment, number, outOfStaging);
}

Result<UploadTicket> UploadQueue::WriteImage(const ImageTarget& image, std::span<const ImageRegion> regions,
                                             std::span<const std::byte> bytes, const WriteOptions& options)
{
    return m_engine->WriteImage(image, regions, bytes, options);
}

Result<UploadTicket> UploadQueue::Submit()
{
    auto batch = m_engine->Submit(false);
    if (!batch)
        return tl::unexpected(std::move(batch.error()));
    return UploadTicket(m_engine, *batch, 0);
}

Result<UploadTicket> UploadQueue::CmdFlush(const Frame& frame, VkCommandBuffer cmd, uint32_t queue)
{
    auto batch = m_engine->CmdFlush(frame.Number(), cmd, queue, false);
    if (!batch)
        return tl::unexpected(std::move(batch.error()));
    return UploadTicket(m_engine, *batch, 0);
}

UploadTicket UploadQueue::LastTransfer(const Buffer& buffer) const noexcept
{
    return m_engine->LastTransfer(buffer);
}

bool UploadTicket::Ready() const noexcept
{
    if (!m_engine)
        return true;
    return m_engine->IsComplete(m_batch) && m_engine->HasFramePassed(m_frame);
}

Result<void> UploadTicket::Wait(uint64_t timeoutNs) const
{
    if (!m_engine)
        return {};
    if (m_frame != 0)
        return m_engine->WaitForFrame(m_frame, timeoutNs, WaitCause::Upload);
    return m_engine->Wait(m_batch, timeoutNs, WaitCause::Upload);
}

Result<TimelinePoint> UploadTicket::Point() const
{
    if (!m_engine || Ready())
        return TimelinePoint{};
    return m_frame != 0 ? m_engine->PointOfFrame(m_frame) : m_engine->PointOf(m_batch);
}
} // namespace sedx
