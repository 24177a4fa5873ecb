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

// A chunk is what the profile says, and a staging block at most: small enough to stay in the cache between the thread that
// fills it and the GPU.
Result<UploadTicket::Carriers> TransferEngine::WriteStreamed(BufferResource& resource, uint64_t offset,
                                                             std::span<const std::byte> bytes,
                                                             const WriteOptions& options)
{
    struct Chunk
    {
        CopyJob job;
        CopyOp op;
        Slice slice;
        bool isOpen = false;
    };
    std::array<Chunk, 2> chunks;
    Carriers carriers;
    const auto finish = [&](Chunk& chunk) {
        if (!std::exchange(chunk.isOpen, false))
            return;
        m_workers.Finish(chunk.job);
        Join(resource, {chunk.op}, {&chunk.slice, 1}, carriers);
        m_counters.uploadedBytes.fetch_add(chunk.op.bytes, std::memory_order_relaxed);
    };
    const uint64_t chunkBytes = std::min(m_staging->Desc().blockBytes, m_chunkBytes.load(std::memory_order_relaxed));
    size_t turn = 0;
    for (uint64_t done = 0; done < bytes.size(); turn ^= 1)
    {
        Chunk& chunk = chunks[turn];
        Chunk& before = chunks[turn ^ 1];
        const uint64_t rest = bytes.size() - done;
        auto slice =
            AllocateStaging(1, std::min(rest, chunkBytes), kStagingCacheLine, rest, options, [&] { finish(before); });
        if (!slice)
        {
            finish(before);
            return Forward(slice);
        }
        chunk.slice = *slice;
        chunk.op = {offset + done, slice->offset, slice->bytes, slice->block};
        chunk.isOpen = true;
        m_workers.Start(chunk.job, slice->Data(), bytes.data() + done, slice->bytes);
        done += slice->bytes;
        if (!before.isOpen)
            continue;
        finish(before);
        if (auto sent = Submit(kNoReads); !sent) // the workers fill the next one meanwhile
        {
            finish(chunk);
            return Forward(sent);
        }
    }
    finish(chunks[turn ^ 1]); // goes out with what is still to come
    return carriers;
}
} // namespace sedx
