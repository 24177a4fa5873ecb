// SubscriptionState: what a subscription and the engine share.
#pragma once

#include "transfer/batch.h"

#include <deque>
#include <mutex>

namespace sedx
{
struct SubscriptionState
{
    struct Read
    {
        std::shared_ptr<ReadbackRecord> record;
        uint64_t frame = 0;
    };

    // Constants.
    std::shared_ptr<TransferEngine> engine; // which does not own this
    uint64_t offset = 0;
    uint64_t bytes = 0;

    // Taken before the engine's mutex.
    std::mutex mutex;
    Buffer buffer;             // empty once the system is gone
    std::deque<Read> underWay; // in the order in which they were requested
    Read latest;
    uint64_t lastFrame = 0; // that was requested last
};
} // namespace sedx
