// Staging memory: blocks filled to the last byte, limits and what happens at them, reuse by timeline.
#include "staging_test.h"

#include <atomic>
#include <thread>

namespace sedx::test
{
namespace
{
TEST_F(StagingTest, InvalidSizesAreRefused)
{
    EXPECT_FALSE(BufferSystem::Create({.device = TheDevice(), .stagingBlockBytes = 0}));
    EXPECT_FALSE(
        BufferSystem::Create({.device = TheDevice(), .stagingBlockBytes = 1 << 20, .stagingLimitBytes = 1 << 19}));
}

TEST_F(StagingTest, DescIsKept)
{
    EXPECT_EQ(m_system->Desc().stagingBlockBytes, kBlock);
    EXPECT_EQ(m_system->Desc().stagingLimitBytes, kLimit);
    EXPECT_EQ(m_system->Desc().warmStagingBytes, kWarm);
    EXPECT_EQ(m_system->Desc().framesInFlight, 4u);
    EXPECT_EQ(m_system->GetDevice().Handle(), TheDevice().Handle());
}

// ---- sizes around a block ------------------------------------------------------------------------------------------
TEST_F(StagingTest, SizesAroundABlock)
{
    for (const uint64_t bytes : {kBlock - 1, kBlock, kBlock + 1, 2 * kBlock - 1, 2 * kBlock, kLimit - 1, kLimit,
                                 kLimit + 1, 3 * kLimit + 12345})
    {
        const Bytes data = Pattern(bytes, bytes);
        SEDX_REQUIRE(const Buffer buffer, Make(bytes + 2));
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(0xA5, bytes + 2))));
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 1, data)));
        const Bytes read = ReadBack(*m_system, buffer);
        ASSERT_EQ(read.size(), bytes + 2);
        EXPECT_EQ(read.front(), std::byte{0xA5});
        EXPECT_EQ(read.back(), std::byte{0xA5});
        EXPECT_TRUE(SameBytes(data, std::span(read).subspan(1, bytes))) << bytes;
    }
    EXPECT_LE(StagingPeak(), kLimit);
}

// ---- made beforehand ------------------------------------------------------------------------------------------------
TEST_F(StagingTest, PrewarmedStagingNeedsNoMoreMemory)
{
    SEDX_REQUIRE(const Buffer buffer, Make(kLimit));
    const Bytes data = Pattern(5, kLimit);
    ASSERT_TRUE(Ok(Uploads().Prewarm(kLimit - 1))); // whole blocks
    EXPECT_EQ(kLimit, StagingBytes());
    ASSERT_TRUE(Ok(Uploads().Prewarm(kLimit))); // is there already
    const auto creations = [this] { return Calls().Calls(Fn::CreateBuffer) + Calls().Calls(Fn::AllocateMemory); };
    const uint64_t before = creations();
    for (uint64_t at = 0; at < kLimit; at += kBlock)
        ASSERT_TRUE(Ok(Uploads().Write(buffer, at, std::span(data).subspan(at, kBlock))));
    EXPECT_EQ(before, creations());
    EXPECT_TRUE(SameBytes(data, ReadBack(*m_system, buffer)));
    Settle();
    EXPECT_LE(StagingBytes(), kWarm);
}

TEST_F(StagingTest, WritersWaitWhileAllOfItIsPrewarmed)
{
    SEDX_REQUIRE(const Buffer buffer, Make(kBlock));
    std::atomic<bool> ends{false};
    std::thread warmer([&] {
        while (!ends)
            (void)Uploads().Prewarm(kLimit); // may find less than all of it
    });
    for (uint64_t i = 0; i < 200; ++i)
        EXPECT_TRUE(Ok(Uploads().Write(buffer, 0, Pattern(i, kBlock)))) << i;
    ends = true;
    warmer.join();
    EXPECT_TRUE(SameBytes(Pattern(199, kBlock), ReadBack(*m_system, buffer)));
}

TEST_F(StagingTest, WarmStagingIsReleasedOnDemand)
{
    ASSERT_TRUE(Ok(Uploads().Prewarm(kLimit)));
    EXPECT_EQ(kLimit, m_system->ReleaseWarmMemory());
    EXPECT_EQ(0u, StagingBytes());
}

TEST_F(StagingTest, MoreThanTheLimitIsNotPrewarmed)
{
    EXPECT_TRUE(FailsWith(Uploads().Prewarm(kLimit + 1), ErrorCode::OutOfStaging));
    EXPECT_EQ(kLimit, StagingBytes()); // what fits is warm
    EXPECT_TRUE(Ok(Uploads().Prewarm(0)));
}

// Peers' mistake: staging triples; one upload of 500 MiB commits 1.5 GB.
TEST_F(StagingTest, LargeUploadStaysWithinTheLimit)
{
    const uint64_t bytes = (32ull << 20) + 3;
    const Bytes data = Pattern(1, bytes);
    SEDX_REQUIRE(const Buffer buffer, Make(bytes));
    SEDX_REQUIRE(const UploadTicket ticket, Uploads().Write(buffer, 0, data));
    ASSERT_TRUE(Ok(ticket.Wait()));
    EXPECT_LE(StagingPeak(), kLimit);
    EXPECT_TRUE(SameBytes(data, ReadBack(*m_system, buffer)));
    Settle();
    EXPECT_LE(StagingBytes(), kWarm);
}

// Peers' mistake: a staging ring that is exactly full hands out live memory.
TEST_F(StagingTest, ExactlyFullStagingDoesNotHandOutLiveMemory)
{
    SEDX_REQUIRE(const Buffer buffer, Make(16 * kLimit));
    HeldTimelines held(Calls());
    Calls().TakeCopies();
    uint64_t offset = 0;
    for (const uint64_t bytes : {kBlock, kBlock / 2, kBlock / 2, kBlock / 4, kBlock - kBlock / 4, kBlock})
    {
        ASSERT_TRUE(Ok(Uploads().Write(buffer, offset, Filled(1, bytes), {.outOfStaging = OutOfStaging::Spill})));
        offset += 2 * bytes;
        ASSERT_TRUE(Ok(Uploads().Submit()));
    }
    for (int i = 0; i < 10; ++i)
    {
        ASSERT_TRUE(Ok(Uploads().Write(buffer, offset, Filled(2, 1), {.outOfStaging = OutOfStaging::Spill})));
        ASSERT_TRUE(Ok(Uploads().Submit()));
        offset += 2;
    }
    EXPECT_EQ(held.Waits(), 0u);
    EXPECT_TRUE(SourcesAreApart(Calls().TakeCopies()));
}

TEST_F(StagingTest, RandomSizesNeverShareStagingInFlight)
{
    Random random(0x57A61ull);
    SCOPED_TRACE(random.Trace());
    SEDX_REQUIRE(const Buffer buffer, Make(64 * kLimit));
    for (int run = 0; run < 20; ++run)
    {
        HeldTimelines held(Calls());
        Calls().TakeCopies();
        uint64_t offset = 0;
        for (int submission = 0; submission < 4; ++submission)
        {
            const uint64_t writes = random.Between(1, 12);
            for (uint64_t i = 0; i < writes; ++i)
            {
                const uint64_t bytes =
                    random.Chance(1, 2) ? 1ull << random.Between(0, 16) : random.Between(1, kBlock + 100);
                ASSERT_TRUE(
                    Ok(Uploads().Write(buffer, offset, Filled(1, bytes), {.outOfStaging = OutOfStaging::Spill})));
                offset += bytes + 8;
            }
            ASSERT_TRUE(Ok(Uploads().Submit()));
        }
        EXPECT_EQ(held.Waits(), 0u);
        ASSERT_TRUE(SourcesAreApart(Calls().TakeCopies())) << "run " << run;
        held.Release();
        Settle();
    }
}

// Peers' mistake: staging tagged with the previous submission, and reclaimed while the GPU still reads it.
TEST_F(StagingTest, StagingIsReusedOnlyAfterTheSubmissionThatReadsIt)
{
    SEDX_REQUIRE(const Buffer buffer, Make(kLimit * 8));
    TestCommands commands(TheDevice());
    uint64_t offset = 0;
    const auto write = [&] {
        ASSERT_TRUE(Ok(Uploads().Write(buffer, offset, Filled(1, kBlock / 2), {.outOfStaging = OutOfStaging::Spill})));
        offset += kBlock;
    };
    write();
    ASSERT_TRUE(Ok(Uploads().Submit()));
    commands.WaitIdle(); // the first submission has passed
    Calls().TakeCopies();
    // Collected while the first one counts as passed, submitted while everything stands still.
    write();
    HeldTimelines held(Calls());
    ASSERT_TRUE(Ok(Uploads().Submit()));
    for (int i = 0; i < 6; ++i)
    {
        m_system->Poll();
        write();
        ASSERT_TRUE(Ok(Uploads().Submit()));
    }
    EXPECT_EQ(held.Waits(), 0u);
    EXPECT_TRUE(SourcesAreApart(Calls().TakeCopies()));
}

TEST_F(StagingTest, SteadyUploadsNeedNoNewMemory)
{
    auto system = MakeSystem({.framesInFlight = 2,
                              .stagingBlockBytes = kBlock,
                              .stagingLimitBytes = 4 * kLimit,
                              .warmStagingBytes = 4 * kLimit});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(kLimit, BufferUsage::Storage, MemoryType::GPU));
    TestCommands commands(TheDevice());
    const uint64_t before = Calls().Calls(Fn::CreateBuffer);
    for (uint64_t i = 0; i < 100; ++i)
    {
        ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, Pattern(i, kBlock + 100))));
        commands.UseInFrame(*system, buffer);
    }
    // Two blocks for each of the frames in flight and for the one being prepared, and some that wait to be looked at.
    EXPECT_LE(Calls().Calls(Fn::CreateBuffer) - before, 10u);
}

// ---- at the limit --------------------------------------------------------------------------------------------------
TEST_F(StagingTest, BlockSubmitsAndWaitsAndCountsIt)
{
    SEDX_REQUIRE(const Buffer buffer, Make(4 * kLimit));
    HeldTimelines held(Calls(), HeldTimelines::OnWait::Release);
    const Bytes data = Pattern(3, 4 * kLimit);
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, data)));
    EXPECT_GE(held.Waits(), 1u);
    EXPECT_GE(m_system->GetReport().Waits(WaitCause::BackPressure).count, 1u);
    EXPECT_EQ(m_system->GetReport().Waits(WaitCause::Upload).count, 0u);
    EXPECT_LE(StagingPeak(), kLimit);
    EXPECT_TRUE(SameBytes(data, ReadBack(*m_system, buffer)));
}

TEST_F(StagingTest, FailWritesNothing)
{
    SEDX_REQUIRE(const Buffer buffer, Make(4 * kLimit));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, 4 * kLimit))));
    Settle();
    const Report before = m_system->GetReport();
    HeldTimelines held(Calls());
    const auto written = Uploads().Write(buffer, 0, Filled(2, 2 * kLimit), {.outOfStaging = OutOfStaging::Fail});
    EXPECT_TRUE(FailsWith(written, ErrorCode::OutOfStaging, std::to_string(kLimit)));
    EXPECT_EQ(held.Waits(), 0u);
    EXPECT_LE(StagingPeak(), kLimit);
    // What fits still fits afterwards: the failed call gave everything back.
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 3 * kLimit, Filled(3, kBlock), {.outOfStaging = OutOfStaging::Fail})));
    held.Release();
    const Bytes read = ReadBack(*m_system, buffer);
    ASSERT_EQ(read.size(), 4 * kLimit);
    EXPECT_TRUE(SameBytes(Filled(1, 3 * kLimit), std::span(read).first(3 * kLimit)));
    EXPECT_TRUE(SameBytes(Filled(3, kBlock), std::span(read).subspan(3 * kLimit, kBlock)));
    EXPECT_EQ(m_system->GetReport().uploadedBytes - before.uploadedBytes, kBlock);
}

TEST_F(StagingTest, FailUntilStagingComesBack)
{
    SEDX_REQUIRE(const Buffer buffer, Make(kLimit * 2));
    {
        HeldTimelines held(Calls());
        uint64_t written = 0;
        while (written < 2 * kLimit)
        {
            const auto ticket =
                Uploads().Write(buffer, written, Filled(1, kBlock / 2), {.outOfStaging = OutOfStaging::Fail});
            if (!ticket)
            {
                EXPECT_EQ(ticket.error().code, ErrorCode::OutOfStaging);
                break;
            }
            written += kBlock / 2;
        }
        EXPECT_GE(written, kLimit - kBlock);
        EXPECT_LE(written, kLimit);
        ASSERT_TRUE(Ok(Uploads().Submit()));
        m_system->Poll();
        EXPECT_FALSE(Uploads().Write(buffer, 0, Filled(1, kBlock), {.outOfStaging = OutOfStaging::Fail}));
        EXPECT_EQ(held.Waits(), 0u);
    }
    Settle();
    EXPECT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, kBlock), {.outOfStaging = OutOfStaging::Fail})));
}

TEST_F(StagingTest, SpillGoesBeyondTheLimitAndGivesItBack)
{
    SEDX_REQUIRE(const Buffer buffer, Make(4 * kLimit));
    const Bytes data = Pattern(5, 4 * kLimit);
    {
        HeldTimelines held(Calls());
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, data, {.outOfStaging = OutOfStaging::Spill})));
        EXPECT_EQ(held.Waits(), 0u);
        EXPECT_GE(StagingBytes(), 4 * kLimit);
        ASSERT_TRUE(Ok(Uploads().Submit()));
    }
    EXPECT_TRUE(SameBytes(data, ReadBack(*m_system, buffer)));
    Settle();
    EXPECT_LE(StagingBytes(), kWarm);
    EXPECT_EQ(m_system->GetReport().Waits(WaitCause::BackPressure).count, 0u);
}

TEST_F(StagingTest, CallbackDecides)
{
    SEDX_REQUIRE(const Buffer buffer, Make(4 * kLimit));
    std::vector<uint64_t> questions;
    const auto answering = [&](OutOfStaging answer) {
        return WriteOptions{.outOfStaging = OutOfStaging::Block,
                            .onOutOfStaging = [&questions, answer](uint64_t bytes) {
                                questions.push_back(bytes);
                                return answer;
                            }};
    };
    // Not asked while there is room.
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, 1000), answering(OutOfStaging::Fail))));
    EXPECT_TRUE(questions.empty());
    {
        HeldTimelines held(Calls());
        EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 0, Filled(1, 2 * kLimit), answering(OutOfStaging::Fail)),
                              ErrorCode::OutOfStaging));
        ASSERT_GE(questions.size(), 1u);
        EXPECT_GE(questions[0], kLimit) << "the bytes that are missing";
        EXPECT_LE(questions[0], 2 * kLimit);
        questions.clear();
        ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(2, 2 * kLimit), answering(OutOfStaging::Spill))));
        EXPECT_GE(questions.size(), 1u);
        EXPECT_EQ(held.Waits(), 0u);
    }
    questions.clear();
    ASSERT_TRUE(Ok(Uploads().Write(buffer, kLimit, Filled(3, 3 * kLimit), answering(OutOfStaging::Block))));
    EXPECT_GE(questions.size(), 1u);
    const Bytes read = ReadBack(*m_system, buffer);
    ASSERT_EQ(read.size(), 4 * kLimit);
    EXPECT_TRUE(SameBytes(Filled(2, kLimit), std::span(read).first(kLimit)));
    EXPECT_TRUE(SameBytes(Filled(3, 3 * kLimit), std::span(read).subspan(kLimit)));
}

TEST_F(StagingTest, CallbackMayUseTheLibrary)
{
    SEDX_REQUIRE(const Buffer buffer, Make(2 * kLimit));
    uint32_t calls = 0;
    const WriteOptions options{.onOutOfStaging = [&](uint64_t) {
        ++calls;
        m_system->Poll();
        EXPECT_GE(m_system->GetReport().liveBuffers, 1u);
        return OutOfStaging::Spill;
    }};
    HeldTimelines held(Calls());
    EXPECT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, 2 * kLimit), options)));
    EXPECT_GE(calls, 1u);
}

TEST_F(StagingTest, AFrameIsNotDisturbedByBackPressure)
{
    // Block submits what was collected in the middle of a frame: the frame's own order must hold all the same.
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer big, Make(3 * kLimit));
    SEDX_REQUIRE(const Buffer source, Make(256));
    SEDX_REQUIRE(const Buffer target, Make(256));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = commands.Begin();
    ASSERT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, source, target, 256)));
    ASSERT_TRUE(Ok(Uploads().Write(source, 0, Filled(1, 256))));
    const Bytes data = Pattern(1, 3 * kLimit);
    ASSERT_TRUE(Ok(Uploads().Write(big, 0, data)));
    ASSERT_TRUE(Ok(Uploads().Write(source, 0, Filled(2, 128))));
    commands.Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    Bytes expected = Filled(1, 256);
    std::fill_n(expected.begin(), 128, std::byte{2});
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, target)));
    EXPECT_TRUE(SameBytes(data, ReadBack(*m_system, big)));
}

TEST_F(StagingTest, ThreadsUnderBackPressure)
{
    constexpr uint64_t kThreads = 8;
    constexpr uint64_t kRounds = 50;
    std::vector<Buffer> buffers;
    for (uint64_t i = 0; i < kThreads; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, Make(3 * kBlock));
        buffers.push_back(std::move(buffer));
    }
    std::vector<std::thread> threads;
    for (uint64_t thread = 0; thread < kThreads; ++thread)
    {
        threads.emplace_back([&, thread] {
            for (uint64_t i = 0; i < kRounds; ++i)
                EXPECT_TRUE(Ok(Uploads().Write(buffers[thread], 0, Pattern(thread * 1000 + i, 3 * kBlock))));
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_LE(StagingPeak(), kLimit);
    for (uint64_t thread = 0; thread < kThreads; ++thread)
    {
        EXPECT_TRUE(SameBytes(Pattern(thread * 1000 + kRounds - 1, 3 * kBlock), ReadBack(*m_system, buffers[thread])));
    }
}

TEST_F(StagingTest, OutOfMemoryIsAnErrorNotALoop)
{
    SEDX_REQUIRE(const Buffer buffer, Make(kLimit));
    HeldTimelines held(Calls()); // what has passed would be warm
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(1, kLimit), {.outOfStaging = OutOfStaging::Spill})));
    ASSERT_TRUE(Ok(Uploads().Submit()));
    for (const OutOfStaging policy : {OutOfStaging::Fail, OutOfStaging::Spill})
    {
        Calls().FailFunction(Fn::CreateBuffer, VK_ERROR_OUT_OF_HOST_MEMORY, 1, 1000);
        const auto written = Uploads().Write(buffer, 0, Filled(2, kLimit), {.outOfStaging = policy});
        Calls().StopFailing();
        ASSERT_FALSE(written);
        EXPECT_TRUE(written.error().code == ErrorCode::OutOfHostMemory ||
                    written.error().code == ErrorCode::OutOfStaging)
            << written.error().message;
    }
    held.Release();
    EXPECT_TRUE(SameBytes(Filled(1, kLimit), ReadBack(*m_system, buffer)));
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(3, kLimit))));
    EXPECT_TRUE(SameBytes(Filled(3, kLimit), ReadBack(*m_system, buffer)));
}

// Peers' mistake: counters that are not rolled back when the driver refuses, until nothing is left of the limit.
TEST_F(StagingTest, AFailedBlockLeavesTheLimitWhole)
{
    SEDX_REQUIRE(const Buffer buffer, Make(kLimit));
    for (int i = 0; i < 20; ++i)
    {
        Calls().FailFunction(Fn::CreateBuffer, VK_ERROR_OUT_OF_HOST_MEMORY, 1, 1000);
        EXPECT_FALSE(Uploads().Write(buffer, 0, Filled(2, kLimit), {.outOfStaging = OutOfStaging::Fail}));
        Calls().StopFailing();
    }
    EXPECT_EQ(0u, StagingBytes());
    ASSERT_TRUE(Ok(Uploads().Write(buffer, 0, Filled(3, kLimit), {.outOfStaging = OutOfStaging::Fail})));
    EXPECT_EQ(kLimit, StagingBytes());
    EXPECT_TRUE(SameBytes(Filled(3, kLimit), ReadBack(*m_system, buffer)));
}

// Peers' mistake: asking the driver for budgets on every allocation.
TEST_F(StagingTest, BlocksDoNotQueryTheBudget)
{
    SEDX_REQUIRE(const Buffer buffer, Make(2 * kLimit));
    const uint64_t queries = Calls().Calls(Fn::GetPhysicalDeviceMemoryProperties2);
    const uint64_t creations = Calls().Calls(Fn::CreateBuffer);
    for (uint8_t i = 0; i < 30; ++i)
    {
        SEDX_REQUIRE(const UploadTicket ticket,
                     Uploads().Write(buffer, 0, Filled(i, 2 * kLimit), {.outOfStaging = OutOfStaging::Spill}));
        ASSERT_TRUE(Ok(ticket.Wait()));
        m_system->ReleaseWarmMemory();
    }
    EXPECT_GE(Calls().Calls(Fn::CreateBuffer) - creations, 200u);
    EXPECT_LT(Calls().Calls(Fn::GetPhysicalDeviceMemoryProperties2) - queries, 40u);
}
} // namespace
} // namespace sedx::test
