// Mapping buffers for the CPU.
#pragma once

#include "buffer/buffer_core.h"

namespace sedx
{
Result<detail::MappedRange> MapRange(BufferCore& core, const BufferView<>& view, MapMode mode, uint64_t elementBytes,
                                     uint64_t elementAlignment, bool write, const std::source_location& where);
Result<std::byte*> MapRaw(BufferCore& core, const Buffer& buffer, MapMode mode, const std::source_location& where);
void UnmapRaw(BufferCore& core, const Buffer& buffer);
} // namespace sedx
