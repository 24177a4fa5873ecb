// Reading back: requests, and ranges of any length into the caller's memory.
#include "transfer/transfer_engine.h"

#include "base/deadline.h"

#include <sedx/profile.h>

#include <algorithm>
#include <array>

namespace sedx
{
namespace
{
// A chunk of a long read, in staging blocks. By default 16 MiB: a submission costs little against it, and it stays in the
// cache between the GPU and the threads that copy it on.
constexpr uint64_t kBlocksInChunk = 2;
// One is copied on by the CPU, the others are under way on the GPU or waiting for it.
constexpr size_t kChunks = 4;
} // namespace

Result<CheckedRange> TransferEngine::CheckReadable(const BufferView<>& view) const
{
    if (!view.buffer)
        return Fail(ErrorCode::InvalidArgument, "cannot read back an empty handle");
    if (!m_alive.load() || view.buffer.Resource()->core != m_core.get())
        return Fail(ErrorCode::WrongState, "the system of buffer '{}' is gone, or another one", view.buffer.Name());
    if (m_core->Device().IsLost())
        return m_core->Device().LostError();
    const CheckedRange range = Check(view);
    if (!range.valid || range.bytes == 0)
        return Fail(ErrorCode::OutOfRange, "bytes {} + {} are no part of buffer '{}' of {} bytes", view.offset,
                    view.bytes, view.buffer.Name(), view.buffer.GetSize());
    if (IsOutOfReach(*view.buffer.Resource()))
        return ForeignBuffer(*view.buffer.Resource(), "reads");
    return range;
}

Ref<Backing> TransferEngine::BackingOf(BufferResource& resource)
{
    const std::lock_guard lock(resource.mutex);
    return resource.backing;
}

Result<std::shared_ptr<ReadbackRecord>> TransferEngine::MakeRecord(uint64_t bytes)
{
    const auto allocate = [&] { return m_readback->Allocate(bytes, bytes, kStagingCacheLine, true); };
    auto slice = allocate();
    if (!slice && slice.error().code == ErrorCode::OutOfDeviceMemory)
        slice = m_readback->Relieve(bytes, allocate);
    if (!slice)
        return Forward(slice);
    auto record = std::make_shared<ReadbackRecord>();
    record->engine = shared_from_this();
    record->slice = *slice;
    return record;
}

void TransferEngine::CollectRead(const Ref<Backing>& source, uint64_t offset, uint64_t frame,
                                 const std::shared_ptr<ReadbackRecord>& record)
{
    const std::lock_guard lock(m_mutex);
    CollectLanes(); // what was written before is read
    record->visible = false;
    record->batch.store(m_current->number);
    source->lastBatch.store(m_current->number);
    Epoch& epoch = EpochForRead();
    epoch.readKeys.insert(KeyOf(source.Get()));
    epoch.reads.push_back({source, offset, frame, record});
    m_counters.readbackBytes.fetch_add(record->slice.bytes, std::memory_order_relaxed);
}

Result<ReadbackTicket> TransferEngine::Request(const BufferView<>& view, uint64_t frame)
{
    const auto range = CheckReadable(view);
    if (!range)
        return tl::unexpected<Error>(range.error());
    auto record = MakeRecord(range->bytes);
    if (!record)
        return Forward(record);
    const Ref<Backing> source = BackingOf(*view.buffer.Resource());
    if (auto promoted = PromoteQueued(*source, range->offset, range->bytes); !promoted)
        return Forward(promoted);
    CollectRead(source, range->offset, std::max<uint64_t>(1, frame), *record);
    return ReadbackTicket(std::move(*record));
}

// Chunks go out as soon as there is memory for them, whatever frames are open (kNoReads); their memory goes round.
Result<void> TransferEngine::Read(const BufferView<>& view, std::span<std::byte> destination, uint64_t timeoutNs)
{
    SEDX_PROFILE_SCOPE("TransferEngine::Read");
    const Deadline deadline(timeoutNs);
    const auto range = CheckReadable(view);
    if (!range)
        return tl::unexpected<Error>(range.error());
    if (destination.size() < range->bytes)
        return Fail(ErrorCode::OutOfRange, "{} bytes of buffer '{}' do not fit into the {} bytes given", range->bytes,
                    view.buffer.Name(), destination.size());
    if (m_submitMode != SubmitMode::Own)
        return Fail(ErrorCode::NotSubmitted,
                    "in recorded mode only CmdFlush sends copies, so that nothing can be read at once");
    const Ref<Backing> source = BackingOf(*view.buffer.Resource());
    const uint64_t whole =
        range->bytes <= m_readback->Desc().blockBytes ? range->bytes : kBlocksInChunk * m_staging->Desc().blockBytes;

    struct Chunk
    {
        std::shared_ptr<ReadbackRecord> record;
        uint64_t offset = 0; // in the range
    };
    std::array<Chunk, kChunks> chunks;
    size_t usable = kChunks; // fewer if there is no memory for more
    size_t first = 0;        // the oldest one under way
    size_t underWay = 0;
    uint64_t sent = 0;
    const auto send = [&]() -> Result<void> {
        for (; underWay < usable && sent < range->bytes; ++underWay)
        {
            Chunk& chunk = chunks[(first + underWay) % usable];
            if (!chunk.record)
            {
                auto record = MakeRecord(whole);
                if (!record && underWay == 0)
                    return Forward(record);
                if (!record) // those that there are have to do; nothing has gone round yet
                {
                    usable = underWay;
                    return {};
                }
                chunk.record = std::move(*record);
            }
            chunk.offset = sent;
            chunk.record->slice.bytes = std::min(whole, range->bytes - sent);
            sent += chunk.record->slice.bytes;
            if (auto promoted = PromoteQueued(*source, range->offset + chunk.offset, chunk.record->slice.bytes); !promoted)
                return promoted;
            CollectRead(source, range->offset + chunk.offset, kNoReads, chunk.record);
            const auto submitted = Submit(kNoReads);
            if (!submitted)
                return tl::unexpected<Error>(submitted.error());
            if (*submitted < chunk.record->batch.load())
                return Fail(ErrorCode::NotSubmitted, "the copies wait for the end of a frame with recorded copies");
        }
        return {};
    };
    while (true)
    {
        if (underWay == 0)
        {
            if (sent == range->bytes)
                return {};
            if (auto begun = send(); !begun)
                return begun;
        }
        const Chunk& chunk = chunks[first];
        ReadbackRecord& record = *chunk.record;
        const uint64_t batch = record.batch.load();
        if (auto waited = Wait({batch, batch, 0}, deadline.LeftNs(), WaitCause::Readback); !waited)
            return waited;
        if (const VkResult result = PrepareBytes(record); result != VK_SUCCESS)
            return FailVk(result, "making the bytes of a read-back visible to the CPU");
        CopyJob job;
        m_workers.Start(job, destination.data() + chunk.offset, record.slice.Data(), record.slice.bytes);
        const auto next = send(); // into the chunk that was copied before this one
        m_workers.Finish(job);
        if (!next)
            return next;
        first = (first + 1) % usable;
        --underWay;
    }
}
} // namespace sedx
