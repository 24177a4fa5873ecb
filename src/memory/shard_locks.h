// ShardLocks: one lock for each share of what many threads create at once. A thread belongs to one shard for life.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

namespace sedx
{
inline constexpr uint32_t kShards = 16; // a power of two, more than the threads that create buffers at once as a rule

class ShardLocks
{
  public:
    static uint32_t OfThread() noexcept
    {
        static std::atomic<uint32_t> next{0};
        thread_local const uint32_t shard = next.fetch_add(1, std::memory_order_relaxed) % kShards;
        return shard;
    }
    std::mutex& operator[](uint32_t shard) noexcept { return m_lines[shard].mutex; }
    const std::mutex& operator[](uint32_t shard) const noexcept { return m_lines[shard].mutex; }

  private:
    struct alignas(64) Line
    {
        std::mutex mutex;
    };
    std::array<Line, kShards> m_lines;
};
} // namespace sedx
