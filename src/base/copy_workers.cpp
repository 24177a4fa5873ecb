#include "base/copy_workers.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>

namespace sedx
{
namespace
{
// What a thread takes at once: long enough that taking it costs nothing, short enough that all of them end together.
constexpr size_t kPartBytes = 256 * 1024;
} // namespace

struct CopyWorkers::Job
{
    std::byte* destination = nullptr;
    const std::byte* source = nullptr;
    size_t bytes = 0;
    std::atomic<size_t> next{0};  // first byte that nobody has taken
    uint32_t helpers = 0;         // workers inside; under the mutex
    std::condition_variable left; // the last of them
};

CopyWorkers::~CopyWorkers()
{
    {
        const std::lock_guard lock(m_mutex);
        m_ends = true;
    }
    m_wakeUp.notify_all();
    for (std::thread& worker : m_workers)
        worker.join();
}

void CopyWorkers::CopyParts(Job& job) noexcept
{
    while (true)
    {
        const size_t begin = job.next.fetch_add(kPartBytes, std::memory_order_relaxed);
        if (begin >= job.bytes)
            return;
        std::memcpy(job.destination + begin, job.source + begin, std::min(kPartBytes, job.bytes - begin));
    }
}

// False: there are no workers, and none can be started.
bool CopyWorkers::Enlist(Job& job) noexcept
{
    const std::lock_guard lock(m_mutex);
    try
    {
        while (m_workers.size() + 1 < m_threads)
            m_workers.emplace_back([this] { Work(); });
        if (!m_workers.empty())
            m_jobs.push_back(&job);
    }
    catch (const std::exception&) // no thread or no memory left: those that there are will do
    {
    }
    return !m_workers.empty();
}

void CopyWorkers::Copy(void* destination, const void* source, size_t bytes) noexcept
{
    if (m_threads == 1 || bytes < 2 * kPartBytes)
    {
        std::memcpy(destination, source, bytes);
        return;
    }
    Job job;
    job.destination = static_cast<std::byte*>(destination);
    job.source = static_cast<const std::byte*>(source);
    job.bytes = bytes;
    if (Enlist(job))
        m_wakeUp.notify_all();
    CopyParts(job);
    std::unique_lock lock(m_mutex);
    std::erase(m_jobs, &job); // nobody enters any more
    job.left.wait(lock, [&] { return job.helpers == 0; });
}

void CopyWorkers::Work() noexcept
{
    std::unique_lock lock(m_mutex);
    while (true)
    {
        m_wakeUp.wait(lock, [this] { return m_ends || !m_jobs.empty(); });
        if (m_jobs.empty())
            return;
        Job& job = *m_jobs.front();
        ++job.helpers;
        lock.unlock();
        CopyParts(job);
        lock.lock();
        std::erase(m_jobs, &job); // all parts are taken
        if (--job.helpers == 0)
            job.left.notify_all();
    }
}
} // namespace sedx
