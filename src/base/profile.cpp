#include <sedx/profile.h>

#include <atomic>
#include <chrono>

namespace sedx
{
namespace
{
// Two atomics instead of a lock: a scope that sees the sink of one call and the user of another would be wrong, so the
// user is published first and read last.
std::atomic<void*> g_user{nullptr};
std::atomic<ProfileSink> g_sink{nullptr};

uint64_t NowNs() noexcept
{
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count());
}
} // namespace

void SetProfileSink(ProfileSink sink, void* user) noexcept
{
    g_sink.store(nullptr, std::memory_order_release);
    g_user.store(user, std::memory_order_release);
    g_sink.store(sink, std::memory_order_release);
}

ProfileScope::ProfileScope(const char* name) noexcept
    : m_name(name), m_beginNs(g_sink.load(std::memory_order_relaxed) != nullptr ? NowNs() : 0)
{
}

ProfileScope::~ProfileScope()
{
    if (m_beginNs == 0)
        return;
    if (const ProfileSink sink = g_sink.load(std::memory_order_acquire))
        sink(m_name, m_beginNs, NowNs(), g_user.load(std::memory_order_acquire));
}
} // namespace sedx
