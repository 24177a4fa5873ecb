// Writes with UploadPriority::Background: sent over frames within the cap, in order with everything that touches their bytes.
#include "background_write_test.h"

#include <atomic>
#include <thread>

namespace sedx::test
{
namespace
{
const WriteOptions kCritical{.priority = UploadPriority::Critical};

// ---- the cap -------------------------------------------------------------------------------------------------------

TEST_F(BackgroundWriteTest, GoesOutOverFramesWithinTheCap)
{
    const Bytes bytes = Pattern(1, kBytes);
    const Bytes zeros = Filled(0, kBytes);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, bytes, kLater));
    EXPECT_EQ(Now().queuedBytes, kBytes);
    EXPECT_EQ(Now().queuedWrites, 1u);
    EXPECT_EQ(Now().queueMemoryBytes, kBytes);
    ASSERT_TRUE(Ok(Uploads().Submit())); // nothing of it
    EXPECT_EQ(Now().queuedBytes, kBytes);
    EXPECT_TRUE(SameBytes(zeros, Seen()));
    EXPECT_EQ(Now().queuedBytes, kBytes - kCap);
    EXPECT_FALSE(ticket.Ready());
    EXPECT_TRUE(SameBytes(Over(zeros, 0, First(bytes, kCap)), Seen()));
    EXPECT_EQ(Now().queuedBytes, kBytes - 2 * kCap);
    EXPECT_FALSE(ticket.Ready());
    EXPECT_TRUE(SameBytes(Over(zeros, 0, First(bytes, 2 * kCap)), Seen()));
    EXPECT_EQ(Now().queuedBytes, 0u);
    EXPECT_TRUE(SameBytes(bytes, Seen()));
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_EQ(Now().backgroundBytes, kBytes);
    EXPECT_EQ(Now().promotedBytes, 0u);
    EXPECT_EQ(Now().queuedWrites, 0u);
    EXPECT_EQ(Now().queueMemoryBytes, 0u);
}

TEST_F(BackgroundWriteTest, TheOldestGoFirstAndShareTheCap)
{
    std::vector<UploadTicket> tickets;
    for (uint64_t i = 0; i < 5; ++i)
    {
        SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, i * 4001, Pattern(i, 4001), kLater));
        tickets.push_back(ticket);
    }
    for (uint64_t left = 5 * 4001; left != 0;)
    {
        EXPECT_EQ(Now().queuedBytes, left);
        Flush();
        m_commands->WaitIdle();
        left -= std::min(left, kCap);
        for (uint64_t i = 0; i < 5; ++i)
            EXPECT_EQ(tickets[i].Ready(), left <= (4 - i) * 4001) << i << " with " << left << " left";
    }
    Bytes expected = Filled(0, kBytes);
    for (uint64_t i = 0; i < 5; ++i)
        expected = Over(std::move(expected), i * 4001, Pattern(i, 4001));
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, m_buffer)));
}

TEST_F(BackgroundWriteTest, TheCapCanChangeAndZeroHoldsBack)
{
    EXPECT_EQ(Uploads().GetBackgroundBytesPerFrame(), kCap);
    Uploads().SetBackgroundBytesPerFrame(0);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, Pattern(1, kBytes), kLater));
    Flush();
    EXPECT_EQ(Now().queuedBytes, kBytes);
    Uploads().SetBackgroundBytesPerFrame(1);
    Flush();
    EXPECT_EQ(Now().queuedBytes, kBytes - 1);
    Uploads().SetBackgroundBytesPerFrame(1 << 30);
    Flush();
    EXPECT_EQ(Now().queuedBytes, 0u);
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(SameBytes(Pattern(1, kBytes), ReadBack(*m_system, m_buffer)));
}

TEST_F(BackgroundWriteTest, WithoutStagingItWaitsForTheNextFrame)
{
    SEDX_REQUIRE(const Frame holder, m_system->BeginFrame());
    std::vector<StagingLease> leases;
    for (uint64_t i = 0; i < kLimit / kBlock; ++i)
    {
        SEDX_REQUIRE(const StagingLease lease, Uploads().Stage(kBlock, 0, holder, OutOfStaging::Fail));
        leases.push_back(lease);
    }
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, Pattern(1, kBytes), kLater));
    Flush(); // another frame ends
    EXPECT_EQ(Now().queuedBytes, kBytes);
    EXPECT_TRUE(FailsWith(ticket.Wait(), ErrorCode::OutOfStaging));
    EXPECT_EQ(Now().queuedBytes, kBytes);
    m_commands->Submit(m_commands->Begin(), holder);
    ASSERT_TRUE(Ok(m_system->EndFrame(holder)));
    m_commands->WaitIdle();
    m_system->Poll();
    Flush();
    EXPECT_EQ(Now().queuedBytes, kBytes - kCap);
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(SameBytes(Pattern(1, kBytes), ReadBack(*m_system, m_buffer)));
}

// ---- waiting -------------------------------------------------------------------------------------------------------

TEST_F(BackgroundWriteTest, WaitSendsItAllWithoutRegardToTheCap)
{
    Uploads().SetBackgroundBytesPerFrame(0);
    constexpr uint64_t kLong = 3 * kLimit + 7; // more than staging
    SEDX_REQUIRE(const Buffer large, Make(kLong));
    const Bytes bytes = Pattern(2, kLong);
    SEDX_REQUIRE(const UploadTicket other, Uploads().Write(m_buffer, 0, Pattern(1, kBytes), kLater));
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(large, 0, bytes, kLater));
    EXPECT_TRUE(FailsWith(ticket.Point(), ErrorCode::NotSubmitted));
    ASSERT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(ticket.Ready());
    EXPECT_FALSE(other.Ready());
    EXPECT_EQ(Now().queuedBytes, kBytes) << "the other one stays";
    EXPECT_EQ(Now().promotedBytes, kLong);
    EXPECT_LE(Now().staging.peakBytes, kLimit);
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, large)));
    ASSERT_TRUE(Ok(other.Wait()));
}

TEST_F(BackgroundWriteTest, WaitLooksAtTheTimeout)
{
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, Pattern(1, kBytes), kLater));
    {
        HeldTimelines held(Calls(), HeldTimelines::OnWait::TimeOut);
        EXPECT_TRUE(FailsWith(ticket.Wait(0), ErrorCode::Timeout));
        EXPECT_FALSE(ticket.Ready());
        SEDX_REQUIRE(const TimelinePoint point, ticket.Point());
        EXPECT_EQ(point.queue, kTransferTimeline);
        EXPECT_NE(point.value, 0u);
    }
    EXPECT_TRUE(Ok(ticket.Wait()));
    SEDX_REQUIRE(const TimelinePoint passed, ticket.Point());
    EXPECT_EQ(passed.value, 0u);
}

TEST_F(BackgroundWriteTest, PromoteLetsTheNextSubmissionCarryIt)
{
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, Pattern(1, kBytes), kLater));
    const uint64_t before = Now().submissions;
    ASSERT_TRUE(Ok(Uploads().Promote(ticket)));
    ASSERT_TRUE(Ok(Uploads().Promote(ticket))) << "nothing is left to do";
    EXPECT_EQ(Now().queuedBytes, 0u);
    EXPECT_EQ(Now().promotedBytes, kBytes);
    EXPECT_EQ(Now().submissions, before);
    EXPECT_TRUE(SameBytes(Pattern(1, kBytes), Seen()));
    EXPECT_TRUE(Ok(Uploads().Promote(UploadTicket())));
}

// ---- priorities ----------------------------------------------------------------------------------------------------

TEST_F(BackgroundWriteTest, CriticalDoesNotWaitWhereNormalDoes)
{
    constexpr uint64_t kLong = kLimit + kBlock;
    SEDX_REQUIRE(const Buffer large, Make(kLong));
    SEDX_REQUIRE(const UploadTicket later, Uploads().Write(m_buffer, 0, Pattern(1, kBytes), kLater));
    NewWaits();
    const uint64_t before = Now().submissions;
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(large, 0, Pattern(2, kLong), kCritical));
    EXPECT_EQ(NewWaits(), 0u);
    EXPECT_EQ(Now().submissions, before);
    EXPECT_GT(Now().staging.peakBytes, kLimit);
    WriteOptions failing = kCritical;
    failing.outOfStaging = OutOfStaging::Fail;
    EXPECT_TRUE(FailsWith(Uploads().Write(large, 0, Pattern(2, kLong), failing), ErrorCode::OutOfStaging));
    WriteOptions asked = kCritical;
    uint64_t calls = 0;
    asked.onOutOfStaging = [&](uint64_t) { return ++calls, OutOfStaging::Fail; };
    EXPECT_TRUE(FailsWith(Uploads().Write(large, 0, Pattern(2, kLong), asked), ErrorCode::OutOfStaging));
    EXPECT_GE(calls, 1u);
    ASSERT_TRUE(Ok(ticket.Wait()));
    EXPECT_FALSE(later.Ready());
    EXPECT_EQ(Now().queuedBytes, kBytes) << "nobody sends background bytes with it";
    EXPECT_TRUE(SameBytes(Pattern(2, kLong), ReadBack(*m_system, large)));
}

// ---- whose memory --------------------------------------------------------------------------------------------------

TEST_F(BackgroundWriteTest, CopiedBytesMayChangeAfterTheCall)
{
    Bytes bytes = Pattern(1, kBytes);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, bytes, kLater));
    std::ranges::fill(bytes, std::byte{0xEE});
    ASSERT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(SameBytes(Pattern(1, kBytes), ReadBack(*m_system, m_buffer)));
}

// Changing kept bytes breaks the contract; here it shows when they are read.
TEST_F(BackgroundWriteTest, KeptBytesAreReadWhenTheyAreSentAndTakeNoMemory)
{
    Bytes bytes = Filled(1, kBytes);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, bytes, kLaterKept));
    EXPECT_EQ(Now().queueMemoryBytes, 0u);
    EXPECT_EQ(Now().queuedBytes, kBytes);
    std::ranges::fill(bytes, std::byte{2});
    Flush(); // sends the first 10,000
    std::ranges::fill(bytes, std::byte{3});
    ASSERT_TRUE(Ok(ticket.Wait())); // the rest
    std::ranges::fill(bytes, std::byte{4});
    EXPECT_TRUE(SameBytes(Over(Filled(3, kBytes), 0, Filled(2, kCap)), ReadBack(*m_system, m_buffer)));
}

TEST_F(BackgroundWriteTest, KeptChangesNothingForOtherPriorities)
{
    for (const UploadPriority priority : {UploadPriority::Normal, UploadPriority::Critical})
    {
        Bytes bytes = Pattern(5, 1000);
        ASSERT_TRUE(Ok(
            Uploads().Write(m_buffer, 0, bytes, {.priority = priority, .source = SourceLifetime::KeptUntilComplete})));
        EXPECT_TRUE(SameBytes(Pattern(5, 1000), ReadBack(*m_system, {m_buffer, 0, 1000})));
    }
}

TEST_F(BackgroundWriteTest, InPlaceWhereThatIsPossible)
{
    SEDX_REQUIRE(const Buffer mapped, Make(1000, MemoryType::CPU));
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(mapped, 0, Pattern(1, 1000), kLater));
    EXPECT_TRUE(ticket.Ready());
    EXPECT_EQ(Now().queuedBytes, 0u);
    // Kept bytes are not touched within the call.
    const Bytes kept = Pattern(2, 500);
    SEDX_REQUIRE(const UploadTicket later, Uploads().Write(mapped, 0, kept, kLaterKept));
    EXPECT_FALSE(later.Ready());
    EXPECT_TRUE(m_system->IsInFlight(mapped));
    EXPECT_TRUE(FailsWith(m_system->MapBuffer(mapped, MapMode::Write), ErrorCode::Busy));
    // A write behind it does not come before it in place.
    ASSERT_TRUE(Ok(Uploads().Write(mapped, 100, Pattern(3, 100))));
    ASSERT_TRUE(Ok(later.Wait()));
    EXPECT_TRUE(SameBytes(Over(Over(Pattern(1, 1000), 0, kept), 100, Pattern(3, 100)), ReadBack(*m_system, mapped)));
}

// ---- order ---------------------------------------------------------------------------------------------------------

TEST_F(BackgroundWriteTest, WhatIsWrittenOverQueuedBytesReplacesThem)
{
    const Bytes bytes = Pattern(1, kBytes);
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 0, bytes, kLater));
    const uint64_t before = Now().supersededBytes;
    const Bytes over = Pattern(2, 3000);
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 500, std::span<const std::byte>(over).first(100)))); // short
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 5000, std::span<const std::byte>(over), kCritical)));
    const Bytes longOne = Pattern(3, 9000);
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 12'000, longOne)));
    EXPECT_EQ(Now().queuedBytes, kBytes - 12'100);
    EXPECT_EQ(Now().supersededBytes, before + 12'100);
    const Bytes expected = Over(Over(Over(bytes, 500, First(over, 100)), 5000, over), 12'000, longOne);
    Flush();
    Flush();
    m_commands->WaitIdle();
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(SameBytes(expected, Seen()));
}

TEST_F(BackgroundWriteTest, WrittenOverWhollyItIsCompleteAndNeverSent)
{
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(m_buffer, 100, Pattern(1, 3000), kLater));
    const Bytes over = Pattern(2, kBytes);
    ASSERT_TRUE(Ok(Uploads().WriteMany(std::vector<BufferWrite>{{m_buffer, 0, over}})));
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_EQ(Now().queuedBytes, 0u);
    EXPECT_EQ(Now().queueMemoryBytes, 0u);
    EXPECT_EQ(Now().backgroundBytes, 0u);
    EXPECT_TRUE(SameBytes(over, ReadBack(*m_system, m_buffer)));
}

TEST_F(BackgroundWriteTest, AWriteThatFailsReplacesNothing)
{
    constexpr uint64_t kLong = 2 * kLimit;
    SEDX_REQUIRE(const Buffer large, Make(kLong));
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(large, 0, Pattern(1, kLong), kLater));
    EXPECT_TRUE(FailsWith(Uploads().Write(large, 0, Pattern(2, kLong), {.outOfStaging = OutOfStaging::Fail}),
                          ErrorCode::OutOfStaging));
    EXPECT_EQ(Now().queuedBytes, kLong);
    ASSERT_TRUE(Ok(ticket.Wait()));
    EXPECT_TRUE(SameBytes(Pattern(1, kLong), ReadBack(*m_system, large)));
}

TEST_F(BackgroundWriteTest, ALaterBackgroundWriteWins)
{
    SEDX_REQUIRE(const UploadTicket first, Uploads().Write(m_buffer, 0, Filled(1, 20'000), kLater));
    SEDX_REQUIRE(const UploadTicket second, Uploads().Write(m_buffer, 5000, Filled(2, 20'000), kLater));
    EXPECT_EQ(Now().queuedBytes, kBytes);
    ASSERT_TRUE(Ok(second.Wait())); // goes out before the first
    ASSERT_TRUE(Ok(first.Wait()));
    EXPECT_TRUE(SameBytes(Over(Filled(2, kBytes), 0, Filled(1, 5000)), ReadBack(*m_system, m_buffer)));
}

TEST_F(BackgroundWriteTest, ReadsSeeTheirRangeAndLeaveTheRest)
{
    const Bytes bytes = Pattern(1, kBytes);
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 0, bytes, kLater)));
    SEDX_REQUIRE(const ReadbackTicket read, m_system->Readbacks().Request({m_buffer, 12'345, 100}));
    EXPECT_EQ(Now().queuedBytes, kBytes - 100);
    EXPECT_EQ(Now().promotedBytes, 100u);
    SEDX_REQUIRE(const auto got, read.Wait());
    EXPECT_TRUE(SameBytes(std::span(bytes).subspan(12'345, 100), got));
    Bytes into(300);
    ASSERT_TRUE(Ok(m_system->Readbacks().Read({m_buffer, 12'300, 300}, into)));
    EXPECT_TRUE(SameBytes(std::span(bytes).subspan(12'300, 300), into));
    EXPECT_EQ(Now().queuedBytes, kBytes - 300);
    for (int i = 0; i < 3; ++i)
        Flush();
    EXPECT_EQ(Now().queuedBytes, 0u);
    EXPECT_TRUE(SameBytes(bytes, Seen()));
}

TEST_F(BackgroundWriteTest, ASubscriptionSeesWhatHasArrived)
{
    SEDX_REQUIRE(const ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    const Bytes bytes = Pattern(1, kBytes);
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 0, bytes, kLater)));
    Flush();
    EXPECT_EQ(Now().queuedBytes, kBytes - kCap);
    m_commands->WaitIdle();
    m_system->Poll();
    const ReadbackValue value = subscription.Latest();
    ASSERT_TRUE(value);
    EXPECT_TRUE(SameBytes(Over(Filled(0, kBytes), 0, First(bytes, kCap)), value.Bytes()));
}

TEST_F(BackgroundWriteTest, CopiesSeeTheirSourceAndReplaceTheirDestination)
{
    SEDX_REQUIRE(const Buffer other, Make(kBytes));
    const Bytes here = Pattern(1, kBytes);
    const Bytes there = Pattern(2, kBytes);
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 0, here, kLater)));
    ASSERT_TRUE(Ok(Uploads().Write(other, 0, there, kLater)));
    ASSERT_TRUE(Ok(Uploads().Copy({m_buffer, 1000, 2000}, other, 7000)));
    EXPECT_EQ(Now().queuedBytes, 2 * kBytes - 4000);
    EXPECT_EQ(Now().promotedBytes, 2000u);
    // In order within one call: the second reads what the first has brought.
    const BufferMove moves[] = {{{m_buffer, 0, 100}, other, 20'000}, {{other, 20'000, 100}, m_buffer, 24'000}};
    ASSERT_TRUE(Ok(Uploads().CopyMany(moves)));
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 1500, Filled(9, 10)))); // after the copy has read
    const std::span<const std::byte> moved = std::span(here).subspan(1000, 2000);
    EXPECT_TRUE(SameBytes(Over(Over(there, 7000, moved), 20'000, First(here, 100)), ReadBack(*m_system, other)));
    EXPECT_TRUE(
        SameBytes(Over(Over(here, 24'000, First(here, 100)), 1500, Filled(9, 10)), ReadBack(*m_system, m_buffer)));
}

TEST_F(BackgroundWriteTest, OtherRangesAndBuffersAreNotHeldUp)
{
    SEDX_REQUIRE(const Buffer other, Make(1000));
    Uploads().SetBackgroundBytesPerFrame(0);
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 1000, Pattern(1, kBytes - 1000), kLater)));
    ASSERT_TRUE(Ok(Uploads().Write(m_buffer, 0, Pattern(2, 1000))));
    ASSERT_TRUE(Ok(Uploads().Write(other, 0, Pattern(3, 1000))));
    ASSERT_TRUE(Ok(Uploads().Copy({m_buffer, 0, 500}, other, 500)));
    EXPECT_TRUE(SameBytes(Pattern(2, 1000), ReadBack(*m_system, {m_buffer, 0, 1000})));
    EXPECT_TRUE(SameBytes(Over(Pattern(3, 1000), 500, First(Pattern(2, 1000), 500)), ReadBack(*m_system, other)));
    EXPECT_EQ(Now().queuedBytes, kBytes - 1000);
    EXPECT_EQ(Now().promotedBytes, 0u);
}

TEST_F(BackgroundWriteTest, OneThreadQueuesAnotherWritesOver)
{
    constexpr uint64_t kRounds = 200;
    std::atomic<uint64_t> queued{0};
    std::atomic<uint64_t> checked{0};
    std::atomic<bool> ends{false};
    std::thread frames([&] {
        TestCommands commands(TheDevice());
        while (!ends)
            commands.RunFrame(*m_system);
    });
    std::thread writer([&] {
        for (uint64_t round = 1; round <= kRounds; ++round)
        {
            EXPECT_TRUE(Ok(Uploads().Write(m_buffer, 0, Filled(static_cast<uint8_t>(round), kBytes), kLater)));
            queued = round;
            while (checked != round)
                std::this_thread::yield();
        }
    });
    for (uint64_t round = 1; round <= kRounds; ++round)
    {
        while (queued != round)
            std::this_thread::yield();
        EXPECT_TRUE(Ok(Uploads().Write(m_buffer, 5000, Filled(0xF0, 3000))));
        if (round % 10 == 0)
        {
            EXPECT_TRUE(SameBytes(Over(Filled(static_cast<uint8_t>(round), kBytes), 5000, Filled(0xF0, 3000)),
                                  ReadBack(*m_system, m_buffer)));
        }
        checked = round;
    }
    writer.join();
    ends = true;
    frames.join();
}

// ---- many ----------------------------------------------------------------------------------------------------------

TEST_F(BackgroundWriteTest, ManyHaveOneTicketAndTheLastWins)
{
    SEDX_REQUIRE(const Buffer other, Make(1000));
    const Bytes a = Pattern(1, 8000);
    const Bytes b = Pattern(2, 1000);
    const Bytes c = Pattern(3, 8000);
    const BufferWrite writes[] = {{m_buffer, 0, a}, {other, 0, b}, {m_buffer, 4000, c}, {other, 1000, {}}};
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().WriteMany(writes, kLater));
    EXPECT_EQ(Now().queuedBytes, 13'000u);
    EXPECT_EQ(Now().queuedWrites, 1u);
    Flush();
    m_commands->WaitIdle();
    EXPECT_FALSE(ticket.Ready());
    Flush();
    m_commands->WaitIdle();
    EXPECT_TRUE(ticket.Ready());
    EXPECT_TRUE(SameBytes(Over(Over(Filled(0, kBytes), 0, a), 4000, c), ReadBack(*m_system, m_buffer)));
    EXPECT_TRUE(SameBytes(b, ReadBack(*m_system, other)));
}

TEST_F(BackgroundWriteTest, OnAnErrorNothingIsQueued)
{
    const Bytes bytes = Pattern(1, 100);
    const BufferWrite writes[] = {{m_buffer, 0, bytes}, {m_buffer, kBytes, bytes}};
    EXPECT_TRUE(FailsWith(Uploads().WriteMany(writes, kLater), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(Uploads().Write({}, 0, bytes, kLater), ErrorCode::InvalidArgument));
    EXPECT_EQ(Now().queuedBytes, 0u);
    SEDX_REQUIRE(const UploadTicket nothing, Uploads().Write(m_buffer, 0, Bytes(), kLater));
    EXPECT_TRUE(nothing.Ready());
}
} // namespace
} // namespace sedx::test
