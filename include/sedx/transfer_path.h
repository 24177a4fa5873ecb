// TransferPath: how short writes reach device memory.
#pragma once

#include <cstdint>

namespace sedx
{
enum class TransferPath : uint32_t
{
    Auto,    // what is faster on this device, for each write by its length and number
    Regions, // copy commands only
    Scatter, // a compute shader wherever it can be: the queue has compute, and source and destination have addresses
};
} // namespace sedx
