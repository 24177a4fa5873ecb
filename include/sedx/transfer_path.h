// TransferPath: how short writes reach device memory, and how copies on the device are carried out. What Auto decides by
// is in transfer_profile.h.
#pragma once

#include <cstdint>

namespace sedx
{
enum class TransferPath : uint32_t
{
    Auto,    // what is faster on this device, for each write by its length and number, for each copy by its length
    Regions, // copy commands only
    Scatter, // a compute shader wherever it can be: the queue has compute, and source and destination have addresses
    Inline,  // vkCmdUpdateBuffer wherever it may be: offset in the VkBuffer and size are multiples of 4, and the size is at
             // most 65,536 bytes; copy commands for the rest
};
} // namespace sedx
