#include <sedx/log.h>

#include <atomic>
#include <mutex>
#include <spdlog/spdlog.h>

namespace sedx
{
namespace
{
std::atomic<LogLevel> g_level{LogLevel::Warn};
std::mutex g_sinkMutex; // sink and user change together; logging is never on a hot path
LogSink g_sink = nullptr;
void* g_user = nullptr;

spdlog::level::level_enum ToSpdlog(LogLevel level) noexcept
{
    switch (level)
    {
    case LogLevel::Trace: return spdlog::level::trace;
    case LogLevel::Info: return spdlog::level::info;
    case LogLevel::Warn: return spdlog::level::warn;
    case LogLevel::Error: return spdlog::level::err;
    case LogLevel::Off: break;
    }
    return spdlog::level::off;
}
} // namespace

void SetLogSink(LogSink sink, void* user) noexcept
{
    const std::lock_guard lock(g_sinkMutex);
    g_sink = sink;
    g_user = user;
}

void SetLogLevel(LogLevel level) noexcept
{
    g_level.store(level, std::memory_order_relaxed);
}

bool IsLogged(LogLevel level) noexcept
{
    return level >= g_level.load(std::memory_order_relaxed);
}

void Log(LogLevel level, std::string_view tag, std::string_view text) noexcept
{
    if (!IsLogged(level))
        return;
    LogSink sink = nullptr;
    void* user = nullptr;
    {
        const std::lock_guard lock(g_sinkMutex);
        sink = g_sink;
        user = g_user;
    }
    if (sink != nullptr)
        sink({level, tag, text}, user);
    else if (spdlog::logger* logger = spdlog::default_logger_raw()) // none after spdlog::shutdown()
        logger->log(ToSpdlog(level), "[{}] {}", tag, text);
}
} // namespace sedx
