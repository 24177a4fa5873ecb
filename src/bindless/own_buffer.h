// Buffers that a bindless module makes for itself: pinned, reached by address, in no table.
#pragma once

#include "buffer_system/system_impl.h"

#include <utility>

namespace sedx
{
struct OwnBuffer
{
    Buffer buffer;
    VkDeviceAddress address = 0;
};

inline Result<OwnBuffer> MakeOwnBuffer(BufferSystem& system, uint64_t bytes, MemoryType memory, std::string name)
{
    BufferDesc desc;
    desc.bytes = bytes;
    desc.usage = BufferUsage::Storage;
    desc.memory = memory;
    desc.name = std::move(name);
    desc.pinned = true;
    auto made = system.Internals().core->CreateBuffer(desc, std::source_location::current(), nullptr, nullptr, true);
    if (!made)
        return tl::unexpected(std::move(made.error()));
    auto address = system.GetDeviceAddress(*made); // in flight from here on
    if (!address)
        return tl::unexpected(std::move(address.error()));
    return OwnBuffer{std::move(*made), *address};
}
} // namespace sedx
