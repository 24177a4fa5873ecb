// CopyWorkers: copies memory with several threads. One core does not reach the bandwidth of a memory bus, still less that of
// a GPU's link (docs/performance.md). Threads start with the first long copy and end with the object.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace sedx
{
class CopyWorkers
{
  public:
    // `threads`: that copy together, the caller among them; at least 1.
    explicit CopyWorkers(uint32_t threads) : m_threads(threads == 0 ? 1 : threads) {}
    ~CopyWorkers();
    CopyWorkers(const CopyWorkers&) = delete;
    CopyWorkers& operator=(const CopyWorkers&) = delete;

    uint32_t Threads() const noexcept { return m_threads; }

    // As memcpy; done when it returns. Any thread, several at once: they share the workers.
    void Copy(void* destination, const void* source, size_t bytes) noexcept;

  private:
    struct Job;
    static void CopyParts(Job& job) noexcept;
    bool Enlist(Job& job) noexcept;
    void Work() noexcept;

    const uint32_t m_threads;
    std::mutex m_mutex;
    std::condition_variable m_wakeUp;
    std::deque<Job*> m_jobs; // with parts that nobody has taken
    std::vector<std::thread> m_workers;
    bool m_ends = false;
};
} // namespace sedx
