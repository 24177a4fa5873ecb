// Idle blocks of staging, read-back memory and rings: how long they stay, how they are found again, what bounds them.
#include "support/gpu_test.h"
#include "support/test_clock.h"

#include <algorithm>

namespace sedx::test
{
namespace
{
constexpr uint64_t kKiB = 1ull << 10;
constexpr uint64_t kBlock = 64 * kKiB;
constexpr uint64_t kLimit = 8 * kBlock;
constexpr uint64_t kFloor = 2 * kBlock;
constexpr uint64_t kWarmNs = 1'000'000;

class WarmBlocksTest : public GpuLayoutTest
{
  protected:
    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = Make(kWarmNs);
        ASSERT_TRUE(m_system);
    }
    void TearDown() override
    {
        m_system.reset();
        GpuTest::TearDown();
    }

    std::unique_ptr<BufferSystem> Make(uint64_t warmNs)
    {
        return MakeSystem({.framesInFlight = 4,
                           .stagingBlockBytes = kBlock,
                           .stagingLimitBytes = kLimit,
                           .warmStagingBytes = kFloor,
                           .warmMemoryNs = warmNs,
                           .clock = m_clock.Function()});
    }
    Buffer MakeFilled(const Bytes& bytes)
    {
        auto made = m_system->Factory().CreateStorageBuffer(std::span<const std::byte>(bytes), "source");
        EXPECT_TRUE(Ok(made));
        return made ? *made : Buffer();
    }
    uint64_t ReadbackBytes() { return m_system->GetReport().readback.bytes; }
    uint64_t StagingBytes() { return m_system->GetReport().staging.bytes; }
    // Calls that make memory or a buffer.
    uint64_t Creations() { return Calls().Calls(Fn::CreateBuffer) + Calls().Calls(Fn::AllocateMemory); }
    void PollAfter(uint64_t nanoseconds)
    {
        m_clock.Advance(nanoseconds);
        m_system->Poll();
    }
    // Whatever is idle has been for long enough.
    void Settle()
    {
        PollAfter(kWarmNs); // seen
        PollAfter(kWarmNs);
    }

    TestClock m_clock;
    std::unique_ptr<BufferSystem> m_system;
};

INSTANTIATE_TEST_SUITE_P(Layouts, WarmBlocksTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

// Peers' mistake: blocks of memory are returned to the driver at once, and every large request pays for fresh pages.
TEST_P(WarmBlocksTest, LargeReadbacksUseTheSameMemoryAgain)
{
    const Bytes bytes = Pattern(1, 10 * kBlock + 77);
    const Buffer buffer = MakeFilled(bytes);
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, buffer)));
    const uint64_t before = Creations();
    for (uint64_t i = 0; i < 20; ++i)
    {
        const uint64_t count = bytes.size() - 100 * i; // never the same size
        EXPECT_TRUE(SameBytes(std::span(bytes).first(count), ReadBack(*m_system, {buffer, 0, count})));
        m_system->Poll();
    }
    EXPECT_EQ(Creations(), before);
}

TEST_P(WarmBlocksTest, IdleMemoryGoesAfterAWhileAndNotBefore)
{
    const Buffer buffer = MakeFilled(Pattern(1, 20 * kBlock));
    ReadBack(*m_system, buffer);
    m_system->Poll(); // sees that it is idle
    const uint64_t warm = ReadbackBytes();
    EXPECT_GE(warm, 20 * kBlock);
    PollAfter(kWarmNs - 1);
    EXPECT_EQ(ReadbackBytes(), warm);
    PollAfter(kWarmNs / 4 + 1); // it is looked at four times in that span
    EXPECT_EQ(ReadbackBytes(), 0u);
}

TEST_P(WarmBlocksTest, UseKeepsItWarm)
{
    const Buffer buffer = MakeFilled(Pattern(1, 4 * kBlock));
    ReadBack(*m_system, buffer);
    const uint64_t before = Creations();
    for (int i = 0; i < 10; ++i)
    {
        PollAfter(kWarmNs * 3 / 4);
        ReadBack(*m_system, buffer);
    }
    EXPECT_EQ(Creations(), before);
}

TEST_P(WarmBlocksTest, ZeroTimeKeepsOnlyTheFloor)
{
    m_system = Make(0);
    ASSERT_TRUE(m_system);
    const Buffer buffer = MakeFilled(Pattern(1, 4 * kBlock));
    ReadBack(*m_system, buffer);
    EXPECT_EQ(ReadbackBytes(), 0u);
    ReadBack(*m_system, {buffer, 0, 16});
    EXPECT_EQ(ReadbackBytes(), kBlock);
}

// Peers' mistake: memory of requests that grow piles up.
TEST_P(WarmBlocksTest, GrowingRequestsReplaceSmallerBlocks)
{
    const Buffer buffer = MakeFilled(Pattern(1, 40 * kBlock));
    for (uint64_t blocks = 2; blocks <= 40; ++blocks)
        ReadBack(*m_system, {buffer, 0, blocks * kBlock});
    EXPECT_LE(ReadbackBytes(), 40 * kBlock);
}

TEST_P(WarmBlocksTest, RandomSizesStayWithinTwiceTheLargest)
{
    Random random(0x3A6Eull);
    SCOPED_TRACE(random.Trace());
    const Bytes bytes = Pattern(1, 64 * kBlock);
    const Buffer buffer = MakeFilled(bytes);
    for (int i = 0; i < 150; ++i)
    {
        const uint64_t count = 1ull << random.Between(0, 22);
        const uint64_t begin = random.Between(0, bytes.size() - count);
        ASSERT_TRUE(SameBytes(std::span(bytes).subspan(begin, count), ReadBack(*m_system, {buffer, begin, count})));
        // Sizes that halve from the largest on, and ordinary blocks.
        ASSERT_LE(ReadbackBytes(), 2 * bytes.size() + 2 * kBlock);
    }
}

TEST_P(WarmBlocksTest, SmallRequestDoesNotHoldALargeBlock)
{
    const Buffer buffer = MakeFilled(Pattern(1, 20 * kBlock));
    ReadBack(*m_system, buffer);
    SEDX_REQUIRE(const ReadbackTicket small, m_system->Readbacks().Request({buffer, 0, 4}));
    ASSERT_TRUE(Ok(small.Wait()));
    SEDX_REQUIRE(const ReadbackTicket middle, m_system->Readbacks().Request({buffer, 0, 2 * kBlock}));
    ASSERT_TRUE(Ok(middle.Wait()));
    Settle();
    EXPECT_EQ(ReadbackBytes(), 3 * kBlock);
    EXPECT_TRUE(SameBytes(Pattern(1, 20 * kBlock), ReadBack(*m_system, buffer)));
}

TEST_P(WarmBlocksTest, BestFitIsTaken)
{
    const Buffer buffer = MakeFilled(Pattern(1, 12 * kBlock));
    {
        std::vector<ReadbackTicket> tickets; // together: three blocks
        for (const uint64_t blocks : {6ull, 12ull, 9ull})
        {
            SEDX_REQUIRE(ReadbackTicket ticket, m_system->Readbacks().Request({buffer, 0, blocks * kBlock}));
            tickets.push_back(std::move(ticket));
        }
        for (const ReadbackTicket& ticket : tickets)
            ASSERT_TRUE(Ok(ticket.Wait()));
    }
    const uint64_t before = Creations();
    std::vector<ReadbackTicket> tickets;
    for (const uint64_t blocks : {8ull, 6ull, 12ull}) // each fits only where the best fit has left it
    {
        SEDX_REQUIRE(ReadbackTicket ticket, m_system->Readbacks().Request({buffer, 0, blocks * kBlock}));
        tickets.push_back(std::move(ticket));
    }
    EXPECT_EQ(Creations(), before);
    ASSERT_TRUE(Ok(m_system->Readbacks().Submit()));
}

// The host-cached ring of small read-backs: nothing is made once it runs.
TEST_P(WarmBlocksTest, SmallRequestsInASteadyStateMakeNothing)
{
    const Bytes bytes = Pattern(1, 4096);
    const Buffer buffer = MakeFilled(bytes);
    TestCommands commands(TheDevice());
    std::vector<ReadbackTicket> tickets(6); // the engine looks at them some frames later
    const auto frame = [&](uint64_t i) {
        const uint64_t offset = (i * 52) % 4000;
        SEDX_REQUIRE(const Frame open, m_system->BeginFrame());
        SEDX_REQUIRE(ReadbackTicket ticket, m_system->Readbacks().Request({buffer, offset, 4 + i % 40}));
        commands.Submit(commands.Begin(), open);
        ASSERT_TRUE(Ok(m_system->EndFrame(open)));
        ReadbackTicket& oldest = tickets[i % tickets.size()];
        const uint64_t then = i - tickets.size();
        if (i >= tickets.size())
        {
            ASSERT_TRUE(Ok(oldest.Wait()));
            ASSERT_TRUE(SameBytes(std::span(bytes).subspan((then * 52) % 4000, 4 + then % 40), oldest.Bytes()));
        }
        oldest = std::move(ticket);
        m_clock.Advance(kWarmNs / 3);
    };
    uint64_t i = 0;
    for (; i < kBlock / 64 + 100; ++i) // once through the first block
        ASSERT_NO_FATAL_FAILURE(frame(i));
    const uint64_t before = Creations();
    const uint64_t pools = Calls().Calls(Fn::CreateCommandPool);
    for (; i < 3 * kBlock / 64 + 200; ++i)
        ASSERT_NO_FATAL_FAILURE(frame(i));
    EXPECT_EQ(Creations(), before);
    // One for each submission under way, and how many there are at once depends on the GPU.
    EXPECT_LE(Calls().Calls(Fn::CreateCommandPool), pools + tickets.size());
    EXPECT_LE(ReadbackBytes(), 2 * kBlock);
}

// ---- staging -------------------------------------------------------------------------------------------------------

class WarmStagingTest : public WarmBlocksTest
{
  protected:
    void SetUp() override
    {
        WarmBlocksTest::SetUp();
        m_commands.emplace(TheDevice());
        auto made = m_system->CreateBuffer(4 * kLimit, BufferUsage::Storage, MemoryType::GPU, "destination");
        ASSERT_TRUE(Ok(made));
        m_buffer = *made;
    }
    void TearDown() override
    {
        m_buffer = {};
        m_commands.reset();
        WarmBlocksTest::TearDown();
    }
    // Through staging, because the buffer is in use.
    void Write(uint64_t bytes, OutOfStaging outOfStaging = OutOfStaging::Spill)
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        frame.Resolve(m_buffer);
        ASSERT_TRUE(Ok(m_system->Uploads().Write(m_buffer, 0, Filled(1, bytes), {.outOfStaging = outOfStaging})));
        m_commands->Submit(m_commands->Begin(), frame);
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
        m_commands->WaitIdle();
        m_system->Poll();
    }

    std::optional<TestCommands> m_commands;
    Buffer m_buffer;
};

INSTANTIATE_TEST_SUITE_P(Layouts, WarmStagingTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

// Peers' mistake: staging never shrinks, or triples: one upload of 500 MiB commits 1.5 GB.
TEST_P(WarmStagingTest, OneLargeUploadNeitherTriplesStagingNorLeavesItBehind)
{
    Write(4 * kLimit, OutOfStaging::Block);
    const Report report = m_system->GetReport();
    EXPECT_LE(report.staging.peakBytes, kLimit);
    EXPECT_GT(report.staging.bytes, kFloor) << "warm at first";
    Settle();
    EXPECT_LE(StagingBytes(), kFloor);
}

TEST_P(WarmStagingTest, FloorIsKeptForEver)
{
    Write(kFloor);
    Write(kFloor);
    Settle();
    PollAfter(1000 * kWarmNs);
    EXPECT_EQ(StagingBytes(), kFloor);
    const uint64_t before = Creations();
    Write(kFloor);
    EXPECT_EQ(Creations(), before);
}

TEST_P(WarmStagingTest, BeyondTheLimitGoesBackAsSoonAsItHasPassed)
{
    Write(3 * kLimit);
    EXPECT_GE(m_system->GetReport().staging.peakBytes, 3 * kLimit);
    EXPECT_LE(StagingBytes(), kLimit); // the clock stands still
}

TEST_P(WarmStagingTest, LargeLeasesAreFoundAgainAndMakeRoomForOthers)
{
    const auto lease = [&](uint64_t bytes) {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        SEDX_REQUIRE(const StagingLease leased,
                     m_system->Uploads().Stage(bytes, 0, frame, OutOfStaging::Fail));
        std::ranges::fill(leased.mapped, std::byte{1});
        m_commands->Submit(m_commands->Begin(), frame);
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
        m_commands->WaitIdle();
        m_system->Poll();
    };
    lease(kLimit - kBlock);
    const uint64_t before = Creations();
    lease(kLimit - kBlock - 13);
    lease(kLimit - 2 * kBlock);
    EXPECT_EQ(Creations(), before);
    // Idle memory is no reason to refuse.
    lease(kLimit);
    EXPECT_EQ(StagingBytes(), kLimit);
    lease(2 * kBlock);
    EXPECT_LE(StagingBytes(), kLimit);
    for (int i = 0; i < 5; ++i)
        lease(kBlock);
    EXPECT_LE(StagingBytes(), kLimit);
}

// ---- rings ---------------------------------------------------------------------------------------------------------

TEST_P(WarmBlocksTest, RingShrinksToABlockWhenItIsNotUsed)
{
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*m_system, {.blockBytes = kBlock, .maxBytes = kLimit}));
    TestCommands commands(TheDevice());
    commands.RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer) {
        for (int i = 0; i < 5; ++i)
            EXPECT_TRUE(Ok(ring.Allocate(frame, kBlock, 1)));
        EXPECT_TRUE(Ok(ring.Allocate(frame, 3 * kBlock, 1)));
    });
    commands.WaitIdle();
    m_system->Poll();
    EXPECT_EQ(ring.CapacityBytes(), kLimit);
    Settle(); // nobody allocates from it
    EXPECT_EQ(ring.CapacityBytes(), kBlock);
    PollAfter(1000 * kWarmNs);
    EXPECT_EQ(ring.CapacityBytes(), kBlock);
}

TEST_P(WarmBlocksTest, RingsIdleBlocksMakeRoomForALargeRequest)
{
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*m_system, {.blockBytes = kBlock, .maxBytes = kLimit}));
    TestCommands commands(TheDevice());
    for (const uint64_t bytes : {kBlock, kLimit, kBlock, kLimit - kBlock, kLimit})
    {
        commands.RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer) {
            for (uint64_t cut = 0; cut + bytes <= kLimit; cut += bytes)
                EXPECT_TRUE(Ok(ring.Allocate(frame, bytes, 1))) << bytes;
        });
        commands.WaitIdle();
        m_system->Poll();
        EXPECT_LE(ring.CapacityBytes(), kLimit);
    }
}

TEST_P(WarmBlocksTest, RingGoesWhileItsBlocksAreWarm)
{
    TestCommands commands(TheDevice());
    {
        SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*m_system, {.blockBytes = kBlock}));
        commands.RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer) {
            for (int i = 0; i < 5; ++i)
                EXPECT_TRUE(Ok(ring.Allocate(frame, kBlock, 1)));
        });
        commands.WaitIdle();
        m_system->Poll();
    }
    Settle();
}

// ---- pressure ------------------------------------------------------------------------------------------------------

TEST_P(WarmBlocksTest, PressureTakesAllThatIsIdle)
{
    const Bytes bytes = Pattern(1, 4 * kBlock);
    const Buffer buffer = MakeFilled(bytes);
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*m_system, {.blockBytes = kBlock}));
    TestCommands commands(TheDevice());
    commands.RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer) {
        for (int i = 0; i < 3; ++i)
            EXPECT_TRUE(Ok(ring.Allocate(frame, kBlock, 1)));
    });
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, buffer)));
    EXPECT_TRUE(SameBytes(std::span(bytes).first(4), ReadBack(*m_system, {buffer, 0, 4})));
    commands.WaitIdle();
    EXPECT_GE(ReadbackBytes(), 5 * kBlock);
    EXPECT_GE(ring.CapacityBytes(), 3 * kBlock);
    Calls().FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 100);
    EXPECT_FALSE(m_system->CreateBuffer(200 * kBlock, BufferUsage::Storage, MemoryType::GPU));
    Calls().StopFailing();
    EXPECT_EQ(ReadbackBytes(), 0u);
    EXPECT_EQ(StagingBytes(), 0u);
    EXPECT_EQ(ring.CapacityBytes(), 0u);
    // All of them begin anew.
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, buffer)));
    commands.RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer) {
        EXPECT_TRUE(Ok(ring.Allocate(frame, kBlock, 1)));
    });
}

TEST_P(WarmBlocksTest, WhatIsInUseStaysUnderPressure)
{
    const Bytes bytes = Pattern(1, 4 * kBlock);
    const Buffer buffer = MakeFilled(bytes);
    SEDX_REQUIRE(const ReadbackTicket ticket, m_system->Readbacks().Request(buffer));
    ASSERT_TRUE(Ok(ticket.Wait()));
    Calls().FailFunction(Fn::AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 100);
    EXPECT_FALSE(m_system->CreateBuffer(200 * kBlock, BufferUsage::Storage, MemoryType::GPU));
    Calls().StopFailing();
    Settle();
    EXPECT_TRUE(SameBytes(bytes, ticket.Bytes()));
}
} // namespace
} // namespace sedx::test
