// SubmitMode::Recorded: the library submits nothing; its copies go into the engine's command buffers at CmdFlush.
#include "support/gpu_test.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

namespace sedx::test
{
namespace
{
// Memory that can't be mapped: every write needs a copy.
class RecordedTest : public GpuTest
{
  protected:
    MemoryLayout Layout() const override { return MemoryLayout::Discrete(); }

    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem({.framesInFlight = 4, .submitMode = SubmitMode::Recorded});
        ASSERT_TRUE(m_system);
        m_commands.emplace(TheDevice());
    }
    void TearDown() override
    {
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }

    UploadQueue& Uploads() { return m_system->Uploads(); }
    Result<Buffer> Make(uint64_t bytes, MemoryType memory = MemoryType::GPU)
    {
        return m_system->CreateBuffer(bytes, BufferUsage::Storage, memory, "recorded");
    }
    // In flight however fast the GPU is, because its address was given out: writes need copies.
    Buffer MakeUsed(uint64_t bytes)
    {
        const auto buffer =
            m_system->CreateBuffer({.bytes = bytes, .usage = BufferUsage::Storage, .name = "recorded", .pinned = true});
        EXPECT_TRUE(Ok(buffer));
        if (!buffer)
            return {};
        EXPECT_TRUE(Ok(Uploads().Write(*buffer, 0, Filled(0, bytes))));
        FlushInFrame();
        EXPECT_TRUE(Ok(m_system->GetDeviceAddress(*buffer)));
        return *buffer;
    }
    void FlushInFrame()
    {
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            EXPECT_TRUE(Ok(Uploads().CmdFlush(frame, cmd)));
            EXPECT_TRUE(Ok(m_system->Readbacks().CmdFlush(frame, cmd)));
        });
    }

    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
};

TEST_F(RecordedTest, LibraryNeverSubmits)
{
    const Buffer buffer = MakeUsed(256);
    const uint64_t before = m_system->GetReport().submissions;
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, 256))));
    Calls().TakeSubmissions();
    m_commands->Submit(m_commands->Begin(), frame);
    EXPECT_EQ(Calls().TakeSubmissions().size(), 1u) << "the test's own";
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    m_system->Poll();
    EXPECT_TRUE(Calls().TakeSubmissions().empty());
    EXPECT_EQ(m_system->GetReport().submissions, before);
}

TEST_F(RecordedTest, SubmitIsTheEnginesJob)
{
    const Buffer buffer = MakeUsed(256);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Filled(1, 256)));
    EXPECT_TRUE(FailsWith(Uploads().Submit(), ErrorCode::NotSubmitted));
    EXPECT_TRUE(FailsWith(m_system->Readbacks().Submit(), ErrorCode::NotSubmitted));
    EXPECT_FALSE(ticket.Ready());
    EXPECT_TRUE(FailsWith(ticket.Wait(), ErrorCode::NotSubmitted));
    EXPECT_TRUE(FailsWith(ticket.Point(), ErrorCode::NotSubmitted));
    SEDX_REQUIRE(const ReadbackTicket read, m_system->Readbacks().Request(buffer));
    EXPECT_FALSE(read.Ready());
    EXPECT_TRUE(FailsWith(read.Wait(), ErrorCode::NotSubmitted));
    FlushInFrame();
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(Ok(read.Wait()));
}

TEST_F(RecordedTest, FlushedWritesArriveBeforeTheCommandsThatFollow)
{
    const Buffer source = MakeUsed(300);
    SEDX_REQUIRE(const Buffer target, Make(300, MemoryType::Readback));
    ASSERT_TRUE(Ok(Uploads().Write(source, 3, Pattern(1, 7))));
    ASSERT_TRUE(Ok(Uploads().Write(source, 100, Pattern(2, 150))));
    const Frame frame = m_commands->RunFrame(*m_system, [&](const Frame& f, VkCommandBuffer cmd) {
        EXPECT_TRUE(Ok(Uploads().CmdFlush(f, cmd)));
        EXPECT_TRUE(Ok(m_system->CopyBuffer(f, cmd, source, target, 300)));
        m_commands->Barrier(cmd);
    });
    m_commands->WaitIdle();
    m_system->Poll();
    EXPECT_GE(m_system->CompletedFrame(), frame.Number());
    SEDX_REQUIRE(const auto mapping, m_system->MapReadable<std::byte>(target));
    Bytes expected = Filled(0, 300);
    std::ranges::copy(Pattern(1, 7), expected.begin() + 3);
    std::ranges::copy(Pattern(2, 150), expected.begin() + 100);
    EXPECT_TRUE(SameBytes(expected, mapping.Span()));
}

TEST_F(RecordedTest, TicketCompletesWithItsFrame)
{
    const Buffer buffer = MakeUsed(64);
    HeldTimelines held(Calls(), HeldTimelines::OnWait::TimeOut);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Filled(1, 64)));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    SEDX_REQUIRE(const UploadTicket flushed, Uploads().CmdFlush(frame, cmd));
    EXPECT_FALSE(ticket.Ready());
    EXPECT_FALSE(flushed.Ready());
    const SubmitSync sync = m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_FALSE(ticket.Ready());
    SEDX_REQUIRE(const TimelinePoint point, ticket.Point());
    EXPECT_EQ(point.queue, sync.Point().queue);
    EXPECT_GE(point.value, sync.Point().value);
    EXPECT_TRUE(FailsWith(ticket.Wait(0), ErrorCode::Timeout));
    held.Release();
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(flushed.Ready());
}

TEST_F(RecordedTest, WhatIsNotFlushedWaitsForTheNextFrame)
{
    const Buffer buffer = MakeUsed(64);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Filled(1, 64)));
    for (int i = 0; i < 5; ++i)
        m_commands->RunFrame(*m_system);
    m_commands->WaitIdle();
    m_system->Poll();
    EXPECT_FALSE(ticket.Ready());
    FlushInFrame();
    m_commands->WaitIdle();
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(SameBytes(Filled(1, 64), ReadInFrame(*m_system, *m_commands, buffer)));
}

TEST_F(RecordedTest, StagingOfARecordedCopyIsKeptUntilItsFrameHasPassed)
{
    const Buffer buffer = MakeUsed(8192);
    Gate gate(TheDevice());
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Pattern(1, 4096))));
    m_commands->RunFrame(
        *m_system, [&](const Frame& frame, VkCommandBuffer cmd) { EXPECT_TRUE(Ok(Uploads().CmdFlush(frame, cmd))); },
        gate.Waits());
    // These must not land in the staging memory that the closed gate still protects.
    for (uint64_t i = 0; i < 50; ++i)
    {
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 4096, Pattern(100 + i, 4096))));
        m_system->Poll();
    }
    gate.Open();
    FlushInFrame();
    const Bytes read = ReadInFrame(*m_system, *m_commands, buffer);
    ASSERT_EQ(read.size(), 8192u);
    EXPECT_TRUE(SameBytes(Pattern(1, 4096), std::span(read).first(4096)));
    EXPECT_TRUE(SameBytes(Pattern(149, 4096), std::span(read).last(4096)));
}

TEST_F(RecordedTest, OutOfStagingCannotBlock)
{
    auto small = MakeSystem({.framesInFlight = 4,
                             .submitMode = SubmitMode::Recorded,
                             .stagingBlockBytes = 65536,
                             .stagingLimitBytes = 65536,
                             .warmStagingBytes = 0});
    ASSERT_TRUE(small);
    SEDX_REQUIRE(const Buffer buffer, small->CreateBuffer(1 << 20, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, small->BeginFrame());
    frame.Resolve(buffer);
    NewWaits();
    EXPECT_TRUE(FailsWith(small->Uploads().Write(buffer, 0, Filled(1, 1 << 20)), ErrorCode::NotSubmitted));
    EXPECT_TRUE(FailsWith(small->Uploads().Write(buffer, 0, Filled(1, 1 << 20), {.outOfStaging = OutOfStaging::Fail}),
                          ErrorCode::OutOfStaging));
    EXPECT_TRUE(Ok(small->Uploads().Write(buffer, 0, Filled(1, 1 << 20), {.outOfStaging = OutOfStaging::Spill})));
    EXPECT_EQ(NewWaits(), 0u);
    ASSERT_TRUE(Ok(small->AbandonFrame(frame)));
}

TEST_F(RecordedTest, FlushNeedsAnOpenFrameAndACommandBuffer)
{
    VkCommandBuffer cmd = m_commands->Begin();
    EXPECT_TRUE(FailsWith(Uploads().CmdFlush(Frame(), cmd), ErrorCode::WrongState));
    EXPECT_TRUE(FailsWith(m_system->Readbacks().CmdFlush(Frame(), cmd), ErrorCode::WrongState));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    EXPECT_TRUE(FailsWith(Uploads().CmdFlush(frame, VK_NULL_HANDLE), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Uploads().CmdFlush(frame, cmd, 99), ErrorCode::InvalidArgument));
    EXPECT_TRUE(Ok(Uploads().CmdFlush(frame, cmd))); // nothing to record
    EXPECT_TRUE(Ok(m_system->Readbacks().CmdFlush(frame, cmd)));
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(FailsWith(Uploads().CmdFlush(frame, cmd), ErrorCode::WrongState));
}

TEST_F(RecordedTest, WriteReadbackWriteInOneFlush)
{
    const Buffer buffer = MakeUsed(128);
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, 128))));
    SEDX_REQUIRE(const ReadbackTicket first, m_system->Readbacks().Request(buffer));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(2, 64))));
    SEDX_REQUIRE(const ReadbackTicket second, m_system->Readbacks().Request(buffer));
    FlushInFrame();
    SEDX_REQUIRE(const auto one, first.Wait());
    EXPECT_TRUE(SameBytes(Filled(1, 128), one));
    Bytes expected = Filled(1, 128);
    std::fill_n(expected.begin(), 64, std::byte{2});
    SEDX_REQUIRE(const auto two, second.Wait());
    EXPECT_TRUE(SameBytes(expected, two));
}

// Contract 7: nothing is ever lost silently. The frame that carried the copies was never submitted.
TEST_F(RecordedTest, CopiesOfAnAbandonedFrameAreNotLostSilently)
{
    const Buffer buffer = MakeUsed(64);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Filled(1, 64)));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    ASSERT_TRUE(Ok(Uploads().CmdFlush(frame, cmd)));
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    m_commands->SubmitAlone(m_commands->Begin());
    FlushInFrame();
    m_commands->WaitIdle();
    m_system->Poll();
    const auto waited = ticket.Wait(0);
    if (waited)
    {
        EXPECT_TRUE(SameBytes(Filled(1, 64), ReadInFrame(*m_system, *m_commands, buffer)))
            << "the ticket says that the bytes are in place";
    }
    else
    {
        EXPECT_NE(waited.error().code, ErrorCode::Timeout) << "a ticket that never completes";
    }
}

TEST_F(RecordedTest, DestroyingTheSystemWithCollectedWorkDoesNotHang)
{
    auto other = MakeSystem({.submitMode = SubmitMode::Recorded});
    ASSERT_TRUE(other);
    UploadTicket ticket;
    {
        SEDX_REQUIRE(const Buffer buffer, other->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
        SEDX_REQUIRE(const Frame frame, other->BeginFrame());
        frame.Resolve(buffer);
        SEDX_REQUIRE(ticket, other->Uploads().Write(buffer, 0, Filled(1, 64)));
        ASSERT_TRUE(Ok(other->Readbacks().Request(buffer)));
        ASSERT_TRUE(Ok(other->AbandonFrame(frame)));
    }
    other.reset();
    EXPECT_TRUE(ticket.Ready());
}

TEST_F(RecordedTest, ThreadsWriteWhileTheEngineFlushes)
{
    constexpr uint64_t kThreads = 4;
    constexpr uint64_t kEach = 300;
    const Buffer buffer = MakeUsed(kThreads * kEach * 8);
    std::atomic<uint64_t> running{kThreads};
    std::vector<std::thread> threads;
    for (uint64_t thread = 0; thread < kThreads; ++thread)
    {
        threads.emplace_back([&, thread] {
            for (uint64_t i = 0; i < kEach; ++i)
            {
                const uint64_t value = thread << 32 | i;
                const uint64_t offset = (thread * kEach + i) * 8;
                EXPECT_TRUE(Ok(Uploads().Write(buffer, offset, std::span(&value, 1))));
                if (i % 50 == 0)
                {
                    EXPECT_TRUE(Ok(m_system->Readbacks().Request({buffer, offset, 8})));
                }
            }
            --running;
        });
    }
    while (running != 0)
        FlushInFrame();
    for (std::thread& thread : threads)
        thread.join();
    FlushInFrame();
    const Bytes read = ReadInFrame(*m_system, *m_commands, buffer);
    ASSERT_EQ(read.size(), kThreads * kEach * 8);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < kThreads * kEach; ++i)
    {
        const uint64_t value = (i / kEach) << 32 | i % kEach;
        wrong += std::memcmp(read.data() + i * 8, &value, 8) != 0 ? 1u : 0u;
    }
    EXPECT_EQ(wrong, 0u);
}

// In own submission mode an engine may still take the copies into its own command buffer.
TEST_F(RecordedTest, FlushIsAllowedInOwnMode)
{
    auto own = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(own);
    SEDX_REQUIRE(const Buffer source, own->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Buffer target, own->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    const uint64_t before = own->GetReport().submissions;
    m_commands->RunFrame(*own, [&](const Frame& frame, VkCommandBuffer cmd) {
        EXPECT_TRUE(static_cast<bool>(frame.Resolve(source)));
        EXPECT_TRUE(Ok(own->Uploads().Write(source, 0, Filled(1, 64))));
        EXPECT_TRUE(Ok(own->Uploads().CmdFlush(frame, cmd)));
        EXPECT_TRUE(Ok(own->CopyBuffer(frame, cmd, source, target, 64)));
    });
    EXPECT_EQ(own->GetReport().submissions, before);
    EXPECT_TRUE(SameBytes(Filled(1, 64), ReadBack(*own, target)));
}
} // namespace
} // namespace sedx::test
