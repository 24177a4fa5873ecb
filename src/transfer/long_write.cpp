// Long writes: worker threads fill one chunk of staging while the GPU reads the chunks before it.
#include "transfer/transfer_engine.h"

#include <algorithm>
#include <array>

namespace sedx
{
bool TransferEngine::IsStreamed(uint64_t bytes, const WriteOptions& options) const noexcept
{
    // Only Block allows sending in the middle of a call.
    return bytes >= 2 * m_staging->Desc().blockBytes && m_submitMode == SubmitMode::Own && !options.onOutOfStaging &&
           options.outOfStaging == OutOfStaging::Block;
}

// A piece is a staging block at most: small enough to stay in the cache between the thread that fills it and the GPU. Some
// pieces are open at once, so that no worker waits while this thread submits; a submission carries a chunk of the profile.
Result<UploadTicket::Carriers> TransferEngine::WriteStreamed(BufferResource& resource, uint64_t offset,
                                                             std::span<const std::byte> bytes,
                                                             const WriteOptions& options)
{
    struct Piece
    {
        CopyJob job;
        CopyOp op;
        Slice slice;
    };
    constexpr size_t kMostOpen = 4;
    std::array<Piece, kMostOpen> pieces;
    // At most half of staging is open, so that the rest can be on its way.
    const BlockPoolDesc& staging = m_staging->Desc();
    const auto mostOpen =
        static_cast<size_t>(std::clamp<uint64_t>(staging.limitBytes / staging.blockBytes / 2, 1, kMostOpen));
    const uint64_t chunkBytes =
        std::min(m_chunkBytes.load(std::memory_order_relaxed), std::max(staging.blockBytes, staging.limitBytes / 4));
    const uint64_t most = std::min(staging.blockBytes, chunkBytes);
    size_t started = 0; // those from `finished` on are open
    size_t finished = 0;
    uint64_t unsent = 0;   // bytes
    uint64_t sendFrom = 1; // so many: the first piece goes at once, then chunks do
    Carriers carriers;
    const auto finishOldest = [&] {
        Piece& piece = pieces[finished++ % kMostOpen];
        m_workers.Finish(piece.job);
        Join(resource, {piece.op}, ShapeOf({&piece.op, 1}), {&piece.slice, 1}, carriers);
        unsent += piece.op.bytes;
        m_counters.uploadedBytes.fetch_add(piece.op.bytes, std::memory_order_relaxed);
    };
    const auto finishAll = [&] {
        while (finished != started)
            finishOldest();
    };
    for (uint64_t done = 0; done < bytes.size();)
    {
        if (started - finished == mostOpen)
            finishOldest();
        if (unsent >= sendFrom)
        {
            if (auto sent = Submit(kNoReads); !sent) // the workers fill the next pieces meanwhile
            {
                finishAll();
                return Forward(sent);
            }
            unsent = 0;
            sendFrom = chunkBytes;
        }
        const uint64_t rest = bytes.size() - done;
        auto slice = AllocateStaging(1, std::min(rest, most), kStagingCacheLine, rest, options, finishAll);
        if (!slice)
        {
            finishAll();
            return Forward(slice);
        }
        Piece& piece = pieces[started++ % kMostOpen];
        piece.slice = *slice;
        piece.op = {offset + done, slice->offset, slice->bytes, slice->block};
        m_workers.Start(piece.job, slice->Data(), bytes.data() + done, slice->bytes);
        done += slice->bytes;
    }
    finishAll(); // goes out with what is still to come
    return carriers;
}
} // namespace sedx
