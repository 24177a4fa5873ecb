#include "base/copy_workers.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>

namespace sedx
{
namespace
{
// What a thread takes at once: long enough that taking it costs nothing, short enough that all of them end together.
constexpr size_t kPartBytes = 256 * 1024;
// How long a thread looks for more before it sleeps: waking it up takes as long, and work comes in bursts.
constexpr std::chrono::microseconds kLingers{50};
} // namespace

CopyWorkers::CopyWorkers(uint32_t threads)
    : m_threads(threads == 0 ? 1 : threads), m_lingers(std::thread::hardware_concurrency() > m_threads)
{
}

template <class F>
void CopyWorkers::Linger(const F& isDone) const noexcept
{
    using Clock = std::chrono::steady_clock;
    if (!m_lingers)
        return;
    const auto end = Clock::now() + kLingers;
    while (!isDone() && Clock::now() < end)
        std::this_thread::yield();
}

CopyWorkers::~CopyWorkers()
{
    {
        const std::lock_guard lock(m_mutex);
        m_ends = true;
        m_hasWork.store(true);
    }
    m_wakeUp.notify_all();
    for (std::thread& worker : m_workers)
        worker.join();
}

void CopyWorkers::RunParts(PartsJob& job) noexcept
{
    while (true)
    {
        const size_t part = job.m_next.fetch_add(1, std::memory_order_relaxed);
        if (part >= job.m_parts)
            return;
        job.m_run(job.m_what, part);
    }
}

void CopyWorkers::Start(PartsJob& job) noexcept
{
    job.m_next.store(0, std::memory_order_relaxed);
    if (m_threads == 1 || job.m_parts <= 1)
        return; // Finish does it
    {
        const std::lock_guard lock(m_mutex);
        try
        {
            while (m_workers.size() + 1 < m_threads)
                m_workers.emplace_back([this] { Work(); });
            m_jobs.push_back(&job);
            m_hasWork.store(true);
        }
        catch (const std::
                   exception&) // no thread or no memory left: those that there are will do, at worst the caller alone
        {
        }
    }
    m_wakeUp.notify_all();
}

// With the lock.
void CopyWorkers::Retire(PartsJob& job) noexcept
{
    std::erase(m_jobs, &job);
    m_hasWork.store(!m_jobs.empty() || m_ends);
}

void CopyWorkers::Finish(PartsJob& job) noexcept
{
    RunParts(job);
    std::unique_lock lock(m_mutex);
    Retire(job); // nobody enters any more
    if (job.m_helpers != 0)
    {
        lock.unlock();
        Linger([&] { return job.m_helpers == 0; });
        lock.lock(); // the last of them may be on its way out
    }
    job.m_left.wait(lock, [&] { return job.m_helpers == 0; });
}

void CopyWorkers::Start(CopyJob& job, void* destination, const void* source, size_t bytes) noexcept
{
    job.m_destination = static_cast<std::byte*>(destination);
    job.m_source = static_cast<const std::byte*>(source);
    job.m_bytes = bytes;
    job.m_parts.m_what = &job;
    job.m_parts.m_parts = (bytes + kPartBytes - 1) / kPartBytes; // memcpy wants valid pointers even for nothing
    job.m_parts.m_run = [](const void* what, size_t part) noexcept {
        const CopyJob& copy = *static_cast<const CopyJob*>(what);
        const size_t begin = part * kPartBytes;
        std::memcpy(copy.m_destination + begin, copy.m_source + begin, std::min(kPartBytes, copy.m_bytes - begin));
    };
    Start(job.m_parts);
}

void CopyWorkers::Finish(CopyJob& job) noexcept { Finish(job.m_parts); }

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
        if (m_jobs.empty() && !m_ends)
        {
            lock.unlock();
            Linger([this] { return m_hasWork.load(std::memory_order_relaxed); });
            lock.lock();
        }
        m_wakeUp.wait(lock, [this] { return m_ends || !m_jobs.empty(); });
        if (m_jobs.empty())
            return;
        PartsJob& job = *m_jobs.front();
        ++job.m_helpers;
        lock.unlock();
        RunParts(job);
        lock.lock();
        Retire(job); // all parts are taken
        if (--job.m_helpers == 0)
            job.m_left.notify_all();
    }
}
} // namespace sedx
