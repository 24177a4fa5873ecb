#include "noise.h"

#include <cmath>

namespace scenery
{
namespace
{

double Lattice(std::int64_t x, std::int64_t y, std::uint32_t seed)
{
    Random random(static_cast<std::uint64_t>(x) * 0x9E3779B97F4A7C15ULL ^
                  static_cast<std::uint64_t>(y) * 0xC2B2AE3D27D4EB4FULL ^ (std::uint64_t{seed} << 32));
    return random.Between(-1.0, 1.0);
}

double Fade(double t) { return t * t * t * (t * (t * 6.0 - 15.0) + 10.0); }

} // namespace

std::uint64_t Random::Next()
{
    m_state += 0x9E3779B97F4A7C15ULL;
    std::uint64_t value = m_state;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31);
}

double ValueNoise(double x, double y, std::uint32_t seed)
{
    const double cellX = std::floor(x);
    const double cellY = std::floor(y);
    const double u = Fade(x - cellX);
    const double v = Fade(y - cellY);
    const auto i = static_cast<std::int64_t>(cellX);
    const auto j = static_cast<std::int64_t>(cellY);
    const double low = std::lerp(Lattice(i, j, seed), Lattice(i + 1, j, seed), u);
    const double high = std::lerp(Lattice(i, j + 1, seed), Lattice(i + 1, j + 1, seed), u);
    return std::lerp(low, high, v);
}

double FractalNoise(double x, double y, int octaves, std::uint32_t seed)
{
    double sum = 0.0;
    double amplitude = 0.5;
    for (int octave = 0; octave < octaves; ++octave)
    {
        sum += amplitude * ValueNoise(x, y, seed + static_cast<std::uint32_t>(octave));
        amplitude *= 0.5;
        x = x * 2.0 + 17.3;
        y = y * 2.0 - 9.1;
    }
    return sum;
}

double RidgedNoise(double x, double y, int octaves, std::uint32_t seed)
{
    double sum = 0.0;
    double amplitude = 0.5;
    for (int octave = 0; octave < octaves; ++octave)
    {
        const double ridge = 1.0 - std::abs(ValueNoise(x, y, seed + static_cast<std::uint32_t>(octave)));
        sum += amplitude * ridge * ridge;
        amplitude *= 0.5;
        x = x * 2.0 + 31.7;
        y = y * 2.0 + 4.9;
    }
    return sum;
}

} // namespace scenery
