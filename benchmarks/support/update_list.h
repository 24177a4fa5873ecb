// Many small writes to random places of one buffer, the same on every machine.
//
// Each lies somewhere in a stretch of its own, so that none touches another, except one in twenty that begins inside an
// earlier one. What is written changes with Refresh, where it goes does not.
#pragma once

#include "support/random.h"

#include <sedx/buffer_system.h>

#include <span>
#include <vector>

namespace bench
{
struct UpdateShape
{
    uint64_t bytes = 64; // of one update, a multiple of 4
    size_t count = 0;
    uint64_t alignment = 4; // of their offsets
    uint64_t begin = 0;     // the range of the buffer that they fall into
    uint64_t end = 0;
};

class UpdateList
{
  public:
    UpdateList(const UpdateShape& shape, Random& random);

    size_t Count() const noexcept { return m_offsets.size(); }
    uint64_t Offset(size_t index) const { return m_offsets[index]; }
    std::span<const std::byte> Bytes(size_t index) const { return Payload().subspan(index * m_bytes, m_bytes); }
    std::span<const std::byte> Payload() const { return m_payload; } // of all updates, one after the other

    // New bytes for all of them.
    void Refresh(uint64_t generation);
    // What a buffer with these contents holds after all updates in order.
    void ApplyTo(std::span<std::byte> contents) const;
    // As elements of a WriteMany. Valid as long as this list.
    std::vector<sedx::BufferWrite> Writes(const sedx::Buffer& buffer) const;
    // The same from a buffer that holds the payload, as regions that do not overlap: of two writes the later one wins.
    std::vector<VkBufferCopy2> Regions() const;

  private:
    uint64_t m_bytes;
    std::vector<uint64_t> m_offsets;
    std::vector<std::byte> m_payload;
};
} // namespace bench
