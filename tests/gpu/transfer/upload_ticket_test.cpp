// UploadTicket: its states, waiting for it, and what it says when a submission failed.
#include "upload_test.h"

#include <atomic>
#include <thread>

namespace sedx::test
{
namespace
{
class UploadTicketTest : public UploadTest
{};

INSTANTIATE_TEST_SUITE_P(Layouts, UploadTicketTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(UploadTicketTest, DefaultTicketIsComplete)
{
    const UploadTicket ticket;
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(Ok(ticket.Wait(0)));
    SEDX_REQUIRE(const TimelinePoint point, ticket.Point());
    EXPECT_EQ(point.value, 0u);
}

TEST_P(UploadTicketTest, TicketGoesThroughItsStates)
{
    SEDX_REQUIRE(const Buffer buffer, Make(64));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    HeldTimelines held(Calls(), HeldTimelines::OnWait::TimeOut);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Filled(1, 64)));
    EXPECT_FALSE(ticket.Ready());
    EXPECT_TRUE(FailsWith(ticket.Point(), ErrorCode::NotSubmitted));
    SEDX_REQUIRE(const UploadTicket submitted, Uploads().Submit());
    EXPECT_FALSE(ticket.Ready());
    SEDX_REQUIRE(const TimelinePoint point, ticket.Point());
    EXPECT_EQ(point.queue, kTransferTimeline);
    EXPECT_GT(point.value, 0u);
    SEDX_REQUIRE(const TimelinePoint same, submitted.Point());
    EXPECT_EQ(same, point);
    EXPECT_FALSE(m_system->HasPassed(point));
    EXPECT_TRUE(FailsWith(ticket.Wait(0), ErrorCode::Timeout));
    EXPECT_TRUE(FailsWith(ticket.Wait(1000), ErrorCode::Timeout));
    held.Release();
    const UploadTicket copy = ticket;
    EXPECT_TRUE(Ok(copy.Wait()));
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(m_system->HasPassed(point));
    EXPECT_TRUE(Ok(ticket.Wait(0)));
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
}

TEST_P(UploadTicketTest, WaitSubmitsWhatWasOnlyCollected)
{
    SEDX_REQUIRE(const Buffer buffer, Make(64));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Filled(1, 64)));
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(ticket.Ready());
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    EXPECT_TRUE(SameBytes(Filled(1, 64), ReadBack(*m_system, buffer)));
}

TEST_P(UploadTicketTest, WaitIsCountedWithItsCause)
{
    SEDX_REQUIRE(const Buffer buffer, Make(64));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    HeldTimelines held(Calls()); // a wait that cannot be answered without waiting
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Filled(1, 64)));
    ASSERT_TRUE(Ok(ticket.Wait()));
    const Report report = m_system->GetReport();
    EXPECT_EQ(report.Waits(WaitCause::Upload).count, 1u);
    EXPECT_EQ(report.Waits(WaitCause::Readback).count, 0u);
    EXPECT_EQ(report.Waits(WaitCause::Pacing).count, 0u);
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
}

TEST_P(UploadTicketTest, ReadyNeedsNoFrames)
{
    SEDX_REQUIRE(const Buffer buffer, Make(64));
    m_commands->UseInFrame(*m_system, buffer);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Filled(1, 64)));
    ASSERT_TRUE(Ok(Uploads().Submit()));
    m_commands->WaitIdle();
    NewWaits();
    EXPECT_TRUE(ticket.Ready()); // polls by itself
    EXPECT_EQ(NewWaits(), 0u);
}

TEST_P(UploadTicketTest, TicketOutlivesTheSystem)
{
    UploadTicket collected, submitted;
    {
        auto system = MakeSystem();
        ASSERT_TRUE(system);
        SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        frame.Resolve(buffer);
        SEDX_REQUIRE(submitted, system->Uploads().Write(buffer, 0, Filled(1, 64)));
        ASSERT_TRUE(Ok(system->Uploads().Submit()));
        SEDX_REQUIRE(collected, system->Uploads().Write(buffer, 0, Filled(1, 64)));
    }
    for (const UploadTicket& ticket : {collected, submitted})
    {
        EXPECT_TRUE(ticket.Ready());
        ticket.Wait(0);
        ticket.Point();
    }
    EXPECT_TRUE(Ok(submitted.Wait(0)));
}

// Drivers stall when many threads wait for one timeline (decision 5).
TEST_P(UploadTicketTest, OneThreadOfManyWaitsInTheDriver)
{
    constexpr uint32_t kThreads = 8;
    SEDX_REQUIRE(const Buffer buffer, Make(64));
    HeldTimelines held(Calls(), HeldTimelines::OnWait::Block);
    m_commands->UseInFrame(*m_system, buffer); // does not pass: nothing is written in place
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Filled(1, 64)));
    ASSERT_TRUE(Ok(Uploads().Submit()));
    ASSERT_FALSE(ticket.Ready());
    std::atomic<uint32_t> begun{0};
    std::vector<std::thread> threads;
    for (uint32_t i = 0; i < kThreads; ++i)
        threads.emplace_back([&] {
            begun.fetch_add(1);
            EXPECT_TRUE(Ok(ticket.Wait()));
        });
    while (begun.load() != kThreads || held.Waits() == 0)
        std::this_thread::yield();
    for (int i = 0; i < 100; ++i) // the others get there, too
    {
        m_system->Poll();
        std::this_thread::yield();
    }
    EXPECT_EQ(1u, held.Waits());
    held.Release();
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_TRUE(ticket.Ready());
}

TEST_P(UploadTicketTest, ThreadsWaitForOneTicket)
{
    SEDX_REQUIRE(const Buffer buffer, Make(64));
    m_commands->UseInFrame(*m_system, buffer);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Filled(1, 64)));
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] { EXPECT_TRUE(Ok(ticket.Wait())); });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_TRUE(ticket.Ready());
}

// ---- failures ------------------------------------------------------------------------------------------------------
TEST_P(UploadTicketTest, FailedSubmissionIsReportedByItsTickets)
{
    SEDX_REQUIRE(const Buffer buffer, Make(64));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, 64))));
    m_commands->UseInFrame(*m_system, buffer);
    m_commands->WaitIdle();
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Filled(2, 64)));
    Calls().FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 1000);
    EXPECT_TRUE(FailsWith(Uploads().Submit(), ErrorCode::OutOfDeviceMemory));
    Calls().StopFailing();
    const auto waited = ticket.Wait();
    if (waited) // tried again: then the bytes must have arrived
    {
        EXPECT_TRUE(SameBytes(Filled(2, 64), ReadBack(*m_system, buffer)));
    }
    else
    {
        EXPECT_EQ(waited.error().code, ErrorCode::OutOfDeviceMemory) << waited.error().message;
    }
    EXPECT_TRUE(ticket.Ready());
    EXPECT_FALSE(TheDevice().IsLost());
    // And life goes on.
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(3, 64))));
    m_commands->Submit(m_commands->Begin(), frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(SameBytes(Filled(3, 64), ReadBack(*m_system, buffer)));
}

TEST_P(UploadTicketTest, FailedRecordingIsReportedAndSurvived)
{
    for (const Fn function : {Fn::BeginCommandBuffer, Fn::EndCommandBuffer})
    {
        SEDX_REQUIRE(const Buffer buffer, Make(64));
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        frame.Resolve(buffer);
        SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Filled(2, 64)));
        Calls().FailFunction(function, VK_ERROR_OUT_OF_HOST_MEMORY, 1, 1);
        EXPECT_TRUE(FailsWith(Uploads().Submit(), ErrorCode::OutOfHostMemory)) << FunctionName(function);
        Calls().StopFailing();
        if (ticket.Wait())
        {
            EXPECT_TRUE(SameBytes(Filled(2, 64), ReadBack(*m_system, buffer)));
        }
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(3, 64))));
        m_commands->Submit(m_commands->Begin(), frame);
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
        EXPECT_TRUE(SameBytes(Filled(3, 64), ReadBack(*m_system, buffer)));
    }
}

TEST_P(UploadTicketTest, BufferDestroyedRightAfterItsUpload)
{
    for (uint64_t i = 0; i < 20; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, Make(5000));
        m_commands->UseInFrame(*m_system, buffer);
        SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, Pattern(i, 5000)));
        buffer = {};
        m_system->Poll();
        // Its memory must not be given to this one before the copy has gone.
        SEDX_REQUIRE(const Buffer next, Make(5000));
        ASSERT_TRUE(Ok(Uploads().Write(next, 0, Pattern(1000 + i, 5000))));
        if (i % 2 == 0)
        {
            EXPECT_TRUE(Ok(ticket.Wait()));
        }
        ASSERT_TRUE(SameBytes(Pattern(1000 + i, 5000), ReadBack(*m_system, next)));
    }
    m_commands->WaitIdle();
    m_commands->RunFrame(*m_system);
    m_commands->WaitIdle();
    m_system->Poll();
    EXPECT_EQ(m_system->GetReport().liveBuffers, 0u);
    EXPECT_EQ(m_system->GetReport().pendingDestroyed, 0u);
}
} // namespace
} // namespace sedx::test
