// trace.json: where CPU time went, as Chrome trace events (chrome://tracing, ui.perfetto.dev). Records every profile
// scope of the library and of the application while it lives. One at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <vector>

namespace scenery
{
class TraceRecorder
{
  public:
    TraceRecorder();
    ~TraceRecorder(); // no thread may be inside of a scope any more
    TraceRecorder(const TraceRecorder&) = delete;
    TraceRecorder& operator=(const TraceRecorder&) = delete;

    void Write(const std::filesystem::path& file) const; // throws Failure

  private:
    struct Event
    {
        const char* name = "";
        uint64_t beginNs = 0;
        uint64_t endNs = 0;
        uint32_t thread = 0;
    };
    static void OnScope(const char* name, uint64_t beginNs, uint64_t endNs, void* user);

    uint64_t m_startNs;
    mutable std::mutex m_mutex;
    std::vector<Event> m_events;
    uint64_t m_dropped = 0;
};
} // namespace scenery
