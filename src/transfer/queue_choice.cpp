#include "transfer/queue_choice.h"

#include <algorithm>

namespace sedx
{
namespace
{
// What a change of queues costs (a semaphore, and the GPU's front end on both sides: some ten microseconds) should be little
// against what the copies take: 20 microseconds for 1 MiB across PCIe 5.
constexpr uint64_t kWorthItBytes = 1ull << 20;
} // namespace

TransferQueueRules TransferQueueRulesOf(const BufferCore& core, TransferQueue wish, TransferPath path,
                                        const TransferProfile& profile) noexcept
{
    TransferQueueRules rules;
    // An engine with fences only: nothing on the GPU tells another queue when its frames have passed.
    if (!core.Frames().HasSignals())
        return rules;
    const DeviceState& device = core.Device();
    if (wish == TransferQueue::Always)
        rules.queue = device.TransferQueue();
    else if (wish == TransferQueue::Auto && profile.useTransferQueue)
    {
        rules.queue = device.TransferQueue();
        rules.minBytes = kWorthItBytes;
        const ScatterRules scatter = ScatterRulesOf(device, 0, path, profile);
        if (scatter.kernels != nullptr)
        {
            rules.shortBytes = scatter.maxBytes;
            rules.manyShort = std::max<uint64_t>(1, scatter.minWrites);
        }
    }
    return rules;
}

std::optional<uint64_t> FindFrameBefore(const Batch& batch, const TransferQueueRules& rules, uint64_t readsThrough,
                                        const BufferCore& core, const OwnershipBook& ownership) noexcept
{
    if (batch.HasImages(readsThrough)) // the engine orders them, on queue 0
        return {};
    uint64_t frame = 0;
    uint64_t bytes = 0;
    uint64_t shortWrites = 0;
    const auto touch = [&frame](const Backing& backing) {
        frame = std::max(frame, backing.lastFrame.load(std::memory_order_acquire));
    };
    for (const Epoch& epoch : batch.epochs)
    {
        // A queue for transfers moves device memory slowly: 89 GB/s against 410 on an H200.
        if (epoch.HasMoves())
            return {};
        for (const BufferWrites& writes : epoch.writes)
        {
            touch(*writes.backing);
            for (const CopyOp& op : writes.list.Ops())
            {
                bytes += op.bytes;
                shortWrites += op.bytes <= rules.shortBytes ? 1 : 0;
            }
            if (shortWrites >= rules.manyShort)
                return {};
        }
        for (const BufferRead& read : epoch.reads)
        {
            if (!batch.GoesOut(epoch, read.frame, readsThrough))
                continue;
            touch(*read.source);
            bytes += read.record->slice.bytes;
        }
    }
    if (bytes < rules.minBytes || core.Frames().HasOpenSubmissions(frame))
        return {};
    if (ownership.FindMisplaced(batch, core.Device().queues[rules.queue].family, readsThrough) != nullptr)
        return {};
    return frame;
}
} // namespace sedx
