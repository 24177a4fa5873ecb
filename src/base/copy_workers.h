// CopyWorkers: copies memory with several threads. One core does not reach the bandwidth of a memory bus, still less that of
// a GPU's link (docs/performance.md). Threads start with the first long copy and end with the object.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace sedx
{
// A copy under way. Its owner finishes it before it goes, and before the memory goes.
class CopyJob
{
  public:
    CopyJob() noexcept = default;
    CopyJob(const CopyJob&) = delete;
    CopyJob& operator=(const CopyJob&) = delete;

  private:
    friend class CopyWorkers;
    std::byte* m_destination = nullptr;
    const std::byte* m_source = nullptr;
    size_t m_bytes = 0;
    std::atomic<size_t> m_next{0};  // first byte that nobody has taken
    uint32_t m_helpers = 0;         // workers inside; under the mutex of the workers
    std::condition_variable m_left; // the last of them
};

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

    // The same in two steps: the workers begin, and the caller helps them to end.
    void Start(CopyJob& job, void* destination, const void* source, size_t bytes) noexcept;
    void Finish(CopyJob& job) noexcept;

  private:
    static void CopyParts(CopyJob& job) noexcept;
    void Enlist(CopyJob& job) noexcept;
    void Work() noexcept;

    const uint32_t m_threads;
    std::mutex m_mutex;
    std::condition_variable m_wakeUp;
    std::deque<CopyJob*> m_jobs; // with parts that nobody has taken
    std::vector<std::thread> m_workers;
    bool m_ends = false;
};
} // namespace sedx
