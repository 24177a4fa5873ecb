// ReadbackBuffer<T>: memory of the CPU that your own commands write, by copies or from shaders, and the CPU reads when the
// frame has passed. For results of a size that is known, read where they land.
//
//     auto depths = ReadbackBuffer<float>::Create(system, {.count = 64, .name = "depths"});
//     depths->CmdCopy(frame, cmd, source.View(0, 64));     // or a shader writes to it; then CmdMakeReadable
//     uint64_t written = frame.Number();
//     ... frames later ...
//     if (auto mapping = depths->Read(written))            // Busy: not yet
//         Show(mapping->Span());
//
// A frame that writes while the CPU reads what an earlier one wrote is a race: use one buffer for each frame in flight.
// ReadbackQueue::Request and Subscribe do all that by themselves, for any buffer: take them unless the GPU shall write to the
// CPU's memory directly. Does NOT wait. Thread safety is that of Buffer.
#pragma once

#include <sedx/buffer_system.h>
#include <sedx/typed_buffer.h>

namespace sedx
{
namespace detail
{
SEDX_API Result<void> CmdCopyToHost(const Frame& frame, VkCommandBuffer cmd, const BufferView<>& source,
                                    const Buffer& destination, uint64_t offset);
SEDX_API Result<void> CmdMakeHostReadable(const Frame& frame, VkCommandBuffer cmd, const Buffer& buffer);
// The system of the buffer if frame `number` has passed.
SEDX_API Result<BufferSystem*> CheckPassed(const Buffer& buffer, uint64_t number);
} // namespace detail

template <BufferElement T>
class ReadbackBuffer
{
  public:
    ReadbackBuffer() noexcept = default;

    // Host-cached memory where the device has it. TypedBufferDesc::memory is ignored; give the usage Storage if shaders
    // write. Errors: those of BufferSystem::CreateBuffer.
    static Result<ReadbackBuffer> Create(BufferSystem& system, TypedBufferDesc desc,
                                         std::source_location where = std::source_location::current())
    {
        desc.memory = MemoryType::Readback;
        return detail::CreateElements(system, desc, sizeof(T), BufferUsage::TransferDst, {}, where)
            .map([](Buffer buffer) {
                ReadbackBuffer made;
                made.m_buffer = std::move(buffer);
                return made;
            });
    }

    explicit operator bool() const noexcept { return static_cast<bool>(m_buffer); }
    const Buffer& Get() const noexcept { return m_buffer; }
    operator const Buffer&() const noexcept { return m_buffer; } // NOLINT: a read-back buffer is a buffer
    uint64_t Count() const noexcept { return m_buffer.GetSize() / sizeof(T); }
    BufferView<T> View(uint64_t first = 0, uint64_t count = BufferView<T>::kWhole) const
    {
        return BufferView<T>(m_buffer).Elements(first, count);
    }

    // Records: copies `source` to element `first`, after everything that was recorded before it, and makes it visible to
    // the CPU. Outside of a render pass. Errors: InvalidArgument, OutOfRange, WrongState (frame not open).
    Result<void> CmdCopy(const Frame& frame, VkCommandBuffer cmd, const BufferView<T>& source, uint64_t first = 0) const
    {
        return detail::CmdCopyToHost(frame, cmd, source, m_buffer, detail::BytesOf(first, sizeof(T)));
    }
    // Records the barrier between shaders or copies that write the buffer and the CPU. CmdCopy has it.
    Result<void> CmdMakeReadable(const Frame& frame, VkCommandBuffer cmd) const
    {
        return detail::CmdMakeHostReadable(frame, cmd, m_buffer);
    }

    // What frame `number` (Frame::Number) wrote. Polls, never waits. Errors: Busy (it has not passed), WrongState (the
    // system is gone, or there was no such frame), those of BufferSystem::MapReadable.
    Result<ReadableMapping<T>> Read(uint64_t number) const
    {
        const auto system = detail::CheckPassed(m_buffer, number);
        if (!system)
            return tl::unexpected(system.error());
        return (*system)->template MapReadable<T>(m_buffer);
    }

    friend bool operator==(const ReadbackBuffer&, const ReadbackBuffer&) = default;

  private:
    Buffer m_buffer;
};
} // namespace sedx
