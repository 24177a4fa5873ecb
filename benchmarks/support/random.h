// Random orders that are the same on every machine: distributions of the standard library differ, generators do not.
#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace bench
{
inline constexpr uint64_t kSeed = 20'250'601;

using Random = std::mt19937_64;

inline size_t Below(Random& random, size_t count) { return static_cast<size_t>(random() % count); }

template <class T>
void Shuffle(std::vector<T>& items, Random& random)
{
    for (size_t i = items.size(); i > 1; --i)
        std::swap(items[i - 1], items[Below(random, i)]);
}
} // namespace bench
