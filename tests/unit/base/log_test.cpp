// The log: levels, tags, the sink, and that dropped messages cost no formatting.
#include "support/log_capture.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

namespace sedx::test
{
namespace
{
TEST(Logging, MessagesReachTheSinkWithLevelAndTag)
{
    const LogCapture log(LogLevel::Trace);
    SEDX_CORE_TRACE("trace {}", 1);
    SEDX_CORE_INFO("info {}", 2);
    SEDX_CORE_WARN("warn {}", 3);
    SEDX_CORE_ERROR("error {}", 4);
    SEDX_CORE_INFO_TAG("POOL", "trimmed {} bytes", 5);
    SEDX_CORE_TRACE_TAG("A", "a");
    SEDX_CORE_WARN_TAG("B", "b");
    SEDX_CORE_ERROR_TAG("C", "c");
    const auto entries = log.Entries();
    ASSERT_EQ(entries.size(), 8u);
    EXPECT_EQ(entries[0].level, LogLevel::Trace);
    EXPECT_EQ(entries[0].tag, "CORE");
    EXPECT_EQ(entries[0].text, "trace 1");
    EXPECT_EQ(entries[1].level, LogLevel::Info);
    EXPECT_EQ(entries[2].level, LogLevel::Warn);
    EXPECT_EQ(entries[3].level, LogLevel::Error);
    EXPECT_EQ(entries[3].text, "error 4");
    EXPECT_EQ(entries[4].tag, "POOL");
    EXPECT_EQ(entries[4].text, "trimmed 5 bytes");
    EXPECT_EQ(entries[5].tag, "A");
    EXPECT_EQ(entries[6].level, LogLevel::Warn);
    EXPECT_EQ(entries[7].tag, "C");
}

TEST(Logging, LevelsDropWhatIsBelow)
{
    const LogCapture log(LogLevel::Warn);
    EXPECT_FALSE(IsLogged(LogLevel::Trace));
    EXPECT_FALSE(IsLogged(LogLevel::Info));
    EXPECT_TRUE(IsLogged(LogLevel::Warn));
    EXPECT_TRUE(IsLogged(LogLevel::Error));
    SEDX_CORE_INFO("not this");
    SEDX_CORE_WARN("this");
    EXPECT_EQ(log.Count(), 1u);
    SetLogLevel(LogLevel::Off);
    EXPECT_FALSE(IsLogged(LogLevel::Error));
    SEDX_CORE_ERROR("not this either");
    Log(LogLevel::Error, "CORE", "nor this");
    EXPECT_EQ(log.Count(), 1u);
}

TEST(Logging, DroppedMessagesAreNotFormatted)
{
    const LogCapture log(LogLevel::Error);
    int evaluated = 0;
    const auto count = [&] { return ++evaluated; };
    SEDX_CORE_TRACE("{}", count());
    SEDX_CORE_WARN_TAG("TAG", "{}", count());
    EXPECT_EQ(evaluated, 0);
    SEDX_CORE_ERROR("{}", count());
    EXPECT_EQ(evaluated, 1);
}

TEST(Logging, MacroIsOneStatement)
{
    const LogCapture log(LogLevel::Trace);
    if (log.Count() != 0)
        SEDX_CORE_INFO("then");
    else
        SEDX_CORE_INFO("else");
    EXPECT_TRUE(log.Contains("else"));
}

TEST(Logging, SinkMayBeReplacedWhileThreadsLog)
{
    SetLogLevel(LogLevel::Info);
    static std::atomic<uint64_t> received{0};
    received = 0;
    SetLogSink([](const LogMessage&, void*) { ++received; }, nullptr);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
    {
        threads.emplace_back([] {
            for (int i = 0; i < 500; ++i)
                SEDX_CORE_INFO_TAG("THREAD", "message {}", i);
        });
    }
    for (int i = 0; i < 100; ++i)
        SetLogSink([](const LogMessage&, void*) { ++received; }, &received);
    for (std::thread& thread : threads)
        thread.join();
    SetLogSink(nullptr, nullptr);
    SetLogLevel(LogLevel::Warn);
    EXPECT_EQ(received.load(), 2000u);
}
} // namespace
} // namespace sedx::test
