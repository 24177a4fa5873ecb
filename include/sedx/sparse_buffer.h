// SparseBuffer: a large range of addresses, of which only the pages that you commit have memory. For what may become large
// and never moves: a pool of geometry, a virtual texture's pages, the array of a world that is loaded in parts.
//
//     auto world = SparseBuffer::Create(system, {.bytes = 64ull << 30, .usage = BufferUsage::Storage, .name = "world"});
//     world->Commit(tileOffset, tileBytes);            // memory for the pages that the range touches
//     world->Write(tileOffset, bytes);
//     ... many frames later ...
//     world->Decommit(tileOffset, tileBytes);          // its whole pages go when the GPU has passed
//
// Needs the features sparseBinding and sparseResidencyBuffer, and a queue that can bind: Supports says whether they are
// there. Pages are bound by vkQueueBindSparse, on queue 0 if it can, under its lock; submissions that come later wait for it
// on the GPU (SubmitSync and the library's copies have the semaphore). Nothing waits on the CPU.
// What shaders do with pages that have no memory is lost: reads give any value (0 with residencyNonResidentStrict), writes
// nothing. Does NOT move, does NOT map, and does NOT commit by itself. Binding takes the driver long: commit megabytes, not
// single pages. Copies mean the same buffer. All calls are thread-safe.
#pragma once

#include <sedx/upload_queue.h>

namespace sedx
{
class Device;

struct SparseBufferDesc
{
    uint64_t bytes = 0; // of addresses; at most sparseAddressSpaceSize for all of a system, and maxBufferSize
    BufferUsage usage = BufferUsage::None;
    std::string name{};
};

class SEDX_API SparseBuffer
{
  public:
    SparseBuffer() noexcept = default;

    // Errors: MissingFeature, with a sentence that names what is missing.
    static Result<void> Supports(const Device& device);

    // No page has memory yet. Errors: those of Supports, InvalidArgument (0 bytes, no usage), MissingFeature (of the
    // usage), LimitExceeded, DeviceLost, those of vkCreateBuffer. NotSubmitted in recorded mode: binding is a submission of
    // the library's own.
    static Result<SparseBuffer> Create(BufferSystem& system, const SparseBufferDesc& desc,
                                       std::source_location where = std::source_location::current());

    explicit operator bool() const noexcept { return static_cast<bool>(m_buffer); }
    const Buffer& Get() const noexcept { return m_buffer; }
    operator const Buffer&() const noexcept { return m_buffer; } // NOLINT: a sparse buffer is a buffer

    uint64_t PageBytes() const noexcept; // as the device says (VkMemoryRequirements::alignment); 0 of an empty handle

    // Memory for all pages that the range touches and that have none. Their contents are undefined; pages that have memory
    // keep what they hold. Call it before the SubmitSync of the submission that uses them. Memory is taken from the driver in
    // pieces of 16 to 256 pages, within the heap's budget; when it is short, the library frees what it can, as for any
    // buffer (BufferSystemDesc::onOutOfMemory), so call it without locks that this may need. What is decommitted only then
    // comes too late for this call.
    // On an error no page is different from before. Errors: OutOfRange, OutOfDeviceMemory, WrongState (the system is
    // gone), those of vkQueueBindSparse.
    Result<void> Commit(uint64_t offset, uint64_t bytes) const;

    // The pages that lie in the range from end to end count as without memory from here on. They lose it when the frames
    // opened so far and the copies collected so far have passed, at a poll (BeginFrame, EndFrame, Poll), or where an
    // allocation runs short of memory: then the thread that makes it submits the unbinding. A piece whose
    // pages are all free goes back to the driver. Errors: OutOfRange, WrongState (the system is gone).
    Result<void> Decommit(uint64_t offset, uint64_t bytes) const;

    // Whether all pages that the range touches are committed. False of a range that leaves the buffer.
    bool IsCommitted(uint64_t offset, uint64_t bytes) const noexcept;
    uint64_t CommittedBytes() const noexcept; // pages that are committed
    uint64_t MemoryBytes() const noexcept;    // taken from the driver, with what waits for the GPU and what is free

    // UploadQueue::Write. Errors: its own, and WrongState where a page of the range is not committed.
    Result<UploadTicket> Write(uint64_t offset, std::span<const std::byte> bytes,
                               const WriteOptions& options = {}) const;

    friend bool operator==(const SparseBuffer&, const SparseBuffer&) = default;

  private:
    Buffer m_buffer;
};
} // namespace sedx
