// QueueChoice: whether a batch that the library submits goes to a queue for transfers alone instead of queue 0.
#pragma once

#include "transfer/ownership.h"

#include <sedx/buffer_system.h>

#include <optional>

namespace sedx
{
struct TransferQueueRules
{
    uint32_t queue = 0;         // index of the queue; 0: there is none, or it is not to be used
    uint64_t minBytes = 0;      // a batch with fewer is not worth another queue
    uint64_t shortBytes = 0;    // up to so many a write is short: the scatter shader is what carries it best
    uint64_t manyShort = ~0ull; // so many short writes and more are worth queue 0, where the shader runs
};

TransferQueueRules TransferQueueRulesOf(const BufferCore& core, TransferQueue wish, TransferPath path,
                                        const TransferProfile& profile) noexcept;

// Nothing: it goes to queue 0. Else the newest frame that may use what the batch touches (Backing::lastFrame), 0: none; ended
// frames up to this one come before the batch. `readsThrough`: as for Batch::GoesOut. The mutex of the engine is held, and no
// submission is handed out meanwhile.
std::optional<uint64_t> FindFrameBefore(const Batch& batch, const TransferQueueRules& rules, uint64_t readsThrough,
                                        const BufferCore& core, const OwnershipBook& ownership) noexcept;
} // namespace sedx
