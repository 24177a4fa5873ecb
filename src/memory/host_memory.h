// HostMemory: VkBuffers over memory of the application (VK_EXT_external_memory_host), to copy from. Takes no memory from any
// heap. A long range becomes several VkBuffers, as the limits of the device demand.
#pragma once

#include "memory/buffer_memory.h"
#include "vulkan/device_state.h"

#include <deque>
#include <span>

namespace sedx
{
// A part of a block of host memory, in bytes of the block.
struct HostRange
{
    uint64_t begin = 0;
    uint64_t end = 0;
    bool IsEmpty() const noexcept { return begin >= end; }
};

// What of `bytes` bytes at `address` may be imported: the whole units of `alignment` bytes (a power of two) in it. With
// `outwards` also those that it only begins and ends in: then `before` and `behind` are what lies outside of the block.
struct AlignedRange
{
    HostRange inside;    // of the block
    uint64_t before = 0; // bytes before the block that are imported, too
    uint64_t behind = 0;
};
AlignedRange AlignForImport(uint64_t address, uint64_t bytes, uint64_t alignment, bool outwards) noexcept;

class HostMemory
{
  public:
    explicit HostMemory(DeviceState& device) noexcept : m_device(device) {}
    ~HostMemory();
    HostMemory(const HostMemory&) = delete;
    HostMemory& operator=(const HostMemory&) = delete;

    // Once. `memory`: whole units of DeviceState::hostImportAlignment. On failure nothing is left behind, and the error says
    // which step it was.
    Result<void> Import(std::span<const std::byte> memory);

    // One after the other, without gaps; all but the last have PieceBytes(). `mapped` is the application's own pointer.
    size_t PieceCount() const noexcept { return m_pieces.size(); }
    const BufferMemory& Piece(size_t index) const noexcept { return m_pieces[index].buffer; }
    uint64_t PieceBytes() const noexcept { return m_pieceBytes; }

    // What the CPU wrote to this range of what was imported becomes visible to submissions that follow. Does nothing for
    // coherent memory.
    VkResult Flush(uint64_t offset, uint64_t bytes) noexcept;

  private:
    struct Imported
    {
        BufferMemory buffer;
        VkDeviceMemory memory = VK_NULL_HANDLE;
    };
    Result<void> ImportPiece(std::span<const std::byte> bytes, bool dedicated);
    void Destroy() noexcept;

    DeviceState& m_device;
    std::deque<Imported> m_pieces;
    uint64_t m_pieceBytes = 0;
};
} // namespace sedx
