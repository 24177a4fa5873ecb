// CopyWorkers: copies memory with several threads, and shares out other work that comes in parts. One core does not reach the
// bandwidth of a memory bus, still less that of a GPU's link (docs/performance.md). Threads start with the first work
// that is shared out and end with the object. Where the machine has more cores than they are, they look out for more work for a
// moment before they sleep.
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
// Parts that threads take one after the other. Its owner finishes it before it goes.
class PartsJob
{
  public:
    PartsJob() noexcept = default;
    PartsJob(const PartsJob&) = delete;
    PartsJob& operator=(const PartsJob&) = delete;

  private:
    friend class CopyWorkers;
    void (*m_run)(const void* what, size_t part) noexcept = nullptr;
    const void* m_what = nullptr;
    size_t m_parts = 0;
    std::atomic<size_t> m_next{0};      // first part that nobody has taken
    std::atomic<uint32_t> m_helpers{0}; // workers inside; changes under the mutex of the workers
    std::condition_variable m_left;     // the last of them
};

// A copy under way. Its owner finishes it before it goes, and before the memory goes.
class CopyJob
{
  private:
    friend class CopyWorkers;
    std::byte* m_destination = nullptr;
    const std::byte* m_source = nullptr;
    size_t m_bytes = 0;
    PartsJob m_parts;
};

class CopyWorkers
{
  public:
    // `threads`: that work together, the caller among them; at least 1.
    explicit CopyWorkers(uint32_t threads);
    ~CopyWorkers();
    CopyWorkers(const CopyWorkers&) = delete;
    CopyWorkers& operator=(const CopyWorkers&) = delete;

    uint32_t Threads() const noexcept { return m_threads; }

    // As memcpy; done when it returns. Any thread, several at once: they share the workers.
    void Copy(void* destination, const void* source, size_t bytes) noexcept;

    // The same in two steps: the workers begin, and the caller helps them to end.
    void Start(CopyJob& job, void* destination, const void* source, size_t bytes) noexcept;
    void Finish(CopyJob& job) noexcept;

    // Calls visit(part) once for each part, on the caller and the workers at the same time; done when it returns. Without
    // workers the caller does all, from the first part to the last. Worth it from some ten microseconds a part.
    template <class F>
    void ForEach(size_t parts, const F& visit) noexcept
    {
        PartsJob job;
        job.m_run = [](const void* what, size_t part) noexcept { (*static_cast<const F*>(what))(part); };
        job.m_what = &visit;
        job.m_parts = parts;
        Start(job);
        Finish(job);
    }

  private:
    void Start(PartsJob& job) noexcept;
    void Finish(PartsJob& job) noexcept;
    void Retire(PartsJob& job) noexcept;
    static void RunParts(PartsJob& job) noexcept;
    void Work() noexcept;
    // Until `isDone`, or for so long that sleeping is better.
    template <class F>
    void Linger(const F& isDone) const noexcept;

    const uint32_t m_threads;
    std::mutex m_mutex;
    std::condition_variable m_wakeUp;
    std::deque<PartsJob*> m_jobs;       // with parts that nobody has taken
    std::atomic<bool> m_hasWork{false}; // there are such jobs, or the workers are to end
    const bool m_lingers;
    std::vector<std::thread> m_workers;
    bool m_ends = false;
};
} // namespace sedx
