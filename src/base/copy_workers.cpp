#include "base/copy_workers.h"

#include <algorithm>
#include <cstring>
#include <exception>

namespace sedx
{
namespace
{
// What a thread takes at once: long enough that taking it costs nothing, short enough that all of them end together.
constexpr size_t kPartBytes = 256 * 1024;
} // namespace

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

void CopyWorkers::CopyParts(CopyJob& job) noexcept
{
    while (true)
    {
        const size_t begin = job.m_next.fetch_add(kPartBytes, std::memory_order_relaxed);
        if (begin >= job.m_bytes)
            return;
        std::memcpy(job.m_destination + begin, job.m_source + begin, std::min(kPartBytes, job.m_bytes - begin));
    }
}

void CopyWorkers::Enlist(CopyJob& job) noexcept
{
    const std::lock_guard lock(m_mutex);
    try
    {
        while (m_workers.size() + 1 < m_threads)
            m_workers.emplace_back([this] { Work(); });
        m_jobs.push_back(&job);
    }
    catch (const std::exception&) // no thread or no memory left: those that there are will do, at worst the caller alone
    {
    }
}

void CopyWorkers::Start(CopyJob& job, void* destination, const void* source, size_t bytes) noexcept
{
    job.m_destination = static_cast<std::byte*>(destination);
    job.m_source = static_cast<const std::byte*>(source);
    job.m_bytes = bytes;
    job.m_next.store(0, std::memory_order_relaxed);
    if (m_threads == 1 || bytes <= kPartBytes)
        return; // Finish does it
    Enlist(job);
    m_wakeUp.notify_all();
}

void CopyWorkers::Finish(CopyJob& job) noexcept
{
    CopyParts(job);
    std::unique_lock lock(m_mutex);
    std::erase(m_jobs, &job); // nobody enters any more
    job.m_left.wait(lock, [&] { return job.m_helpers == 0; });
}

void CopyWorkers::Copy(void* destination, const void* source, size_t bytes) noexcept
{
    if (bytes == 0)
        return; // memcpy wants valid pointers even then
    if (bytes <= kPartBytes)
    {
        std::memcpy(destination, source, bytes);
        return;
    }
    CopyJob job;
    Start(job, destination, source, bytes);
    Finish(job);
}

void CopyWorkers::Work() noexcept
{
    std::unique_lock lock(m_mutex);
    while (true)
    {
        m_wakeUp.wait(lock, [this] { return m_ends || !m_jobs.empty(); });
        if (m_jobs.empty())
            return;
        CopyJob& job = *m_jobs.front();
        ++job.m_helpers;
        lock.unlock();
        CopyParts(job);
        lock.lock();
        std::erase(m_jobs, &job); // all parts are taken
        if (--job.m_helpers == 0)
            job.m_left.notify_all();
    }
}
} // namespace sedx
