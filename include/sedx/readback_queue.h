// Read-backs: bytes from buffers and images to the CPU, without a stall.
//
//     ReadbackTicket ticket = *system.Readbacks().Request({buffer, 0, 64});
//     ... frames later ...
//     if (ticket.Ready())
//         Use(ticket.Span<uint32_t>());
//
// Request() only collects; the copy goes out at EndFrame of its frame (after the frame's own submissions), at Submit(),
// at CmdFlush(), or earlier if a later Write to the same buffer must not overtake it. It sees every upload collected before
// it and every submission made before it goes out. The copy lands in host-cached memory where the device has it.
#pragma once

#include <sedx/upload_queue.h>

namespace sedx
{
struct ReadbackRecord;
class ReadbackSubscription; // sedx/readback_subscription.h

// Keeps its bytes alive; drop it to give the memory back. Copyable. Valid only while the BufferSystem lives.
class SEDX_API ReadbackTicket
{
  public:
    ReadbackTicket() noexcept = default;

    // True once the bytes can be read. Polls, never waits. A failed copy and a lost device count as ready, without
    // bytes: Wait says why.
    bool Ready() const noexcept;
    // Waits (counted as Readback), submitting first if needed, and returns the bytes.
    // Errors: Timeout, NotSubmitted (recorded mode), DeviceLost, and the error of the submission.
    Result<std::span<const std::byte>> Wait(uint64_t timeoutNs = UINT64_MAX) const;
    // The bytes; empty while not Ready(). Valid as long as a copy of the ticket and the BufferSystem live.
    std::span<const std::byte> Bytes() const noexcept;
    template <BufferElement T>
    std::span<const T> Span() const noexcept
    {
        const auto bytes = Bytes();
        return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
    }

    // For the other parts of the library.
    explicit ReadbackTicket(std::shared_ptr<ReadbackRecord> record) noexcept : m_record(std::move(record)) {}

  private:
    std::shared_ptr<ReadbackRecord> m_record;
};

class SEDX_API ReadbackQueue
{
  public:
    // Requests a range of a buffer, as it is at the end of `frame` (default: the current frame). Any number may be under
    // way; memory grows with them and is given back.
    // Errors: OutOfRange, InvalidArgument, OutOfDeviceMemory, DeviceLost.
    Result<ReadbackTicket> Request(const BufferView<>& view, Frame frame = {});

    // Requests the range at the end of every frame from now on; see sedx/readback_subscription.h. Errors: those of Request,
    // but never for memory.
    Result<ReadbackSubscription> Subscribe(const BufferView<>& view);

    // Requests one region of an image; rows come without gaps. The image is brought from `oldLayout` to `newLayout`.
    Result<ReadbackTicket> RequestImage(const ImageTarget& image, const ImageRegion& region, Frame frame = {});

    // Reads a range of any length into memory of the caller's own, and waits until it is there (counted as Readback): for
    // tools, saving and tests. Sees every upload collected and every submission made before; what is written to the range
    // meanwhile may be seen in part. Sends the uploads collected so far. Worker threads copy one chunk while the GPU fills
    // the next ones: that takes a few chunks of BufferSystemDesc::stagingBlockBytes twice, however long the range is.
    // `destination`: at least as long as the range; on an error it holds anything.
    // Errors: those of Request and of the submission; OutOfRange (`destination` is too short), Timeout, NotSubmitted (recorded
    // mode; copies that CmdFlush recorded into a frame that is still open).
    Result<void> Read(const BufferView<>& view, std::span<std::byte> destination, uint64_t timeoutNs = UINT64_MAX);
    template <BufferElement T>
    Result<void> Read(const BufferView<>& view, std::span<T> destination,
                      uint64_t timeoutNs = UINT64_MAX) requires(!std::is_same_v<T, std::byte> && !std::is_const_v<T>)
    {
        return Read(view, std::as_writable_bytes(destination), timeoutNs);
    }

    // Submits uploads and read-backs collected so far (own submission mode).
    Result<void> Submit();
    // Records them into the engine's command buffer of `frame` instead; outside of a render pass.
    Result<void> CmdFlush(const Frame& frame, VkCommandBuffer cmd, uint32_t queue = 0);

    // For the other parts of the library.
    explicit ReadbackQueue(std::shared_ptr<TransferEngine> engine) noexcept : m_engine(std::move(engine)) {}

  private:
    std::shared_ptr<TransferEngine> m_engine;
};
} // namespace sedx
