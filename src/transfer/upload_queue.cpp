// The public faces of uploads: what they pass on, and tickets.
#include "transfer/transfer_engine.h"

#include "base/deadline.h"

namespace sedx
{
namespace
{
Result<UploadTicket> MakeTicket(const TransferEngine& engine, Result<UploadTicket::Carriers> carriers)
{
    if (!carriers)
        return tl::unexpected(std::move(carriers.error()));
    if (carriers->lastBatch == 0)
        return UploadTicket(nullptr, *carriers); // complete: needs no engine
    return UploadTicket(engine.Link(), *carriers);
}

Result<UploadTicket> TicketOfBatch(const TransferEngine& engine, Result<uint64_t> batch)
{
    if (!batch)
        return tl::unexpected(std::move(batch.error()));
    return MakeTicket(engine, UploadTicket::Carriers{*batch, *batch, 0});
}

// Critical writes never wait, unless the caller decides so.
bool MustSpill(const WriteOptions& options) noexcept
{
    return options.priority == UploadPriority::Critical && options.outOfStaging == OutOfStaging::Block &&
           !options.onOutOfStaging;
}
} // namespace

Result<UploadTicket> UploadQueue::Write(const Buffer& buffer, uint64_t offset, std::span<const std::byte> bytes,
                                        const WriteOptions& options)
{
    if (options.priority == UploadPriority::Normal)
        if (const uint64_t batch = m_engine->WriteShort(buffer, offset, bytes); batch != 0)
            return UploadTicket(m_engine->Link(), {batch, batch, 0});
    const BufferWrite write{buffer, offset, bytes};
    return WriteMany({&write, 1}, options);
}

Result<UploadTicket> UploadQueue::WriteMany(std::span<const BufferWrite> writes, const WriteOptions& options)
{
    if (options.priority == UploadPriority::Background)
    {
        auto later = m_engine->WriteLater(writes, options);
        if (!later)
            return tl::unexpected(std::move(later.error()));
        return later->queued ? UploadTicket(m_engine->Link(), later->carriers, std::move(later->queued))
                             : UploadTicket(nullptr, later->carriers);
    }
    if (MustSpill(options))
        return MakeTicket(*m_engine,
                          m_engine->Write(writes, {.outOfStaging = OutOfStaging::Spill, .source = options.source}));
    return MakeTicket(*m_engine, m_engine->Write(writes, options));
}

Result<ImportedMemory> UploadQueue::Import(std::span<const std::byte> block, const ImportOptions& options)
{
    auto import = m_engine->Import(block, options);
    if (!import)
        return tl::unexpected(std::move(import.error()));
    return ImportedMemory(m_engine, std::move(*import));
}

Result<UploadTicket> UploadQueue::Write(const Buffer& buffer, uint64_t offset, const ImportedView& source,
                                        const WriteOptions& options)
{
    if (MustSpill(options))
        return MakeTicket(*m_engine,
                          m_engine->WriteImported(buffer, offset, source, {.outOfStaging = OutOfStaging::Spill}));
    return MakeTicket(*m_engine, m_engine->WriteImported(buffer, offset, source, options));
}

Result<UploadTicket> UploadQueue::Copy(const BufferView<>& source, const Buffer& destination, uint64_t destinationOffset)
{
    const BufferMove move{source, destination, destinationOffset};
    return CopyMany({&move, 1});
}

Result<UploadTicket> UploadQueue::CopyMany(std::span<const BufferMove> moves)
{
    return MakeTicket(*m_engine, m_engine->Copy(moves));
}

Result<StagingLease> UploadQueue::Stage(uint64_t bytes, uint64_t alignment, Frame frame, OutOfStaging outOfStaging)
{
    return m_engine->Stage(bytes, alignment, m_engine->NumberOf(frame), outOfStaging);
}

Result<UploadTicket> UploadQueue::WriteImage(const ImageTarget& image, std::span<const ImageRegion> regions,
                                             std::span<const std::byte> bytes, const WriteOptions& options)
{
    if (MustSpill(options))
        return MakeTicket(*m_engine,
                          m_engine->WriteImage(image, regions, bytes, {.outOfStaging = OutOfStaging::Spill}));
    return MakeTicket(*m_engine, m_engine->WriteImage(image, regions, bytes, options));
}

Result<void> UploadQueue::Prewarm(uint64_t bytes) { return m_engine->Prewarm(bytes); }

Result<UploadTicket> UploadQueue::Submit()
{
    return TicketOfBatch(*m_engine, m_engine->Submit(TransferEngine::kNoReads));
}

Result<UploadTicket> UploadQueue::CmdFlush(const Frame& frame, VkCommandBuffer cmd, uint32_t queue)
{
    return TicketOfBatch(*m_engine,
                         m_engine->CmdFlush(m_engine->NumberOf(frame), cmd, queue, TransferEngine::kNoReads));
}

Result<uint32_t> UploadQueue::CmdAcquire(const Frame& frame, VkCommandBuffer cmd, uint32_t queue)
{
    return m_engine->CmdAcquire(m_engine->NumberOf(frame), cmd, queue);
}

UploadTicket UploadQueue::LastTransfer(const Buffer& buffer) const noexcept
{
    return UploadTicket(m_engine->Link(), m_engine->LastTransfer(buffer), m_engine->LastQueued(buffer));
}

uint64_t UploadQueue::Cancel(const UploadTicket& ticket) noexcept
{
    const auto engine = ticket.Engine();
    return engine && ticket.m_background ? engine->Cancel(*ticket.m_background) : 0;
}

Result<void> UploadQueue::Promote(const UploadTicket& ticket)
{
    const auto engine = ticket.Engine();
    return engine && ticket.m_background ? engine->Promote(*ticket.m_background) : Result<void>{};
}

void UploadQueue::SetBackgroundBytesPerFrame(uint64_t bytes) noexcept
{
    m_engine->Background().SetBytesPerFrame(bytes);
}

uint64_t UploadQueue::GetBackgroundBytesPerFrame() const noexcept { return m_engine->Background().BytesPerFrame(); }

std::string UploadQueue::Explain(const UploadTicket& ticket) const
{
    if (const auto engine = ticket.Engine())
        return ticket.m_background ? engine->Explain(*ticket.m_background) : engine->Explain(ticket.m_carriers);
    if (ticket.m_link != nullptr)
        return "The system of the ticket is gone.";
    return ticket.m_carriers.inPlace ? "In place: the buffer was idle and its memory is mappable; complete."
                                     : "Complete: there was nothing to do.";
}

std::shared_ptr<TransferEngine> UploadTicket::Engine() const noexcept
{
    return m_link != nullptr ? m_link->Engine() : nullptr;
}

bool UploadTicket::Ready() const noexcept
{
    const auto engine = Engine();
    return !engine || ((!m_background || engine->IsComplete(*m_background)) &&
                       engine->IsComplete(m_carriers.lastBatch) && engine->HasFramePassed(m_carriers.frame));
}

Result<void> UploadTicket::Wait(uint64_t timeoutNs) const
{
    const auto engine = Engine();
    if (!engine)
        return {};
    if (!m_background)
        return engine->Wait(m_carriers, timeoutNs, WaitCause::Upload);
    const Deadline deadline(timeoutNs);
    if (auto waited = engine->Wait(*m_background, timeoutNs); !waited)
        return waited;
    return engine->Wait(m_carriers, deadline.LeftNs(), WaitCause::Upload);
}

Result<TimelinePoint> UploadTicket::Point() const
{
    const auto engine = Engine();
    if (!engine)
        return TimelinePoint{};
    if (m_background)
        if (auto point = engine->PointOf(*m_background); !point || point->value != 0)
            return point;
    return engine->PointOf(m_carriers);
}
} // namespace sedx
