// Bytes for tests: patterns that differ everywhere, comparison with the first difference in the message, fixed seeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace sedx::test
{
using Bytes = std::vector<std::byte>;

// `count` bytes that depend on `seed` and on the position. The vector is exactly as large as asked for, so that the
// address sanitizer sees a read past the end.
Bytes Pattern(uint64_t seed, size_t count);

// `count` times the same byte.
Bytes Filled(uint8_t value, size_t count);

// Equal, or a failure that names the first differing position.
testing::AssertionResult SameBytes(std::span<const std::byte> expected, std::span<const std::byte> actual);

// A random source with a fixed seed. The environment variable SEDX_TEST_SEED overrides it; Trace() names the seed used.
class Random
{
  public:
    // `stream`: another sequence of the same seed, for another thread.
    explicit Random(uint64_t seed, uint64_t stream = 0);
    // Uniform in low .. high, both included.
    uint64_t Between(uint64_t low, uint64_t high);
    // True `times` out of `outOf`.
    bool Chance(uint64_t times, uint64_t outOf);
    uint64_t Seed() const { return m_seed; }
    std::string Trace() const { return "random seed " + std::to_string(m_seed); }

  private:
    uint64_t m_seed;
    std::mt19937_64 m_engine;
};
} // namespace sedx::test
