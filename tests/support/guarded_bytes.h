// GuardedBytes: memory between two pages that nobody may touch, so that a read or a write beside it ends the process.
//
// The sanitizers see the library's own code only; the pages also see drivers, shaders of lavapipe and the C library.
#pragma once

#include <cstddef>
#include <span>

namespace sedx::test
{
class GuardedBytes
{
  public:
    static bool IsAvailable() noexcept; // POSIX only

    // Room for `bytes`, in whole pages.
    explicit GuardedBytes(size_t bytes);
    ~GuardedBytes();
    GuardedBytes(const GuardedBytes&) = delete;
    GuardedBytes& operator=(const GuardedBytes&) = delete;

    // Directly behind the page in front.
    std::span<std::byte> First(size_t bytes) const noexcept { return m_bytes.first(bytes); }
    // Directly before the page behind.
    std::span<std::byte> Last(size_t bytes) const noexcept { return m_bytes.last(bytes); }
    std::span<std::byte> All() const noexcept { return m_bytes; }

  private:
    size_t m_page = 0;
    std::span<std::byte> m_bytes;
};
} // namespace sedx::test
