// Profile scopes: where CPU time goes, reported to whatever profiler the engine has.
//
//     SEDX_PROFILE_SCOPE("TerrainStreamer::Update");
//
// Without a sink a scope costs one relaxed load. Build with SEDX_NO_PROFILE and it costs nothing.
#pragma once

#include <sedx/export.h>

#include <cstdint>

namespace sedx
{
// Called on the thread that ran the scope, when the scope ends. Times in nanoseconds of std::chrono::steady_clock.
// `name` is the literal given to the macro and outlives the call. Must not call back into the library.
using ProfileSink = void (*)(const char* name, uint64_t beginNs, uint64_t endNs, void* user);

// One sink for the process; nullptr switches profiling off. Thread-safe; `user` must outlive scopes that are open.
SEDX_API void SetProfileSink(ProfileSink sink, void* user) noexcept;

class SEDX_API ProfileScope
{
  public:
    explicit ProfileScope(const char* name) noexcept;
    ~ProfileScope();
    ProfileScope(const ProfileScope&) = delete;
    ProfileScope& operator=(const ProfileScope&) = delete;

  private:
    const char* m_name;
    uint64_t m_beginNs; // 0: no sink when the scope began
};
} // namespace sedx

#define SEDX_PROFILE_CONCAT_INNER(a, b) a##b
#define SEDX_PROFILE_CONCAT(a, b) SEDX_PROFILE_CONCAT_INNER(a, b)
#if defined(SEDX_NO_PROFILE)
#    define SEDX_PROFILE_SCOPE(name) static_cast<void>(0)
#else
#    define SEDX_PROFILE_SCOPE(name) const ::sedx::ProfileScope SEDX_PROFILE_CONCAT(sedxProfileScope, __LINE__)(name)
#endif
