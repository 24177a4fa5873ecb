// Short writes from many threads: order between threads that synchronise, what comes between them, staging, lifetimes.
#include "upload_test.h"

#include <atomic>
#include <cstring>
#include <set>
#include <thread>
#include <utility>

namespace sedx::test
{
namespace
{
class WriteLanesTest : public UploadTest
{
  protected:
    // Runs `step(i)` for i = 0 .. turns - 1, in turn on `count` threads: each sees all that happened before its turn.
    template <class F>
    static void InTurn(uint32_t count, uint32_t turns, F&& step)
    {
        std::atomic<uint32_t> turn{0};
        std::vector<std::thread> threads;
        for (uint32_t thread = 0; thread < count; ++thread)
            threads.emplace_back([&, thread] {
                for (uint32_t i = thread; i < turns; i += count)
                {
                    while (turn.load(std::memory_order_acquire) != i)
                        std::this_thread::yield();
                    step(i);
                    turn.store(i + 1, std::memory_order_release);
                }
            });
        for (std::thread& thread : threads)
            thread.join();
    }
    bool WriteNumber(const Buffer& buffer, uint64_t offset, uint64_t number)
    {
        return Ok(Uploads().Write(buffer, offset, std::span<const uint64_t>(&number, 1)));
    }
};

INSTANTIATE_TEST_SUITE_P(Layouts, WriteLanesTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(WriteLanesTest, TheLaterOfTwoThreadsWins)
{
    SEDX_REQUIRE(const Buffer buffer, Make(64));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(0, 64))));
    WhileInFlight(buffer,
                  [&] { InTurn(2, 2'000, [&](uint32_t i) { EXPECT_TRUE(WriteNumber(buffer, i % 3 * 4, i)); }); });
    // 1,997 lies at 8 to 16, then 1,998 at 0 to 8, then 1,999 at 4 to 12.
    Bytes expected = Filled(0, 64);
    for (const uint64_t number : {1997u, 1998u, 1999u})
        std::memcpy(expected.data() + number % 3 * 4, &number, sizeof(number));
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, buffer)));
}

// A read that was asked for puts off what is written to its buffer afterwards. What the same thread wrote elsewhere before
// another one did must not be put off with it.
TEST_P(WriteLanesTest, ReadsOfOneBufferKeepTheOrderInAnother)
{
    SEDX_REQUIRE(const Buffer read, Make(64));
    SEDX_REQUIRE(const Buffer written, Make(64));
    ASSERT_TRUE(Ok(Uploads().Write(read, 0, Filled(0, 64))));
    ASSERT_TRUE(Ok(Uploads().Write(written, 0, Filled(0, 64))));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    ASSERT_TRUE(frame.Resolve(read) && frame.Resolve(written));
    const auto asked = m_system->Readbacks().Request(read);
    ASSERT_TRUE(Ok(asked));
    InTurn(2, 3, [&](uint32_t turn) {
        if (turn == 0)
        {
            EXPECT_TRUE(WriteNumber(written, 32, 1)); // takes the first lane
        }
        if (turn == 1)
        {
            EXPECT_TRUE(WriteNumber(read, 0, 2) && WriteNumber(written, 0, 3));
        }
        if (turn == 2)
        {
            EXPECT_TRUE(WriteNumber(written, 0, 4));
        }
    });
    m_commands->Submit(m_commands->Begin(), frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    Bytes expected = Filled(0, 64);
    for (const auto& [at, number] : {std::pair<size_t, uint64_t>{32, 1}, {0, 4}})
        std::memcpy(expected.data() + at, &number, sizeof(number));
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, written)));
}

TEST_P(WriteLanesTest, LongWritesCopiesAndReadsComeBetween)
{
    constexpr uint64_t kBytes = 16 << 10;
    constexpr uint32_t kTurns = 200;
    SEDX_REQUIRE(const Buffer buffer, Make(kBytes));
    SEDX_REQUIRE(const Buffer copy, Make(8));
    Bytes shadow = Filled(0, kBytes);
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, shadow)));
    struct Asked
    {
        ReadbackTicket ticket;
        uint64_t expected;
    };
    std::vector<Asked> asked;
    uint64_t last = 0;
    WhileInFlight(buffer, [&] {
        InTurn(3, kTurns, [&](uint32_t i) {
            switch (i % 5)
            {
            case 0:
            case 2:
                last = i;
                std::memcpy(shadow.data() + 96, &last, 8);
                EXPECT_TRUE(WriteNumber(buffer, 96, last));
                break;
            case 1: // long: not by a lane
                shadow = Pattern(i, kBytes);
                std::memcpy(&last, shadow.data() + 96, 8);
                EXPECT_TRUE(Ok(Uploads().Write(buffer, 0, shadow)));
                break;
            case 3:
            {
                auto ticket = m_system->Readbacks().Request({buffer, 96, 8});
                EXPECT_TRUE(Ok(ticket));
                asked.push_back({*ticket, last});
                break;
            }
            default: EXPECT_TRUE(Ok(Uploads().Copy({buffer, 96, 8}, copy))); break;
            }
        });
    });
    EXPECT_TRUE(SameBytes(shadow, ReadBack(*m_system, buffer)));
    for (size_t i = 0; i < asked.size(); ++i)
    {
        ASSERT_TRUE(Ok(asked[i].ticket.Wait()));
        uint64_t read = 0;
        std::memcpy(&read, asked[i].ticket.Bytes().data(), 8);
        EXPECT_EQ(asked[i].expected, read) << i;
    }
    uint64_t copied = 0;
    std::memcpy(&copied, ReadBack(*m_system, copy).data(), 8);
    EXPECT_EQ(kTurns - 3, copied); // the last one is a copy, and a write of that number came two turns before
}

TEST_P(WriteLanesTest, TicketsHoldWhatTheySayWhileOthersSubmit)
{
    constexpr uint32_t kThreads = 3;
    constexpr uint64_t kEach = 300;
    SEDX_REQUIRE(const Buffer buffer, Make(kThreads * 64));
    std::atomic<bool> ends{false};
    std::thread submitter([&] {
        while (!ends)
            EXPECT_TRUE(Ok(Uploads().Submit()));
    });
    std::vector<std::thread> threads;
    for (uint32_t thread = 0; thread < kThreads; ++thread)
        threads.emplace_back([&, thread] {
            for (uint64_t i = 0; i < kEach; ++i)
            {
                const Bytes bytes = Pattern(thread * kEach + i, 1 + i % 64);
                const auto ticket = Uploads().Write(buffer, thread * 64, bytes);
                EXPECT_TRUE(Ok(ticket));
                if (i % 16 != 15)
                    continue;
                EXPECT_TRUE(Ok(ticket->Wait()));
                EXPECT_TRUE(ticket->Ready());
                Bytes read(bytes.size());
                EXPECT_TRUE(Ok(m_system->Readbacks().Read({buffer, thread * 64, read.size()}, read)));
                EXPECT_TRUE(SameBytes(bytes, read)) << thread << ' ' << i;
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    ends = true;
    submitter.join();
}

TEST_P(WriteLanesTest, BackingsAreReplacedMeanwhile)
{
    SEDX_REQUIRE(const Buffer buffer, Make(256, MemoryType::CPU));
    std::atomic<bool> ends{false};
    std::thread writer([&] {
        for (uint64_t i = 0; !ends; ++i)
            EXPECT_TRUE(WriteNumber(buffer, i % 32 * 8, i));
    });
    for (int i = 0; i < 60; ++i)
    {
        m_commands->UseInFrame(*m_system, buffer);
        SEDX_REQUIRE(auto mapped, m_system->MapWritable<std::byte>(buffer, MapMode::WriteDiscard));
        std::ranges::fill(mapped.Span(), std::byte{0});
    }
    ends = true;
    writer.join();
    const Bytes last = Pattern(9, 256);
    EXPECT_TRUE(Ok(Uploads().Write(buffer, 0, last)));
    EXPECT_TRUE(SameBytes(last, ReadBack(*m_system, buffer)));
}

TEST_P(WriteLanesTest, BuffersMayGoAtOnce)
{
    SEDX_REQUIRE(const Buffer kept, Make(1000 * 8));
    InTurn(2, 1'000, [&](uint32_t i) {
        auto buffer = Make(8);
        EXPECT_TRUE(Ok(buffer));
        EXPECT_TRUE(WriteNumber(*buffer, 0, i));
        EXPECT_TRUE(Ok(Uploads().Copy({*buffer, 0, 8}, kept, i * 8)));
    });
    const Bytes read = ReadBack(*m_system, kept);
    for (uint64_t i = 0; i < 1'000; ++i)
        ASSERT_EQ(0, std::memcmp(read.data() + i * 8, &i, 8)) << i;
}

// More threads than lanes: those without one collect under the shared lock.
TEST_P(WriteLanesTest, ManyThreads)
{
    constexpr uint64_t kThreads = 80;
    SEDX_REQUIRE(const Buffer buffer, Make(kThreads * 8));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(0, kThreads * 8))));
    std::atomic<uint64_t> written{0};
    WhileInFlight(buffer, [&] {
        std::vector<std::thread> threads;
        for (uint64_t i = 0; i < kThreads; ++i)
            threads.emplace_back([&, i] {
                EXPECT_TRUE(WriteNumber(buffer, i * 8, i + 1));
                written.fetch_add(1);
                while (written.load() != kThreads) // all are alive together
                    std::this_thread::yield();
            });
        for (std::thread& thread : threads)
            thread.join();
    });
    const Bytes read = ReadBack(*m_system, buffer);
    for (uint64_t i = 0; i < kThreads; ++i)
    {
        const uint64_t expected = i + 1;
        ASSERT_EQ(0, std::memcmp(read.data() + i * 8, &expected, 8)) << i;
    }
}

TEST_P(WriteLanesTest, TheReportCountsThem)
{
    SEDX_REQUIRE(const Buffer buffer, Make(1024));
    const Report before = m_system->GetReport();
    WhileInFlight(buffer, [&] {
        for (uint64_t i = 0; i < 10; ++i)
            EXPECT_TRUE(WriteNumber(buffer, i * 16, i));
    });
    const Report after = m_system->GetReport();
    EXPECT_EQ(10u, after.writes - before.writes);
    EXPECT_EQ(80u, after.uploadedBytes - before.uploadedBytes);
}

TEST_P(WriteLanesTest, StagingHasNoGaps)
{
    constexpr uint64_t kBlock = 64 << 10;
    auto system = MakeSystem({.stagingBlockBytes = kBlock, .stagingLimitBytes = kBlock});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(kBlock, BufferUsage::Storage, MemoryType::GPU, "small"));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    ASSERT_TRUE(static_cast<bool>(frame.Resolve(buffer)));
    const Bytes expected = Pattern(3, kBlock);
    constexpr uint64_t kEach = 1 << 10;
    for (uint64_t at = 0; at < kBlock; at += kEach) // all of the block, to the last byte
        ASSERT_TRUE(Ok(system->Uploads().Write(buffer, at, std::span(expected).subspan(at, kEach),
                                               {.outOfStaging = OutOfStaging::Fail})));
    EXPECT_EQ(kBlock, system->GetReport().staging.bytes);
    m_commands->Submit(m_commands->Begin(), frame);
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
    EXPECT_TRUE(SameBytes(expected, ReadBack(*system, buffer)));
}

TEST_P(WriteLanesTest, TicketsOutliveTheSystem)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU, "short-lived"));
    SEDX_REQUIRE(const UploadTicket ticket, system->Uploads().Write(buffer, 0, Filled(1, 64)));
    ASSERT_TRUE(Ok(system->Uploads().Submit()));
    system.reset();
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(Ok(ticket.Wait()));
    SEDX_REQUIRE(const TimelinePoint point, ticket.Point());
    EXPECT_EQ(0u, point.value);
}
} // namespace
} // namespace sedx::test
