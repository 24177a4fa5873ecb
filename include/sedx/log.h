// The story of what the library does, told to a callback. By default it goes to spdlog's default logger.
//
//     sedx::SetLogSink([](const sedx::LogMessage& m, void*) { Console(m.tag, m.text); }, nullptr);
//     SEDX_CORE_INFO_TAG("POOL", "trimmed {} bytes", bytes);
//
// The sink is one for the process (each binary that contains the library has its own). It is called from any thread,
// must not call back into the library, and decides nothing: errors are values (result.h), the log only explains them.
#pragma once

#include <sedx/export.h>

#include <fmt/core.h>
#include <string_view>

namespace sedx
{
enum class LogLevel : uint32_t
{
    Trace,
    Info,
    Warn,
    Error,
    Off, // as a level for SetLogLevel only
};

struct LogMessage
{
    LogLevel level = LogLevel::Info;
    std::string_view tag; // "CORE" where no tag was given
    std::string_view text;
};

using LogSink = void (*)(const LogMessage& message, void* user);

// Replaces the sink; nullptr brings spdlog back. Thread-safe.
SEDX_API void SetLogSink(LogSink sink, void* user) noexcept;
// Messages below `level` are dropped before they are formatted. Default: Warn. Thread-safe.
SEDX_API void SetLogLevel(LogLevel level) noexcept;
SEDX_API bool IsLogged(LogLevel level) noexcept;
SEDX_API void Log(LogLevel level, std::string_view tag, std::string_view text) noexcept;
} // namespace sedx

#define SEDX_LOG(level, tag, ...)                                                                                      \
    do                                                                                                                 \
    {                                                                                                                  \
        if (::sedx::IsLogged(level))                                                                                   \
            ::sedx::Log(level, tag, ::fmt::format(__VA_ARGS__));                                                       \
    } while (false)

#define SEDX_CORE_TRACE(...) SEDX_LOG(::sedx::LogLevel::Trace, "CORE", __VA_ARGS__)
#define SEDX_CORE_INFO(...) SEDX_LOG(::sedx::LogLevel::Info, "CORE", __VA_ARGS__)
#define SEDX_CORE_WARN(...) SEDX_LOG(::sedx::LogLevel::Warn, "CORE", __VA_ARGS__)
#define SEDX_CORE_ERROR(...) SEDX_LOG(::sedx::LogLevel::Error, "CORE", __VA_ARGS__)
#define SEDX_CORE_TRACE_TAG(tag, ...) SEDX_LOG(::sedx::LogLevel::Trace, tag, __VA_ARGS__)
#define SEDX_CORE_INFO_TAG(tag, ...) SEDX_LOG(::sedx::LogLevel::Info, tag, __VA_ARGS__)
#define SEDX_CORE_WARN_TAG(tag, ...) SEDX_LOG(::sedx::LogLevel::Warn, tag, __VA_ARGS__)
#define SEDX_CORE_ERROR_TAG(tag, ...) SEDX_LOG(::sedx::LogLevel::Error, tag, __VA_ARGS__)
