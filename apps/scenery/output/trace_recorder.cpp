#include "output/trace_recorder.h"

#include "failure.h"

#include <sedx/profile.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <fstream>

namespace scenery
{
namespace
{
constexpr size_t kMaxEvents = 2'000'000; // about 200 MB of text

// 1 for the first thread that records, in practice the one that draws.
uint32_t ThreadNumber()
{
    static std::atomic<uint32_t> s_next{1};
    thread_local const uint32_t number = s_next++;
    return number;
}
} // namespace

TraceRecorder::TraceRecorder()
    : m_startNs(static_cast<uint64_t>(
          std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
              .count()))
{
    ThreadNumber();
    sedx::SetProfileSink(&OnScope, this);
}

TraceRecorder::~TraceRecorder() { sedx::SetProfileSink(nullptr, nullptr); }

void TraceRecorder::OnScope(const char* name, uint64_t beginNs, uint64_t endNs, void* user)
{
    auto& recorder = *static_cast<TraceRecorder*>(user);
    const uint32_t thread = ThreadNumber();
    const std::lock_guard lock(recorder.m_mutex);
    if (recorder.m_events.size() < kMaxEvents)
        recorder.m_events.push_back({name, beginNs, endNs, thread});
    else
        ++recorder.m_dropped;
}

void TraceRecorder::Write(const std::filesystem::path& file) const
{
    const std::lock_guard lock(m_mutex);
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    stream << R"({"displayTimeUnit":"ms","otherData":{"dropped_events":)" << m_dropped << "},\"traceEvents\":[\n"
           << R"({"name":"process_name","ph":"M","pid":1,"args":{"name":"scenery"}})";
    const auto microseconds = [](uint64_t ns) { return static_cast<double>(ns) * 1e-3; };
    for (const Event& event : m_events)
    {
        const uint64_t since = event.beginNs > m_startNs ? event.beginNs - m_startNs : 0;
        stream << fmt::format(",\n{{\"name\":{},\"ph\":\"X\",\"pid\":1,\"tid\":{},\"ts\":{:.3f},\"dur\":{:.3f}}}",
                              nlohmann::json(event.name).dump(), event.thread, microseconds(since),
                              microseconds(event.endNs - event.beginNs));
    }
    stream << "\n]}\n";
    stream.flush();
    if (!stream)
        throw Failure("cannot write " + file.string());
}
} // namespace scenery
