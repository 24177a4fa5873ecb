// Ranges in 64 bits, without overflow.
#pragma once

#include "base/align.h"

#include <sedx/buffer.h>

namespace sedx
{
// The bytes of a view, or nothing if it leaves its buffer.
struct CheckedRange
{
    bool valid = false;
    uint64_t offset = 0;
    uint64_t bytes = 0;
};

inline bool FitsInto(uint64_t offset, uint64_t bytes, uint64_t capacity) noexcept
{
    return offset <= capacity && bytes <= capacity - offset;
}

inline CheckedRange Check(const BufferView<>& view) noexcept
{
    const uint64_t capacity = view.buffer.GetSize();
    if (view.offset > capacity)
        return {};
    const uint64_t bytes = view.bytes == BufferView<>::kWhole ? capacity - view.offset : view.bytes;
    return {FitsInto(view.offset, bytes, capacity), view.offset, bytes};
}
} // namespace sedx
