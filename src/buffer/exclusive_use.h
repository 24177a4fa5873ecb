// ExclusiveUse: of a backing whose VkBuffer belongs to one queue family at a time (Ownership::Exclusive). What other families
// wrote and released, the owner has to acquire; which bytes these are, the transfer engine keeps (transfer/ownership.h).
#pragma once

#include "base/range_set.h"

#include <sedx/buffer.h>

#include <atomic>

namespace sedx
{
struct ExclusiveUse
{
    ExclusiveUse(uint32_t ownerFamily, BufferId id, std::string bufferName)
        : family(ownerFamily), buffer(id), name(std::move(bufferName))
    {
    }

    // Constants.
    const uint64_t serial = NextSerial(); // a buffer may get another backing: this names one of them
    const uint32_t family;                // of the owner
    const BufferId buffer;
    const std::string name;

    RangeSet touched;                    // bytes that a batch wrote; under the mutex of the transfer engine
    std::atomic<uint32_t> unacquired{0}; // ranges that were released to the owner and wait for their acquire

  private:
    static uint64_t NextSerial() noexcept
    {
        static std::atomic<uint64_t> last{0};
        return last.fetch_add(1, std::memory_order_relaxed) + 1;
    }
};
} // namespace sedx
