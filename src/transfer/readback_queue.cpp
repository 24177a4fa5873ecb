// The public faces of read-backs.
#include "transfer/transfer_engine.h"

namespace sedx
{
Result<ReadbackTicket> ReadbackQueue::Request(const BufferView& view)
{
    return m_engine->Request(view);
}

Result<ReadbackTicket> ReadbackQueue::RequestImage(const ImageTarget& image, const ImageRegion& region)
{
    return m_engine->RequestImage(image, region);
}

Result<void> ReadbackQueue::Submit()
{
    auto batch = m_engine->Submit(true);
    if (!batch)
        return tl::unexpected(std::move(batch.error()));
    return {};
}

Result<void> ReadbackQueue::CmdFlush(const Frame& frame, VkCommandBuffer cmd, uint32_t queue)
{
    auto batch = m_engine->CmdFlush(frame.Number(), cmd, queue, true);
    if (!batch)
        return tl::unexpected(std::move(batch.error()));
    return {};
}

bool ReadbackTicket::Ready() const noexcept
{
    return m_record && m_record->engine->PrepareBytes(*m_record);
}

Result<std::span<const std::byte>> ReadbackTicket::Wait(uint64_t timeoutNs) const
{
    if (!m_record)
        return tl::unexpected(Error{ErrorCode::InvalidArgument, VK_SUCCESS, "an empty ReadbackTicket has no bytes"});
    auto waited = m_record->engine->Wait(m_record->batch.load(), timeoutNs, WaitCause::Readback);
    if (!waited)
        return tl::unexpected(std::move(waited.error()));
    return Bytes();
}

std::span<const std::byte> ReadbackTicket::Bytes() const noexcept
{
    if (!Ready())
        return {};
    return {m_record->slice.Data(), static_cast<size_t>(m_record->slice.bytes)};
}
} // namespace sedx
