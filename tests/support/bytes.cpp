#include "support/bytes.h"

#include <algorithm>
#include <cstdlib>

namespace sedx::test
{
Bytes Pattern(uint64_t seed, size_t count)
{
    Bytes bytes(count);
    uint64_t state = (seed + 1) * 0x9E3779B97F4A7C15ull;
    for (size_t i = 0; i < count; ++i)
    {
        if (i % 8 == 0)
        {
            // splitmix64: eight new bytes at a time
            state += 0x9E3779B97F4A7C15ull;
        }
        uint64_t mixed = state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ull;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBull;
        mixed ^= mixed >> 31;
        bytes[i] = static_cast<std::byte>((mixed >> (8 * (i % 8))) & 0xFF);
    }
    return bytes;
}

Bytes Filled(uint8_t value, size_t count) { return Bytes(count, static_cast<std::byte>(value)); }

testing::AssertionResult SameBytes(std::span<const std::byte> expected, std::span<const std::byte> actual)
{
    if (expected.size() != actual.size())
        return testing::AssertionFailure() << "expected " << expected.size() << " bytes, got " << actual.size();
    const auto [e, a] = std::mismatch(expected.begin(), expected.end(), actual.begin());
    if (e == expected.end())
        return testing::AssertionSuccess();
    const auto first = e - expected.begin();
    ptrdiff_t different = 0;
    for (size_t i = 0; i < expected.size(); ++i)
        different += expected[i] != actual[i] ? 1 : 0;
    return testing::AssertionFailure() << different << " of " << expected.size() << " bytes differ, the first at "
                                       << first << ": expected " << static_cast<unsigned>(*e) << ", got "
                                       << static_cast<unsigned>(*a);
}

static uint64_t SeedToUse(uint64_t seed)
{
    const char* text = std::getenv("SEDX_TEST_SEED");
    return text ? std::strtoull(text, nullptr, 0) : seed;
}

Random::Random(uint64_t seed, uint64_t stream) : m_seed(SeedToUse(seed)), m_engine(m_seed + stream) {}

uint64_t Random::Between(uint64_t low, uint64_t high)
{
    return std::uniform_int_distribution<uint64_t>(low, high)(m_engine);
}

bool Random::Chance(uint64_t times, uint64_t outOf) { return Between(1, outOf) <= times; }
} // namespace sedx::test
