#include <sedx/counter_buffer.h>

#include "buffer_types/recording.h"

#include <sedx/barriers.h>

#include <algorithm>

namespace sedx::detail
{
Result<Counters> CreateCounters(BufferSystem& system, const CounterBufferDesc& desc, uint64_t elementBytes,
                                const std::source_location& where)
{
    Counters counters;
    auto buffer = system.Factory().Create({.bytes = BytesOf(desc.count, elementBytes),
                                           .usage = BufferUsage::Storage | BufferUsage::Indirect,
                                           .name = desc.name},
                                          {}, where);
    if (!buffer)
        return Forward(buffer);
    counters.buffer = std::move(*buffer);
    const std::vector<std::byte> zeros(counters.buffer.GetSize());
    if (auto written = system.Uploads().Write(counters.buffer, 0, std::span(zeros)); !written)
        return Forward(written);
    if (desc.subscribe)
    {
        auto newest = system.Readbacks().Subscribe(counters.buffer);
        if (!newest)
            return Forward(newest);
        counters.newest = std::make_shared<const ReadbackSubscription>(std::move(*newest));
    }
    return counters;
}

Result<void> CmdResetCounters(const Frame& frame, VkCommandBuffer cmd, const Buffer& buffer, uint64_t value,
                              uint64_t elementBytes)
{
    const auto recorded = ResolveFor("CounterBuffer::CmdReset", frame, cmd, buffer);
    if (!recorded)
        return tl::unexpected(recorded.error());
    const DeviceState& device = *recorded->device;
    const ResolvedBuffer& target = recorded->buffer;
    constexpr Use kAny = Use::AnyRead | Use::AnyWrite;
    if (auto ordered = Barriers().Memory(kAny, Use::TransferWrite).Cmd(frame, cmd); !ordered)
        return ordered;
    const auto low = static_cast<uint32_t>(value);
    if (elementBytes == sizeof(uint32_t) || value >> 32 == low)
        device.vk.CmdFillBuffer(cmd, target.buffer, target.offset, target.size, low);
    else
    {
        constexpr uint64_t kMost = 65'536; // of vkCmdUpdateBuffer, bytes
        const std::vector<uint64_t> values(std::min(target.size, kMost) / sizeof(uint64_t), value);
        for (uint64_t done = 0; done < target.size; done += kMost)
            device.vk.CmdUpdateBuffer(cmd, target.buffer, target.offset + done, std::min(target.size - done, kMost),
                                      values.data());
    }
    NoteAccess(frame, cmd, buffer, target, 0, target.size, Use::TransferWrite);
    return Barriers().Memory(Use::TransferWrite, kAny).Cmd(frame, cmd);
}
} // namespace sedx::detail
