// RingBuffer: memory for data that lives one frame, such as constants: written by the CPU, read by that frame, used again
// when the frame has passed. Grows when a frame needs more than before; 64-bit; any thread.
//
// Allocate costs a few nanoseconds and no lock as a rule, however many threads do it: each has a share of a block for the
// frame, which begins at 1 KiB and grows with what the thread needs, to a quarter of a block.
//
//     BufferSlice constants = *ring.Allocate(frame, sizeof(Constants), 0);
//     memcpy(constants.mapped, &values, sizeof values);     // then bind constants.buffer at constants.offset
#pragma once

#include <sedx/frame.h>

#include <memory>

namespace sedx
{
struct BufferSlice
{
    VkBuffer buffer = VK_NULL_HANDLE;
    uint64_t offset = 0; // bytes in the VkBuffer
    uint64_t size = 0;   // bytes
    VkDeviceAddress address = 0;
    std::byte* mapped = nullptr; // write whole, in order; null if nothing maps it (MemoryType::GPU)
};

struct RingBufferDesc
{
    BufferUsage usage = BufferUsage::Uniform;
    // GPUUpload: what a small mappable part of device memory is for. CPU: host memory everywhere. GPU: for what shaders write and
    // read in one frame.
    MemoryType memory = MemoryType::GPUUpload;
    // Memory grows in blocks of this size (or of one larger request). One block is kept while the ring is idle, the others
    // for BufferSystemDesc::warmMemoryNs.
    uint64_t blockBytes = 256 * 1024;
    uint64_t maxBytes = 64 * 1024 * 1024; // LimitExceeded beyond; what threads have set aside counts
    std::string name = "ring";
};

class SEDX_API RingBuffer
{
  public:
    static Result<RingBuffer> Create(BufferSystem& system, const RingBufferDesc& desc = {});
    RingBuffer() noexcept;
    RingBuffer(RingBuffer&&) noexcept;
    RingBuffer& operator=(RingBuffer&&) noexcept;
    ~RingBuffer(); // safe at any time before the BufferSystem goes: blocks in flight are destroyed later

    // `alignment`: a power of two, 0 means what the usage demands of this device, and at least 64 for multiples of 64 bytes:
    // memory of the GPU is written fastest in whole lines. The bytes may be written until the frame's SubmitSync or CmdFlush
    // (memory that is not coherent is flushed there).
    // Errors: WrongState (frame not open), OutOfRange (0 bytes), LimitExceeded, OutOfDeviceMemory.
    Result<BufferSlice> Allocate(const Frame& frame, uint64_t bytes, uint64_t alignment = 0);

    uint64_t CapacityBytes() const noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};
} // namespace sedx
