// TransferPath: how short writes reach device memory, and how copies on the device are carried out.
#pragma once

#include <cstdint>

namespace sedx
{
enum class TransferPath : uint32_t
{
    Auto,    // what is faster on this device, for each write by its length and number, for each copy by its length
    Regions, // copy commands only
    Scatter, // a compute shader wherever it can be: the queue has compute, and source and destination have addresses
};
} // namespace sedx
