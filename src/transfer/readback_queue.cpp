// The public faces of read-backs.
#include "transfer/transfer_engine.h"

namespace sedx
{
Result<ReadbackTicket> ReadbackQueue::Request(const BufferView<>& view, Frame frame)
{
    return m_engine->Request(view, m_engine->NumberOf(frame));
}

Result<ReadbackTicket> ReadbackQueue::RequestImage(const ImageTarget& image, const ImageRegion& region, Frame frame)
{
    return m_engine->RequestImage(image, region, m_engine->NumberOf(frame));
}

Result<void> ReadbackQueue::Read(const BufferView<>& view, std::span<std::byte> destination, uint64_t timeoutNs)
{
    return m_engine->Read(view, destination, timeoutNs);
}

Result<void> ReadbackQueue::Submit()
{
    auto batch = m_engine->Submit(TransferEngine::kAllReads);
    if (!batch)
        return tl::unexpected(std::move(batch.error()));
    return {};
}

Result<void> ReadbackQueue::CmdFlush(const Frame& frame, VkCommandBuffer cmd, uint32_t queue)
{
    auto batch = m_engine->CmdFlush(m_engine->NumberOf(frame), cmd, queue, TransferEngine::kAllReads);
    if (!batch)
        return tl::unexpected(std::move(batch.error()));
    return {};
}

bool ReadbackTicket::Ready() const noexcept { return m_record && m_record->engine->IsSettled(*m_record); }

Result<std::span<const std::byte>> ReadbackTicket::Wait(uint64_t timeoutNs) const
{
    if (!m_record)
        return Fail(ErrorCode::InvalidArgument, "an empty ReadbackTicket has no bytes");
    while (true)
    {
        const uint64_t batch = m_record->batch.load();
        auto waited = m_record->engine->Wait({batch, batch, 0}, timeoutNs, WaitCause::Readback);
        if (!waited)
            return tl::unexpected(std::move(waited.error()));
        if (m_record->batch.load() == batch) // else another thread's submission left it for a later one
            break;
    }
    if (const VkResult result = m_record->engine->PrepareBytes(*m_record); result != VK_SUCCESS)
        return FailVk(result, "making the bytes of a read-back visible to the CPU");
    return Bytes();
}

std::span<const std::byte> ReadbackTicket::Bytes() const noexcept
{
    if (!Ready() || m_record->engine->PrepareBytes(*m_record) != VK_SUCCESS)
        return {};
    return {m_record->slice.Data(), static_cast<size_t>(m_record->slice.bytes)};
}
} // namespace sedx
