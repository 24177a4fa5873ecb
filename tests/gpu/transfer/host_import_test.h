// What the tests of imported memory share.
#pragma once

#include "support/gpu_test.h"

#include <algorithm>
#include <memory>

namespace sedx::test
{
inline constexpr uint64_t kPage =
    16 << 10; // blocks are laid out for units of this size, the largest that a layout asks for

// A block of memory that begins `oddBytes` behind the begin of a unit, with bytes that differ everywhere.
class Arena
{
  public:
    explicit Arena(uint64_t bytes, uint64_t oddBytes = 0, uint64_t seed = 1) : m_all(bytes + oddBytes + 2 * kUnit)
    {
        void* aligned = m_all.data();
        size_t space = m_all.size();
        std::align(kUnit, bytes + oddBytes, aligned, space);
        m_block = {static_cast<std::byte*>(aligned) + oddBytes, bytes};
        std::ranges::copy(Pattern(seed, bytes), m_block.begin());
    }
    std::span<std::byte> Block() { return m_block; }
    std::span<const std::byte> Part(uint64_t offset, uint64_t bytes) const { return m_block.subspan(offset, bytes); }
    // What the application may do once the block is its own again.
    void Overwrite() { std::ranges::fill(m_block, std::byte{0xEE}); }

  private:
    static constexpr size_t kUnit = 1 << 16; // no device asks for more
    Bytes m_all;
    std::span<std::byte> m_block;
};

inline bool CanImport(const Device& device)
{
    return device.IsExtensionEnabled(VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME);
}

// The whole block reaches a buffer, imported or not.
inline void ExpectArrives(BufferSystem& system, const ImportedMemory& memory)
{
    const uint64_t bytes = memory.Block().size();
    SEDX_REQUIRE(const Buffer buffer, system.CreateBuffer(bytes, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const UploadTicket ticket, system.Uploads().Write(buffer, 0, memory));
    ASSERT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(SameBytes(memory.Block(), ReadBack(system, buffer)));
}
} // namespace sedx::test
