// Random numbers and fractal noise that are the same on every machine and compiler.
#pragma once

#include <cstdint>

namespace scenery
{

// SplitMix64 (public domain, Vigna): one multiply-xor chain, every seed is a good one.
class Random
{
  public:
    explicit Random(std::uint64_t seed) : m_state(seed) {}

    std::uint64_t Next();
    // In [0, 1).
    double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
    double Between(double low, double high) { return low + (high - low) * Unit(); }
    std::uint32_t Below(std::uint32_t end) { return static_cast<std::uint32_t>(Unit() * end); }

  private:
    std::uint64_t m_state;
};

// Smooth value noise in [-1, 1] with one lattice point for each unit.
double ValueNoise(double x, double y, std::uint32_t seed);

// Octaves of half the amplitude and twice the frequency, in about [-1, 1].
double FractalNoise(double x, double y, int octaves, std::uint32_t seed);

// The same folded at zero: sharp crests, in [0, 1].
double RidgedNoise(double x, double y, int octaves, std::uint32_t seed);

} // namespace scenery
