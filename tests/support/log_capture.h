// LogCapture: while it lives, the library's log goes into a list instead of the default sink.
#pragma once

#include <mutex>
#include <sedx/log.h>
#include <string>
#include <vector>

namespace sedx::test
{
class LogCapture
{
  public:
    struct Entry
    {
        LogLevel level = LogLevel::Info;
        std::string tag;
        std::string text;
    };

    explicit LogCapture(LogLevel level = LogLevel::Warn)
    {
        SetLogLevel(level);
        SetLogSink(&LogCapture::Receive, this);
    }
    ~LogCapture()
    {
        SetLogSink(nullptr, nullptr);
        SetLogLevel(LogLevel::Warn);
    }
    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;

    std::vector<Entry> Entries() const
    {
        const std::lock_guard lock(m_mutex);
        return m_entries;
    }
    void Clear()
    {
        const std::lock_guard lock(m_mutex);
        m_entries.clear();
    }
    size_t Count() const
    {
        const std::lock_guard lock(m_mutex);
        return m_entries.size();
    }
    bool Contains(std::string_view part) const
    {
        const std::lock_guard lock(m_mutex);
        for (const Entry& entry : m_entries)
        {
            if (entry.text.find(part) != std::string::npos)
                return true;
        }
        return false;
    }
    // Everything, one entry a line: for messages of failing tests.
    std::string Text() const
    {
        const std::lock_guard lock(m_mutex);
        std::string text;
        for (const Entry& entry : m_entries)
            text += "[" + entry.tag + "] " + entry.text + "\n";
        return text;
    }

  private:
    static void Receive(const LogMessage& message, void* user)
    {
        auto& self = *static_cast<LogCapture*>(user);
        const std::lock_guard lock(self.m_mutex);
        self.m_entries.push_back({message.level, std::string(message.tag), std::string(message.text)});
    }

    mutable std::mutex m_mutex;
    std::vector<Entry> m_entries;
};
} // namespace sedx::test
