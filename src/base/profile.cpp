#include <sedx/profile.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

namespace sedx
{
namespace
{
struct Sink
{
    ProfileSink call = nullptr;
    void* user = nullptr;
};
// Published as one pointer, so that no scope sees the sink of one call and the user of another. What was published stays:
// a scope may be using it, and there are few.
std::atomic<const Sink*> g_sink{nullptr};
std::mutex g_publishedMutex;
std::vector<std::unique_ptr<Sink>> g_published;

uint64_t NowNs() noexcept
{
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count());
}
} // namespace

void SetProfileSink(ProfileSink sink, void* user) noexcept
{
    const std::lock_guard lock(g_publishedMutex);
    if (sink != nullptr)
        g_published.push_back(std::make_unique<Sink>(Sink{sink, user}));
    g_sink.store(sink != nullptr ? g_published.back().get() : nullptr, std::memory_order_release);
}

ProfileScope::ProfileScope(const char* name) noexcept
    : m_name(name), m_beginNs(g_sink.load(std::memory_order_relaxed) != nullptr ? NowNs() : 0)
{
}

ProfileScope::~ProfileScope()
{
    if (m_beginNs == 0)
        return;
    if (const Sink* sink = g_sink.load(std::memory_order_acquire))
        sink->call(m_name, m_beginNs, NowNs(), sink->user);
}
} // namespace sedx
