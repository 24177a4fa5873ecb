// How background writes end: cancelled, without their buffer, system or device, in recorded mode; and what tickets say of it.
#include "background_write_test.h"

#include <atomic>
#include <thread>

namespace sedx::test
{
namespace
{
// ---- cancelling ----------------------------------------------------------------------------------------------------

TEST_F(BackgroundWriteTest, CancelledBeforeItBeganItNeverArrives)
{
    Bytes bytes = Pattern(1, kBytes);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, bytes, kLaterKept));
    EXPECT_EQ(Uploads().Cancel(ticket), kBytes);
    bytes = {};
    EXPECT_EQ(Now().cancelledBytes, kBytes);
    EXPECT_EQ(Now().queuedBytes, 0u);
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(FailsWith(ticket.Wait(), ErrorCode::Cancelled));
    EXPECT_TRUE(FailsWith(Uploads().Promote(ticket), ErrorCode::Cancelled));
    EXPECT_EQ(Uploads().Cancel(ticket), 0u);
    EXPECT_FALSE(m_system->IsInFlight(m_buffer));
    Flush();
    EXPECT_TRUE(SameBytes(Filled(0, kBytes), Seen()));
    EXPECT_TRUE(m_system->Uploads().Explain(ticket).find("cancelled") != std::string::npos);
}

TEST_F(BackgroundWriteTest, CancelledHalfWayWhatWentOutStays)
{
    const Bytes bytes = Pattern(1, kBytes);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, bytes, kLater));
    SEDX_REQUIRE(const UploadTicket other, Uploads().Write(m_buffer, 20'000, Pattern(2, 5000), kLater));
    Flush();
    EXPECT_EQ(Uploads().Cancel(ticket), 20'000 - kCap) << "the rest belongs to the other";
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(FailsWith(ticket.Wait(), ErrorCode::Cancelled));
    EXPECT_EQ(Now().queuedBytes, 5000u);
    EXPECT_TRUE(Ok(other.Wait()));
    EXPECT_TRUE(SameBytes(Over(Over(Filled(0, kBytes), 0, First(bytes, kCap)), 20'000, Pattern(2, 5000)),
                          ReadBack(*m_system, m_buffer)));
}

TEST_F(BackgroundWriteTest, WhatIsOnItsWayCannotBeCancelled)
{
    SEDX_REQUIRE(const UploadTicket sent, Uploads().Write(m_buffer, 0, Pattern(1, 5000), kLater));
    Flush();
    EXPECT_EQ(Uploads().Cancel(sent), 0u);
    EXPECT_TRUE(Ok(sent.Wait()));
    SEDX_REQUIRE(const UploadTicket normal, Uploads().Write(m_buffer, 0, Pattern(2, 5000)));
    EXPECT_EQ(Uploads().Cancel(normal), 0u);
    EXPECT_TRUE(Ok(normal.Wait()));
    EXPECT_EQ(Uploads().Cancel(UploadTicket()), 0u);
    EXPECT_TRUE(SameBytes(Pattern(2, 5000), ReadBack(*m_system, {m_buffer, 0, 5000})));
}

// The caller frees kept bytes as soon as Cancel returns, while other threads are sending them.
TEST_F(BackgroundWriteTest, CancelWhileOthersSend)
{
    Uploads().SetBackgroundBytesPerFrame(3000);
    std::atomic<bool> ends{false};
    std::thread frames([&] {
        TestCommands commands(TheDevice());
        while (!ends)
            commands.RunFrame(*m_system);
    });
    for (uint64_t i = 0; i < 300; ++i)
    {
        auto bytes = std::make_unique<Bytes>(Pattern(i, kBytes));
        const auto ticket = Uploads().Write(m_buffer, 0, *bytes, kLaterKept);
        EXPECT_TRUE(Ok(ticket));
        if (i % 3 == 0)
            std::this_thread::yield();
        if (Uploads().Cancel(*ticket) == 0)
        {
            EXPECT_TRUE(Ok(ticket->Wait()));
        }
        std::ranges::fill(*bytes, std::byte{0xEE});
        bytes.reset();
    }
    ends = true;
    frames.join();
    EXPECT_EQ(Now().queuedBytes, 0u);
}

// ---- buffers that go -----------------------------------------------------------------------------------------------

TEST_F(BackgroundWriteTest, WhatNobodyCanSeeIsNotSent)
{
    SEDX_REQUIRE(Buffer doomed, Make(kBytes));
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(doomed, 0, Pattern(1, kBytes), kLater));
    Flush();
    doomed = {};
    m_commands->WaitIdle();
    m_system->Poll();
    Flush();
    EXPECT_EQ(Now().droppedBytes, kBytes - kCap);
    EXPECT_EQ(Now().queuedBytes, 0u);
    EXPECT_EQ(Now().backgroundBytes, kCap);
    EXPECT_TRUE(Ok(ticket.Wait()));
    m_commands->WaitIdle();
    m_system->Poll();
    EXPECT_EQ(Now().pendingDestroyed, 0u);
    EXPECT_EQ(Now().gpu.buffers, 1u) << "its memory is free again";
}

TEST_F(BackgroundWriteTest, WithoutFramesDroppedBuffersLeaveNothing)
{
    for (int i = 0; i < 50; ++i)
    {
        SEDX_REQUIRE(const Buffer doomed, Make(kBytes));
        ASSERT_TRUE(Ok(Uploads().Write(doomed, 0, Pattern(1, kBytes), kLater)));
    } // each is dropped before the next
    m_system->Poll();
    EXPECT_EQ(Now().queuedBytes, 0u);
    EXPECT_EQ(Now().queueMemoryBytes, 0u);
    EXPECT_EQ(Now().droppedBytes, 50 * kBytes);
    EXPECT_EQ(Now().gpu.buffers, 1u);
}

TEST_F(BackgroundWriteTest, APoolDoesNotHandOnABufferWithQueuedWrites)
{
    auto& pools = m_system->Modules().Emplace<BufferPoolManager>(*m_system);
    SEDX_REQUIRE(PooledBuffer lease, pools.AcquireStorageBuffer(kBytes));
    ASSERT_TRUE(Ok(Uploads().Write(lease.Get(), 0, Pattern(1, kBytes), kLater)));
    const BufferId id = lease.Get().ID();
    lease.Release();
    EXPECT_TRUE(FailsWith(m_system->Find(id), ErrorCode::StaleHandle));
    Flush();
    EXPECT_EQ(Now().droppedBytes, kBytes);
}

// ---- what tickets say ----------------------------------------------------------------------------------------------

TEST_F(BackgroundWriteTest, ExplainAndLastTransferKnowTheQueue)
{
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, Pattern(1, kBytes), kLater));
    Flush();
    const std::string text = Uploads().Explain(ticket);
    for (const char* part :
         {"15000 of 25000 bytes are queued", "15000 bytes are in the queue", "10000 go out in a frame"})
        EXPECT_NE(text.find(part), std::string::npos) << text;
    const UploadTicket last = Uploads().LastTransfer(m_buffer);
    EXPECT_FALSE(last.Ready());
    EXPECT_TRUE(Ok(last.Wait()));
    EXPECT_TRUE(ticket.Ready());
    EXPECT_NE(Uploads().Explain(ticket).find("complete"), std::string::npos) << Uploads().Explain(ticket);
    EXPECT_TRUE(Uploads().LastTransfer(m_buffer).Ready());
}

TEST_F(BackgroundWriteTest, ASubmissionThatFailsIsToldByItsTicketOnly)
{
    SEDX_REQUIRE(const UploadTicket first, Uploads().Write(m_buffer, 0, Pattern(1, kCap), kLater));
    SEDX_REQUIRE(const UploadTicket second, Uploads().Write(m_buffer, kCap, Pattern(2, kBytes - kCap), kLater));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    m_commands->Submit(m_commands->Begin(), frame);
    Calls().FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    EXPECT_TRUE(FailsWith(m_system->EndFrame(frame), ErrorCode::OutOfDeviceMemory));
    Calls().StopFailing();
    EXPECT_TRUE(m_log.Contains("copies were lost"));
    EXPECT_TRUE(first.Ready());
    EXPECT_TRUE(FailsWith(first.Wait(), ErrorCode::OutOfDeviceMemory));
    EXPECT_TRUE(Ok(second.Wait()));
    // In the middle: the rest goes on, and the ticket tells the error in the end.
    SEDX_REQUIRE(const UploadTicket third, Uploads().Write(m_buffer, 0, Pattern(3, kBytes), kLater));
    SEDX_REQUIRE(const Frame next, m_system->BeginFrame());
    m_commands->Submit(m_commands->Begin(), next);
    Calls().FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    EXPECT_TRUE(FailsWith(m_system->EndFrame(next), ErrorCode::OutOfDeviceMemory));
    Calls().StopFailing();
    EXPECT_FALSE(third.Ready());
    EXPECT_EQ(Now().queuedBytes, kBytes - kCap);
    EXPECT_TRUE(FailsWith(third.Wait(), ErrorCode::OutOfDeviceMemory));
    const Bytes bytes = Pattern(3, kBytes);
    EXPECT_TRUE(SameBytes(std::span(bytes).subspan(kCap), ReadBack(*m_system, {m_buffer, kCap, kBytes - kCap})));
}

TEST_F(BackgroundWriteTest, TheSystemMayGoBeforeItWasSent)
{
    Bytes bytes = Pattern(1, kBytes);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, bytes, kLaterKept));
    SEDX_REQUIRE(const UploadTicket copied, Uploads().Write(m_buffer, 0, Pattern(1, 10), kLater));
    m_system.reset(); // what is queued for buffers that nobody has any more is no loss
    m_buffer = {};
    bytes = {};
    EXPECT_TRUE(m_log.Contains("never submitted"));
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(copied.Ready());
}

// A device of its own, which is lost.
TEST(LostBackgroundWriteTest, QueuedWritesSaySoAndNobodyReadsKeptBytes)
{
    constexpr uint64_t kCap = BackgroundWriteTest::kCap;
    constexpr uint64_t kBytes = BackgroundWriteTest::kBytes;
    const WriteOptions& kLater = BackgroundWriteTest::kLater;
    const WriteOptions& kLaterKept = BackgroundWriteTest::kLaterKept;
    TestDevice own;
    own.Present(MemoryLayout::Discrete());
    ASSERT_TRUE(own.Create());
    {
        LogCapture log;
        SEDX_REQUIRE(auto system,
                     BufferSystem::Create({.device = own.device, .backgroundBytesPerFrame = kCap, .checked = true}));
        SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(kBytes, BufferUsage::Storage, MemoryType::GPU));
        Bytes bytes = Pattern(1, kBytes);
        SEDX_REQUIRE(const UploadTicket ready, system->Uploads().Write(buffer, 0, bytes, kLaterKept));
        SEDX_REQUIRE(const UploadTicket waits, system->Uploads().Write(buffer, 0, Pattern(1, 100), kLater));
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        own.interceptor.LoseDevice();
        EXPECT_FALSE(system->EndFrame(frame));
        EXPECT_TRUE(own.device.IsLost());
        EXPECT_TRUE(ready.Ready());
        bytes = {};
        EXPECT_TRUE(FailsWith(ready.Wait(), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(waits.Wait(), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(system->Uploads().Promote(waits), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(system->Uploads().Write(buffer, 0, Pattern(1, 100), kLater), ErrorCode::DeviceLost));
        EXPECT_EQ(system->Uploads().Cancel(waits), 0u);
        EXPECT_EQ(system->GetReport().queuedBytes, 0u);
    }
    own.device = {};
    EXPECT_EQ(own.interceptor.Alive(), "");
}

// ---- recorded mode -------------------------------------------------------------------------------------------------

class BackgroundRecordedTest : public BackgroundWriteTest
{
    SubmitMode Mode() const override { return SubmitMode::Recorded; }
};

TEST_F(BackgroundRecordedTest, TheFirstFlushOfAFrameCarriesTheCap)
{
    const Bytes bytes = Pattern(1, kBytes);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, bytes, kLater));
    m_commands->RunFrame(*m_system); // no flush
    EXPECT_EQ(Now().queuedBytes, kBytes);
    EXPECT_TRUE(FailsWith(ticket.Wait(), ErrorCode::NotSubmitted));
    EXPECT_TRUE(FailsWith(ticket.Point(), ErrorCode::NotSubmitted));
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        EXPECT_TRUE(Ok(Uploads().CmdFlush(frame, cmd)));
        EXPECT_TRUE(Ok(m_system->Readbacks().CmdFlush(frame, cmd)));
        EXPECT_TRUE(Ok(Uploads().CmdFlush(frame, cmd)));
    });
    EXPECT_EQ(Now().queuedBytes, kBytes - kCap);
    Flush();
    Flush();
    EXPECT_EQ(Now().queuedBytes, 0u);
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(SameBytes(bytes, Seen()));
}

TEST_F(BackgroundRecordedTest, PromotedItGoesWithTheNextFlush)
{
    constexpr uint64_t kLong = kLimit + kBlock; // more than staging
    SEDX_REQUIRE(const Buffer large, Make(kLong));
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(large, 0, Pattern(1, kLong), kLater));
    ASSERT_TRUE(Ok(Uploads().Promote(ticket)));
    EXPECT_TRUE(FailsWith(ticket.Wait(), ErrorCode::NotSubmitted));
    Flush();
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(SameBytes(Pattern(1, kLong), ReadInFrame(*m_system, *m_commands, large)));
}

TEST_F(BackgroundRecordedTest, WhatAnAbandonedFrameCarriedFails)
{
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, Pattern(1, 5000), kLater));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    ASSERT_TRUE(Ok(Uploads().CmdFlush(frame, cmd)));
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(FailsWith(ticket.Wait(), ErrorCode::WrongState));
}

// Own mode: while an open frame carries recorded copies, nothing newer goes out, and nothing piles up.
TEST_F(BackgroundWriteTest, HoldsBackBehindRecordedCopies)
{
    SEDX_REQUIRE(const Frame recorded, m_system->BeginFrame());
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 0, Filled(1, 100))));
    VkCommandBuffer cmd = m_commands->Begin();
    ASSERT_TRUE(Ok(Uploads().CmdFlush(recorded, cmd)));
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, Pattern(2, kBytes), kLater));
    Flush();
    EXPECT_EQ(Now().queuedBytes, kBytes);
    m_commands->Submit(cmd, recorded);
    ASSERT_TRUE(Ok(m_system->EndFrame(recorded)));
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(SameBytes(Pattern(2, kBytes), ReadBack(*m_system, m_buffer)));
}
} // namespace
} // namespace sedx::test
