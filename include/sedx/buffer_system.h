// BufferSystem: the whole of it. Owns frames, uploads, read-backs and modules of one device.
//
//     auto device = sedx::Device::Create({});
//     auto system = sedx::BufferSystem::Create({.device = *device});
//     auto buffer = (*system)->CreateBuffer({.bytes = 4096, .usage = sedx::BufferUsage::Storage, .name = "particles"});
//
// Thread safety: every member may be called from any thread, except Modules() and, with modules, BeginFrame (one thread
// at a time). Destroying the system waits for the frames that were submitted, reports buffers that are still alive (with
// the place that created them) and frees their memory; handles that survive are empty shells.
#pragma once

#include <sedx/buffer_factory.h>
#include <sedx/device.h>
#include <sedx/hazard_tracker.h>
#include <sedx/memory_budget.h>
#include <sedx/module.h>
#include <sedx/readback_queue.h>
#include <sedx/readback_subscription.h>
#include <sedx/report.h>
#include <sedx/transfer_path.h>
#include <sedx/transfer_profile.h>

namespace sedx
{
// Who submits the library's copies.
enum class SubmitMode : uint32_t
{
    Own,      // the library, to queue 0 (or see TransferQueue), at Submit…, Frame::SubmitSync and EndFrame
    Recorded, // the engine: copies go only into its command buffers at CmdFlush
};

// How the library learns that an engine's submissions have passed.
enum class FrameCompletion : uint32_t
{
    Timeline, // by the signals of SubmitSync
    Fences,   // the engine calls RetireFrame (it has only fences). The library cannot wait for such frames: its own
              // copies are ordered after queue 0 only, and the last frame must be retired before the system goes.
};

// How buffers lie in memory.
enum class BufferSharing : uint32_t
{
    Auto,   // Own if checked, else Shared
    Shared, // small buffers are ranges of large VkBuffers: creating one costs no call of the driver
    Own,    // each has a VkBuffer of its own: validation layers and captures see it as a thing of its own
};

// Whether the library's own submissions may use a queue for transfers alone, beside queue 0 (SubmitMode::Own). There copies
// run beside frames that do not use the same buffers, and wait for those that do.
enum class TransferQueue : uint32_t
{
    Auto,   // for batches of long writes and read-backs, if TransferProfile::useTransferQueue says that it is worth it
    Off,    // never
    Always, // for every batch that may go there, whatever its size and the profile: for tests, and to compare
};

struct BufferSystemDesc
{
    Device device{};
    uint32_t framesInFlight = 2; // 1 .. 16; how far BeginFrame of an own device runs ahead
    SubmitMode submitMode = SubmitMode::Own;
    FrameCompletion completion = FrameCompletion::Timeline;
    uint64_t stagingBlockBytes = 8ull << 20;  // staging grows in blocks of this size
    uint64_t stagingLimitBytes = 64ull << 20; // see OutOfStaging; at least one block
    // How much of background writes goes out in a frame (UploadPriority), in bytes; 0 holds them back.
    uint64_t backgroundBytesPerFrame = 8ull << 20;
    // Idle staging kept for ever, in blocks: fresh pages cost more than copying into warm ones. As much of idle read-back
    // memory. What is idle beyond it is kept for warmMemoryNs.
    uint64_t warmStagingBytes = 64ull << 20;
    TransferPath transferPath = TransferPath::Auto; // how short writes reach device memory
    TransferQueue transferQueue = TransferQueue::Auto;
    TransferProfileDesc profile{}; // what Auto decides by, of both
    BufferSharing sharing = BufferSharing::Auto;
    // How long empty memory is kept, in nanoseconds of `clock`; looked at by polls.
    uint64_t warmMemoryNs = 2'000'000'000;
    BudgetDesc budget{}; // how much of each heap buffers may use
    // Asked last when memory is short, with the bytes that are missing: free what you can (drop buffers, end frames) and
    // return how many bytes that were, 0 for none. On the thread that wanted the memory, without locks of the
    // library but that of a BindlessBufferSystem whose copies grow: do not call that module from here.
    std::function<uint64_t(uint64_t missingBytes)> onOutOfMemory{};
    // Nanoseconds from any start, never going back; any thread. Empty: std::chrono::steady_clock.
    std::function<uint64_t()> clock{};
#if defined(SEDX_CHECKED)
    bool checked = true; // misuse that costs time to find is looked for, and reported in the log
#else
    bool checked = false;
#endif
};

class SEDX_API BufferSystem
{
  public:
    static Result<std::unique_ptr<BufferSystem>> Create(const BufferSystemDesc& desc);
    ~BufferSystem();
    BufferSystem(const BufferSystem&) = delete;
    BufferSystem& operator=(const BufferSystem&) = delete;

    // ---- buffers -------------------------------------------------------------------------------------------------
    // Errors: InvalidArgument (0 bytes, no usage, not exactly one memory type, an unknown priority, an alignment that is no
    // power of two or above 64 KiB, an owner queue that there is not), MissingFeature (a ray-tracing usage without its
    // extension), LimitExceeded, OutOfDeviceMemory, DeviceLost. The contents are undefined. `where` is what the leak report names.
    Result<Buffer> CreateBuffer(const BufferDesc& desc, std::source_location where = std::source_location::current());
    Result<Buffer> CreateBuffer(uint64_t bytes, BufferUsage usage, MemoryType memory, std::string name = "",
                                std::source_location where = std::source_location::current());
    // The buffer of an ID, if it lives. Errors: StaleHandle.
    Result<Buffer> Find(BufferId id) const;
    // True while the GPU may read or write it, and somewhat longer: once a frame has resolved it, whenever any frame has not
    // passed (until it gets new memory), and while copies of the library are queued or under way. Polls, as Poll does.
    bool IsInFlight(const Buffer& buffer) const noexcept;
    // A sentence: where the buffer lives, why, and whether it may move.
    std::string Explain(const Buffer& buffer) const;
    // The address of a pinned buffer, for data that outlives frames; from here on the buffer counts as in flight until it
    // is dropped, because nobody knows who reads the address.
    // Errors: InvalidArgument (an empty handle, another system's buffer), WrongState (not pinned), StaleHandle (its system is
    // gone), MissingFeature (no device-address usage).
    Result<VkDeviceAddress> GetDeviceAddress(const Buffer& buffer);

    // ---- mapping: see MapMode; none of these waits ------------------------------------------------------------------
    // One raw map of a buffer at a time. Errors: NotMappable, Busy, OutOfRange. `where` is what checked mode names.
    Result<std::byte*> MapBuffer(const Buffer& buffer, MapMode mode = MapMode::Write,
                                 std::source_location where = std::source_location::current());
    void UnmapBuffer(const Buffer& buffer);
    // Typed and scoped. Offset and size of the view must be multiples of alignof(T) and sizeof(T).
    template <BufferElement T>
    Result<WritableMapping<T>> MapWritable(const BufferView<>& view, MapMode mode = MapMode::Write,
                                           std::source_location where = std::source_location::current())
    {
        auto range = MapRange(view, mode, sizeof(T), alignof(T), true, where);
        if (!range)
            return tl::unexpected(std::move(range.error()));
        return WritableMapping<T>(std::move(*range));
    }
    template <BufferElement T>
    Result<ReadableMapping<T>> MapReadable(const BufferView<>& view,
                                           std::source_location where = std::source_location::current())
    {
        auto range = MapRange(view, MapMode::Read, sizeof(T), alignof(T), false, where);
        if (!range)
            return tl::unexpected(std::move(range.error()));
        return ReadableMapping<T>(std::move(*range));
    }

    // ---- copies on the GPU, recorded into your command buffer -------------------------------------------------------
    // The plain copy command: no barriers are recorded, and neither the order with uploads nor what is fastest is
    // looked after; UploadQueue::Copy does both. Ranges must lie inside the buffers and must not overlap. Zero bytes
    // record nothing.
    Result<void> CopyBuffer(const Frame& frame, VkCommandBuffer cmd, const Buffer& source, uint64_t sourceOffset,
                            const Buffer& destination, uint64_t destinationOffset, uint64_t bytes,
                            std::source_location where = std::source_location::current());
    Result<void> CopyBuffer(const Frame& frame, VkCommandBuffer cmd, const Buffer& source, const Buffer& destination,
                            uint64_t bytes, std::source_location where = std::source_location::current())
    {
        return CopyBuffer(frame, cmd, source, 0, destination, 0, bytes, where);
    }

    // ---- frames ----------------------------------------------------------------------------------------------------
    // Own device: waits (Pacing) until the frame framesInFlight ago has passed. Adopted device: polls, never waits.
    // Errors: WrongState (kMaxOpenFrames are open), DeviceLost.
    Result<Frame> BeginFrame();
    // All submissions of the frame must have been made. Submits what is still collected (own submission mode).
    // Errors: WrongState (not open, or copies recorded by CmdFlush that no SubmitSync followed: the frame stays open),
    // and those of the submission.
    Result<void> EndFrame(const Frame& frame);
    // The frame was never submitted: whatever it resolved is free at once. Errors: WrongState.
    Result<void> AbandonFrame(const Frame& frame);
    // For FrameCompletion::Fences: frame `number` and all before it have passed. Errors: WrongState if it was not ended.
    Result<void> RetireFrame(uint64_t number);
    // The frame opened last that is still open; empty if none is.
    Frame GetCurrentFrame() const noexcept;
    uint64_t CompletedFrame() const noexcept; // this frame and all before it have passed (as of the last poll)
    bool HasPassed(TimelinePoint point) const noexcept; // polls
    // Reclaims what the GPU has passed and trims what has been warm for long enough. BeginFrame and EndFrame do it; call it
    // while no frames run (minimised window).
    void Poll();

    // ---- memory ----------------------------------------------------------------------------------------------------
    // Empty for a heap that does not exist. As of the last BeginFrame; `usedBytes` is of now.
    HeapBudget GetBudget(uint32_t heap) const;
    // Without focus BudgetDesc::unfocusedBytes counts. Takes effect at once for what is still to come.
    void SetFocus(bool hasFocus);
    // Gives empty warm memory back to the driver: of buffers, staging and read-backs. Returns bytes.
    uint64_t ReleaseWarmMemory();

    // ---- transfers -------------------------------------------------------------------------------------------------
    // What decides at this moment which way bytes take.
    TransferProfile GetTransferProfile() const;
    // Measures on this device, takes the result from here on, and stores it for later systems (TransferProfileDesc). Waits
    // for the frames under way, then takes well under 100 ms, with memory of its own, a few submissions on queue 0 and on
    // a queue for transfers alone, and threads that end with it. In both submission modes. Other threads may go on; those
    // of their calls that submit wait until it is over. Counts as WaitCause::Calibration and nowhere else. A folder that
    // cannot be written is a warning in the log.
    // Errors: WrongState (a frame is open), OutOfDeviceMemory, DeviceLost, those of other Vulkan calls; the profile stays.
    Result<TransferProfile> Calibrate();

    // ---- the parts -------------------------------------------------------------------------------------------------
    UploadQueue& Uploads() noexcept;
    ReadbackQueue& Readbacks() noexcept;
    BufferFactory& Factory() noexcept;
    ModuleStage& Modules() noexcept; // not thread-safe
    // Finds missing synchronization, if the system is checked (hazard_tracker.h).
    HazardTracker Hazards() const noexcept;
    const Device& GetDevice() const noexcept;
    const BufferSystemDesc& Desc() const noexcept;
    // Which allocator serves, and why an engine's VMA could not be used (VmaMismatch); success: as asked.
    Result<void> AllocatorStatus() const;
    // Polls, as Poll does, and takes locks of the library one after the other: for once a frame.
    Report GetReport() const;

    struct Impl;
    // For the other parts of the library.
    Impl& Internals() const noexcept { return *m_impl; }

  private:
    explicit BufferSystem(std::unique_ptr<Impl> impl) noexcept;
    Result<detail::MappedRange> MapRange(const BufferView<>& view, MapMode mode, uint64_t elementBytes,
                                         uint64_t elementAlignment, bool write, const std::source_location& where);
    std::unique_ptr<Impl> m_impl;
};
} // namespace sedx
