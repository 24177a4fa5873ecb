// CalibrationBench: what measuring needs on the device, for as long as it takes: memory of its own, command buffers,
// timestamps where queue 0 has them. Used by one thread, which holds the engine's mutex of submissions.
#pragma once

#include "buffer/buffer_core.h"

#include <chrono>
#include <functional>

namespace sedx
{
class CalibrationBench
{
  public:
    static constexpr uint64_t kBytes = 16ull << 20; // of the target, of staging

    explicit CalibrationBench(BufferCore& core) noexcept : m_core(core) {}
    ~CalibrationBench(); // waits for what is under way
    CalibrationBench(const CalibrationBench&) = delete;
    CalibrationBench& operator=(const CalibrationBench&) = delete;

    Result<void> Create();

    using Recorder = std::function<VkResult(VkCommandBuffer)>; // whether what it needs for that went well
    // Nanoseconds that one thread needs to record it, plus those that queue 0 needs to carry it out. The latter by
    // timestamps, else by the clock, less what an empty submission takes.
    Result<double> TimeOnQueue0(const Recorder& record);
    // By the clock, from the submission until it has passed.
    Result<double> TimeByClock(uint32_t queue, const Recorder& record);

    // Begins `count` command buffers for a queue, once those before have passed; submits one of them and goes on; waits
    // for all.
    Result<std::span<const VkCommandBuffer>> BeginMany(uint32_t queue, size_t count);
    Result<void> Send(VkCommandBuffer cmd, uint32_t queue);
    Result<void> WaitForAll();

    // Copies these bytes of staging to the same place of the target, by one region.
    void CopyAll(VkCommandBuffer cmd, uint64_t offset, uint64_t bytes) const;
    void Barrier(VkCommandBuffer cmd) const; // everything before against everything after
    const BufferMemory& Target() const noexcept { return m_target; }   // device memory
    const BufferMemory& Staging() const noexcept { return m_staging; } // mapped
    BufferCore& Core() const noexcept { return m_core; }
    bool HasTimestamps() const noexcept { return m_queries != VK_NULL_HANDLE; }

  private:
    using Clock = std::chrono::steady_clock;
    struct Pool
    {
        uint32_t family = 0;
        VkCommandPool pool = VK_NULL_HANDLE;
        std::vector<VkCommandBuffer> buffers;
    };
    Result<BufferMemory> MakeBuffer(MemoryType memory, const char* name);
    Result<Pool*> PoolOf(uint32_t queue);
    Result<VkCommandBuffer> Begin(uint32_t queue);
    Result<double> ReadTimestamps() const;

    BufferCore& m_core;
    BufferMemory m_target;
    BufferMemory m_staging;
    std::vector<Pool> m_pools; // one for each family used
    VkQueryPool m_queries = VK_NULL_HANDLE;
    double m_emptyNs = 0; // an empty submission and its wait
    uint64_t m_sent = 0;  // value of the transfer timeline
    uint32_t m_lastQueue = ~uint32_t{0}; // of the last submission; none yet
};
} // namespace sedx
