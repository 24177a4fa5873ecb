// Uploads: bytes from any thread into buffers and images, and copies between buffers on the device.
//
//     UploadTicket done = *system.Uploads().Write(buffer, offset, std::as_bytes(std::span(vertices)));
//
// Write() only collects: the bytes are copied to staging memory at once (the caller may free them), and all copies go
// out together at Frame::SubmitSync, at EndFrame, at Submit(), or into the engine's command buffer at CmdFlush(). When
// the memory is mappable and the buffer is not in flight (BufferSystem::IsInFlight) the bytes are written in place, up to
// TransferProfile::directMaxBytes where that is device memory.
// Order: writes of one thread to one buffer take effect in call order; most superseded bytes are not sent.
// What is not urgent goes out a little in each frame (UploadPriority::Background), and may be taken back (Cancel).
// Does NOT wait or submit, except where OutOfStaging::Block says so. Everything here is thread-safe.
#pragma once

#include <sedx/frame.h>
#include <sedx/host_memory.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sedx
{
class EngineLink;
class TransferEngine;
struct BackgroundWrite;

// What a call does when staging memory is exhausted (BufferSystemDesc::stagingLimitBytes).
enum class OutOfStaging : uint32_t
{
    Block, // submits what was collected and waits for staging to come back (counted as BackPressure); where only the
           // engine can make it come back (recorded mode, CmdFlush) this fails with NotSubmitted. In own submission mode a
           // write of two staging blocks and more is sent piece by piece while the rest of it is still being copied
    Fail,  // returns ErrorCode::OutOfStaging; nothing was written, of a WriteMany nothing from the failing write on
    Spill, // allocates beyond the limit; given back as soon as the copies have passed
};

// When the bytes of a Write or WriteMany are sent. The order of writes to the same bytes is kept whatever their priorities.
enum class UploadPriority : uint32_t
{
    // For this frame: as Normal, but never waits. OutOfStaging::Block becomes Spill.
    Critical,
    // With the next submission.
    Normal,
    // When there is time for it. The write waits in a queue and goes out over the following frames, at most
    // BufferSystemDesc::backgroundBytesPerFrame for each EndFrame (own submission mode) or for the first CmdFlush of a frame
    // (recorded mode), oldest first, long ones in pieces: frames may see a part of it before its ticket is complete. If
    // staging is exhausted it waits for the next frame, whatever `outOfStaging` says; without frames nothing is sent.
    // It is sent before its turn where something depends on it: UploadTicket::Wait, UploadQueue::Promote, and Copy, Request
    // and Read of its range (not a ReadbackSubscription). What Write, WriteMany or Copy put over its bytes replaces them in
    // the queue. Until all of it has passed the buffer counts as in flight. The buffer may be dropped at once; what is
    // queued is dropped then, and the ticket is complete. WriteImage and writes from imported memory treat it as Normal.
    Background,
};

// How long the caller keeps the bytes that a call was given.
enum class SourceLifetime : uint32_t
{
    // Until the call returns. A background write copies them to ordinary memory at once (Report::queueMemoryBytes) and to
    // staging when they are sent: twice, unless the buffer can be written in place.
    Copied,
    // They stay valid and unchanged until the ticket is complete, or Cancel has returned, or the system is gone. A background
    // write remembers where they are and copies them once, when they are sent. Others copy them at once, as with Copied.
    KeptUntilComplete,
};

struct WriteOptions
{
    OutOfStaging outOfStaging = OutOfStaging::Block;
    // If set, asked instead of `outOfStaging` each time staging is exhausted, with the bytes that are missing.
    std::function<OutOfStaging(uint64_t bytes)> onOutOfStaging{};
    UploadPriority priority = UploadPriority::Normal;
    SourceLifetime source = SourceLifetime::Copied;
};

// Work under way. A default ticket is complete. Copyable; may outlive the system (then it is complete).
class SEDX_API UploadTicket
{
  public:
    UploadTicket() noexcept = default;

    // True once the bytes are in place for the GPU. Polls, never waits. A failed submission, a lost device and a cancelled
    // write count as ready: Wait says so.
    bool Ready() const noexcept;
    // Waits; own submission mode submits first if needed. A background write that is queued is sent first, without regard to
    // the cap; if it needs more staging than there is, that takes several submissions, and the timeout is looked at between
    // them. Errors: Timeout, NotSubmitted (recorded mode), DeviceLost, Cancelled, OutOfStaging (held by leases), and the
    // error of the submission that should have carried the bytes.
    Result<void> Wait(uint64_t timeoutNs = UINT64_MAX) const;
    // When the GPU passes it, for semaphore waits of the engine's own; value 0: already complete.
    // Errors: NotSubmitted (a background write: while any of it is queued).
    Result<TimelinePoint> Point() const;

    // For the other parts of the library.
    struct Carriers
    {
        uint64_t firstBatch = 0; // the batches that carry the bytes: one, unless the write was split
        uint64_t lastBatch = 0;
        uint64_t frame = 0; // or the frame that reads the lease
        bool inPlace = false; // all of it, or with batches: some of it, was written in mapped memory
    };
    UploadTicket(const EngineLink* link, Carriers carriers, std::shared_ptr<BackgroundWrite> background = nullptr) noexcept
        : m_link(link), m_carriers(carriers), m_background(std::move(background))
    {
    }

  private:
    friend class UploadQueue; // Explain, Cancel, Promote
    std::shared_ptr<TransferEngine> Engine() const noexcept;
    const EngineLink* m_link = nullptr; // null: complete
    Carriers m_carriers;
    std::shared_ptr<BackgroundWrite> m_background; // as a rule none
};

// Staging memory that the caller fills and reads in its own commands of one frame.
struct StagingLease
{
    VkBuffer buffer = VK_NULL_HANDLE;
    uint64_t offset = 0;           // bytes, a multiple of the alignment asked for
    std::span<std::byte> mapped{}; // write whole, in order
    UploadTicket ticket{};         // complete when the frame has passed; then the memory is used again
};

// One rectangle of an image and where its bytes are in the span given.
struct ImageRegion
{
    VkImageSubresourceLayers subresource{VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
    VkOffset3D offset{};           // texels, a multiple of the block size
    VkExtent3D extent{};           // texels
    uint64_t bytesOffset = 0;      // of the first block in the span; rows and slices follow without gaps
};

// The engine's image and its layouts around the transfer. The image must be idle or ordered before the flush on queue 0.
struct ImageTarget
{
    VkImage image = VK_NULL_HANDLE;
    VkFormat format = VK_FORMAT_UNDEFINED;
    VkExtent3D extent{}; // of mip 0
    VkImageLayout oldLayout = VK_IMAGE_LAYOUT_UNDEFINED; // before; UNDEFINED discards contents (not for RequestImage)
    VkImageLayout newLayout = VK_IMAGE_LAYOUT_SHADER_READ_ONLY_OPTIMAL; // after
    VkImageSubresourceRange range{VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}; // subresources whose layout changes
};

struct BufferWrite // one element of WriteMany
{
    Buffer buffer{};
    uint64_t offset = 0;
    std::span<const std::byte> bytes{};
};

struct BufferMove // one element of CopyMany
{
    BufferView<> source{};
    Buffer destination{};
    uint64_t destinationOffset = 0; // bytes
};

class SEDX_API UploadQueue
{
  public:
    // Copies `bytes` to `offset` of the buffer. Zero bytes are allowed and complete at once. Larger than staging is
    // split. Errors: OutOfRange, InvalidArgument (empty handle), OutOfStaging, NotSubmitted, DeviceLost.
    Result<UploadTicket> Write(const Buffer& buffer, uint64_t offset, std::span<const std::byte> bytes,
                               const WriteOptions& options = {});

    template <BufferElement T>
    Result<UploadTicket> Write(const Buffer& buffer, uint64_t offset, std::span<const T> elements,
                               const WriteOptions& options = {})
        requires(!std::is_same_v<T, std::byte>)
    {
        return Write(buffer, offset, std::as_bytes(elements), options);
    }

    // Registers a block of the application's memory, for writes that the GPU copies from there: see host_memory.h. Where that
    // cannot be, the handle works by staging. Drivers may pin its pages, which takes time for each of them.
    // Errors: InvalidArgument (0 bytes), WrongState (the system is gone), DeviceLost.
    Result<ImportedMemory> Import(std::span<const std::byte> block, const ImportOptions& options = {});

    // As Write, in order with all others, from imported memory. What is imported of it is copied by the GPU, whatever memory
    // the buffer lies in: these bytes must not change until the ticket is complete. The rest is written as by WriteMany.
    // Errors: as Write; OutOfRange also for the source, InvalidArgument also for an empty handle, WrongState (imported by
    // another system).
    Result<UploadTicket> Write(const Buffer& buffer, uint64_t offset, const ImportedView& source,
                               const WriteOptions& options = {});

    // The same for many writes, in order; one ticket for all. On an error the writes before the failing one stand, unless they
    // are background writes: then none stands. Background writes may also fail with OutOfHostMemory.
    Result<UploadTicket> WriteMany(std::span<const BufferWrite> writes, const WriteOptions& options = {});

    // Copies a range of a buffer to another place on the device, collected like a write: it sees every Write and Copy
    // before it, and what is written, copied or read back after it sees its result. Long copies go by a compute shader
    // where that is faster (TransferPath). Until the copy has passed both buffers count as in flight; both may be
    // dropped at once. Source and destination may be one buffer, but the ranges must not overlap. Zero bytes complete
    // at once.
    // Errors: InvalidArgument (empty handle, overlap), OutOfRange, WrongState (buffers of another system), DeviceLost.
    Result<UploadTicket> Copy(const BufferView<>& source, const Buffer& destination, uint64_t destinationOffset = 0);

    // The same for many copies, in order; one ticket for all. On an error the copies before the failing one stand.
    Result<UploadTicket> CopyMany(std::span<const BufferMove> moves);

    // Leases staging memory for the caller's own copy commands in `frame` (default: the current frame).
    // `alignment`: a power of two; 0 means the device's optimal copy alignment.
    // Errors: WrongState (no open frame), OutOfStaging, OutOfRange (0 bytes).
    Result<StagingLease> Stage(uint64_t bytes, uint64_t alignment = 0, Frame frame = {},
                               OutOfStaging outOfStaging = OutOfStaging::Spill);

    // Copies bytes into regions of an image. Offsets and extents obey the texel blocks of the format and the transfer
    // granularity of queue 0; what exceeds a staging block is split between rows. Errors: as Write, and MissingFeature for a
    // format whose block size is unknown here (multi-planar; both aspects of depth-stencil at once).
    Result<UploadTicket> WriteImage(const ImageTarget& image, std::span<const ImageRegion> regions,
                                    std::span<const std::byte> bytes, const WriteOptions& options = {});

    // Makes staging for `bytes` of writes at once ready beforehand, its pages touched, up to stagingLimitBytes: the first
    // frames of a stream then cost what the later ones do. It stays warm like staging that was used
    // (BufferSystemDesc::warmStagingBytes, warmMemoryNs). Takes as long as writing so many bytes.
    // Errors: OutOfStaging (more than the limit leaves), OutOfDeviceMemory, WrongState.
    Result<void> Prewarm(uint64_t bytes);

    // Submits what was collected (own submission mode), and nothing that is queued in the background.
    // Errors: NotSubmitted in recorded mode; those of vkQueueSubmit2.
    Result<UploadTicket> Submit();

    // Records what was collected into the engine's command buffer of `frame`, outside of a render pass: pipeline
    // barriers, copies and, for many short writes or long copies, dispatches: the compute pipeline and push constants
    // are not what they were afterwards. `queue`: where the command buffer will be submitted. Command buffers are
    // submitted in the order of their CmdFlush calls, each with a SubmitSync of its frame and queue taken after it (not
    // needed with FrameCompletion::Fences). Allowed in both modes; until the frame has ended, the library's own
    // submissions hold back, so that no newer write overtakes the recorded ones.
    Result<UploadTicket> CmdFlush(const Frame& frame, VkCommandBuffer cmd, uint32_t queue = 0);

    // Records the acquiring half of ownership transfers into the engine's command buffer of `frame`, outside of a render pass:
    // of all that the library wrote on queues of other families to buffers that belong to the family of `queue`
    // (Ownership::Exclusive), and released with batches that were submitted or recorded so far. Call it first in the command
    // buffer, before Frame::Resolve of such buffers, and take the SubmitSync after it, as for CmdFlush. Answers how many ranges
    // that were; 0 where the device's queues are all of one family. A checked system logs an error if a frame resolves what
    // nobody acquired. Of a frame that records both halves, the SubmitSync of the releasing queue is taken first. If the frame is
    // abandoned, a later call acquires the same again. The library's own copies on a queue of the owner acquire what they
    // touch themselves.
    // Errors: InvalidArgument (no command buffer, no such queue), WrongState (the frame is not open), DeviceLost.
    Result<uint32_t> CmdAcquire(const Frame& frame, VkCommandBuffer cmd, uint32_t queue = 0);

    // Takes back what is still queued of a background write; it never arrives, and what it had replaced in the queue does not
    // come back. Returns how many bytes that were. If any: the ticket counts as ready from here on, and Wait says Cancelled,
    // even if other bytes went out before. 0: all of it is complete or on its way, as other writes always are, and
    // the ticket is what it was. When it returns, nobody reads the source of a background write any more.
    uint64_t Cancel(const UploadTicket& ticket) noexcept;

    // What is still queued of a background write joins what was collected, without regard to the cap, so that the next
    // submission or CmdFlush carries it. Takes staging beyond the limit if need be; does NOT wait or submit. Of other tickets
    // nothing is queued. Errors: Cancelled, DeviceLost, OutOfDeviceMemory.
    Result<void> Promote(const UploadTicket& ticket);

    // BufferSystemDesc::backgroundBytesPerFrame from the next frame that ends on.
    void SetBackgroundBytesPerFrame(uint64_t bytes) noexcept;
    uint64_t GetBackgroundBytesPerFrame() const noexcept;

    // The ticket of the last transfer to or from a buffer; a complete one if there is none under way.
    UploadTicket LastTransfer(const Buffer& buffer) const noexcept;

    // A sentence: which way the bytes of a ticket took and why, with the rest of the batch that carried them, and how far
    // it is. Polls. For people; what the oldest batches did is forgotten, and the sentence says so.
    std::string Explain(const UploadTicket& ticket) const;

    // For the other parts of the library.
    explicit UploadQueue(std::shared_ptr<TransferEngine> engine) noexcept : m_engine(std::move(engine)) {}

  private:
    std::shared_ptr<TransferEngine> m_engine;
};
} // namespace sedx
