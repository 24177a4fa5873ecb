// MemoryMeter: what the library has allocated from the device, counted where it calls Vulkan. Exact to the byte, of this
// process's library only, and the same on every driver; what drivers report as usage of a heap is neither.
//
// One device at a time.
#pragma once

#include <sedx/buffer_system.h>

namespace bench
{
class MemoryMeter
{
  public:
    static sedx::DispatchHook Hook() noexcept;
};

// Bytes of device memory that the library holds at the moment, used or not. The one source of this number.
uint64_t CommittedBytes();
} // namespace bench
