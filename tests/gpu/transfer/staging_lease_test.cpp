// StagingLease: staging that the engine fills, and reads in its own commands of a frame.
#include "staging_test.h"

#include <cstring>

namespace sedx::test
{
namespace
{
class StageLeaseTest : public StagingTest
{};

TEST_F(StageLeaseTest, BytesAreReadByTheFramesOwnCommands)
{
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer target, Make(1000));
    const Bytes data = Pattern(1, 1000);
    HeldTimelines held(Calls());
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    SEDX_REQUIRE(const StagingLease lease, Uploads().Stage(1000, 256, frame));
    ASSERT_NE(lease.buffer, nullptr);
    ASSERT_EQ(lease.mapped.size(), 1000u);
    EXPECT_EQ(lease.offset % 256, 0u);
    EXPECT_LE(lease.offset + 1000, Calls().BufferBytes(lease.buffer));
    std::ranges::copy(data, lease.mapped.begin());
    const ResolvedBuffer to = frame.Resolve(target);
    VkCommandBuffer cmd = commands.Begin();
    commands.Copy(cmd, lease.buffer, lease.offset, to.buffer, to.offset, 1000);
    EXPECT_FALSE(lease.ticket.Ready());
    commands.Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_FALSE(lease.ticket.Ready());
    held.Release();
    commands.WaitIdle();
    m_system->Poll();
    EXPECT_TRUE(lease.ticket.Ready());
    EXPECT_TRUE(Ok(lease.ticket.Wait()));
    EXPECT_TRUE(SameBytes(data, ReadBack(*m_system, target)));
}

TEST_F(StageLeaseTest, CurrentFrameIsTheDefault)
{
    EXPECT_TRUE(FailsWith(Uploads().Stage(64), ErrorCode::WrongState));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    EXPECT_TRUE(Ok(Uploads().Stage(64)));
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(FailsWith(Uploads().Stage(64), ErrorCode::WrongState));
    EXPECT_TRUE(FailsWith(Uploads().Stage(64, 0, frame), ErrorCode::WrongState));
}

TEST_F(StageLeaseTest, AlignmentIsKept)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    for (const uint64_t alignment : {1ull, 2ull, 4ull, 16ull, 64ull, 4096ull})
    {
        ASSERT_TRUE(Ok(Uploads().Stage(3, 1, frame))); // upsets the alignment of what follows
        SEDX_REQUIRE(const StagingLease lease, Uploads().Stage(100, alignment, frame));
        EXPECT_EQ(lease.offset % alignment, 0u) << alignment;
    }
    SEDX_REQUIRE(const StagingLease optimal, Uploads().Stage(100, 0, frame));
    EXPECT_EQ(optimal.offset % TheDevice().Properties().limits.optimalBufferCopyOffsetAlignment, 0u);
    EXPECT_TRUE(FailsWith(Uploads().Stage(100, 3, frame), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Uploads().Stage(100, 24, frame), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Uploads().Stage(0, 4, frame), ErrorCode::OutOfRange));
    EXPECT_FALSE(Uploads().Stage(UINT64_MAX, 4, frame));
    EXPECT_FALSE(Uploads().Stage(UINT64_MAX - 10, 4096, frame));
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
}

TEST_F(StageLeaseTest, LeasesAndWritesNeverShareMemory)
{
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer buffer, Make(kLimit));
    HeldTimelines held(Calls());
    Calls().TakeCopies();
    std::vector<CopyRecord> used;
    for (uint64_t i = 0; i < 4; ++i)
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        for (uint64_t lease = 0; lease < 3; ++lease)
        {
            SEDX_REQUIRE(const StagingLease leased, Uploads().Stage(10000 + i, 1, frame));
            used.push_back({.source = leased.buffer, .sourceOffset = leased.offset, .bytes = 10000 + i});
            ASSERT_TRUE(Ok(Uploads().Write(buffer, (i * 3 + lease) * 2000, Filled(1, 1000),
                                           {.outOfStaging = OutOfStaging::Spill})));
        }
        commands.Submit(commands.Begin(), frame);
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    }
    const std::vector<CopyRecord> copies = Calls().TakeCopies();
    used.insert(used.end(), copies.begin(), copies.end());
    EXPECT_EQ(held.Waits(), 0u);
    EXPECT_TRUE(SourcesAreApart(used));
}

TEST_F(StageLeaseTest, MemoryIsKeptUntilItsFrameHasPassed)
{
    TestCommands commands(TheDevice());
    HeldTimelines held(Calls());
    std::vector<CopyRecord> used;
    for (int i = 0; i < 4; ++i)
    {
        commands.RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer) {
            const auto lease = Uploads().Stage(kBlock, 4, frame); // a block each: nothing else keeps it
            EXPECT_TRUE(Ok(lease));
            if (lease)
                used.push_back({.source = lease->buffer, .sourceOffset = lease->offset, .bytes = kBlock});
        });
        m_system->Poll();
    }
    EXPECT_EQ(held.Waits(), 0u);
    EXPECT_TRUE(SourcesAreApart(used));
}

TEST_F(StageLeaseTest, LeaseLargerThanABlock)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    SEDX_REQUIRE(const StagingLease lease, Uploads().Stage(3 * kBlock + 5, 64, frame));
    ASSERT_EQ(lease.mapped.size(), 3 * kBlock + 5);
    EXPECT_LE(lease.offset + lease.mapped.size(), Calls().BufferBytes(lease.buffer));
    std::ranges::fill(lease.mapped, std::byte{1});
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
}

TEST_F(StageLeaseTest, LimitsApply)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    HeldTimelines held(Calls());
    EXPECT_TRUE(FailsWith(Uploads().Stage(kLimit + 1, 4, frame, OutOfStaging::Fail), ErrorCode::OutOfStaging));
    SEDX_REQUIRE(const StagingLease spilled, Uploads().Stage(2 * kLimit, 4, frame, OutOfStaging::Spill));
    EXPECT_EQ(spilled.mapped.size(), 2 * kLimit);
    EXPECT_EQ(held.Waits(), 0u);
    held.Release();
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    EXPECT_TRUE(spilled.ticket.Ready());
    Settle();
    EXPECT_LE(StagingBytes(), kWarm);
}
} // namespace
} // namespace sedx::test
