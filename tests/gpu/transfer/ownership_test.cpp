// Exclusive buffers: what the library writes elsewhere is released, the engine acquires it, and the simulator sees that every
// use is by the family that owns the bytes.
#include "transfer_queue_test.h"

#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class OwnershipTest : public TransferQueueDeviceTest
{
  protected:
    void SetUp() override
    {
        TransferQueueDeviceTest::SetUp();
        Start({.transferQueue = TransferQueue::Always});
        m_log.Clear();
    }
    Buffer MakeExclusive(uint64_t bytes, uint32_t queue = 0)
    {
        return Make(bytes, {.name = "mine", .ownership = Ownership::Exclusive, .ownerQueue = queue});
    }
    // What a frame on this queue finds in the buffer.
    Bytes Seen(const Buffer& buffer, TestCommands& commands, uint32_t queue, bool acquires = true)
    {
        const uint64_t size = buffer.GetSize();
        const auto target = m_system->CreateBuffer(size, BufferUsage::TransferDst, MemoryType::Readback, "seen");
        EXPECT_TRUE(Ok(target));
        commands.RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            if (acquires)
            {
                EXPECT_TRUE(Ok(Uploads().CmdAcquire(frame, cmd, queue)));
            }
            const ResolvedBuffer from = frame.Resolve(buffer);
            const ResolvedBuffer to = frame.Resolve(*target);
            commands.Barrier(cmd);
            commands.Copy(cmd, from.buffer, from.offset, to.buffer, to.offset, size);
            commands.Barrier(cmd);
        });
        commands.WaitIdle();
        m_system->Poll();
        const auto mapping = m_system->MapReadable<std::byte>(*target);
        EXPECT_TRUE(Ok(mapping));
        return mapping ? Bytes(mapping->Span().begin(), mapping->Span().end()) : Bytes();
    }
};

TEST_F(OwnershipTest, WhatIsFreshComesFromTheTransferQueue)
{
    const Buffer buffer = MakeExclusive(kLong);
    const Bytes bytes = Pattern(1, kLong);
    Write(buffer, 0, bytes);
    EXPECT_EQ(Send(), m_transfer);
    EXPECT_TRUE(SameBytes(bytes, Seen(buffer, *m_commands, 0)));
    EXPECT_THAT(m_system->Explain(buffer), HasSubstr("belongs to the family of queue 0 alone"));
    EXPECT_THAT(m_system->Explain(buffer), HasSubstr("VkBuffer of its own"));
    EXPECT_EQ(m_log.Text(), "");
}

TEST_F(OwnershipTest, SeveralPiecesAreAcquiredTogether)
{
    const Buffer buffer = MakeExclusive(10'000);
    const Bytes bytes = Pattern(1, 10'000);
    for (uint64_t at = 0; at < 10'000; at += 2500)
    {
        Write(buffer, at, std::span(bytes).subspan(at, 2500));
        EXPECT_EQ(Send(), m_transfer);
    }
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    SEDX_REQUIRE(const uint32_t compute, Uploads().CmdAcquire(frame, cmd, m_compute));
    EXPECT_EQ(compute, 0u); // not for that family
    SEDX_REQUIRE(const uint32_t first, Uploads().CmdAcquire(frame, cmd, 0));
    EXPECT_EQ(first, 4u);
    SEDX_REQUIRE(const uint32_t second, Uploads().CmdAcquire(frame, cmd, 0));
    EXPECT_EQ(second, 0u);
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(SameBytes(bytes, Seen(buffer, *m_commands, 0)));
    EXPECT_EQ(m_log.Text(), "");
}

TEST_F(OwnershipTest, AForgottenAcquireIsLoud)
{
    const Buffer buffer = MakeExclusive(4096);
    Write(buffer, 0, Pattern(1, 4096));
    EXPECT_EQ(Send(), m_transfer);
    Seen(buffer, *m_commands, 0, false);
    EXPECT_THAT(m_log.Text(), AllOf(HasSubstr("'mine'"), HasSubstr("CmdAcquire")));
    if (const auto simulated = TakeSimulated(); IsSimulated(m_transfer))
    {
        EXPECT_THAT(simulated, testing::Contains(HasSubstr("mine")));
    }
    // Late is better than never: then it is silent again.
    m_log.Clear();
    EXPECT_TRUE(SameBytes(Pattern(1, 4096), Seen(buffer, *m_commands, 0)));
    EXPECT_EQ(m_log.Text(), "");
    TakeSimulated();
}

TEST_F(OwnershipTest, WhatWasUsedStaysWithTheOwner)
{
    const Buffer buffer = MakeExclusive(4096);
    Bytes bytes = Pattern(1, 4096);
    Write(buffer, 0, bytes);
    EXPECT_EQ(Send(), m_transfer);
    // The library acquires for itself: of bytes that were written before, and when it reads.
    const Bytes second = Pattern(2, 500);
    Write(buffer, 300, second);
    std::ranges::copy(second, bytes.begin() + 300);
    EXPECT_EQ(Send(), 0u);
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, buffer)));
    EXPECT_TRUE(SameBytes(bytes, Seen(buffer, *m_commands, 0, false)));
    // And once a frame has resolved it, for everything.
    const Buffer drawn = MakeExclusive(4096);
    m_commands->UseInFrame(*m_system, drawn);
    Write(drawn, 0, bytes);
    EXPECT_EQ(Send(), 0u);
    EXPECT_TRUE(SameBytes(bytes, Seen(drawn, *m_commands, 0, false)));
    EXPECT_EQ(m_log.Text(), "");
}

// The acquire went with a batch that never was: whoever comes next acquires.
TEST_F(OwnershipTest, WhatALostBatchAcquiredIsAcquiredAgain)
{
    const Buffer buffer = MakeExclusive(4096);
    Bytes bytes = Pattern(1, 4096);
    Write(buffer, 0, bytes);
    EXPECT_EQ(Send(), m_transfer);
    Write(buffer, 0, Pattern(2, 100));
    Calls().FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_DEVICE_MEMORY);
    EXPECT_TRUE(FailsWith(Uploads().Submit(), ErrorCode::OutOfDeviceMemory));
    Calls().StopFailing();
    m_log.Clear(); // which says that copies were lost
    EXPECT_TRUE(SameBytes(bytes, Seen(buffer, *m_commands, 0)));
    EXPECT_EQ(m_log.Text(), "");
}

// The frame cannot have acquired what is written after it resolved the buffer.
TEST_F(OwnershipTest, WhatAnOpenFrameResolvedStaysWithTheOwner)
{
    const Buffer buffer = MakeExclusive(4096);
    const Bytes bytes = Pattern(1, 4096);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    Write(buffer, 0, bytes);
    frame.Resolve(buffer);
    Calls().TakeSubmissions();
    m_commands->Submit(m_commands->Begin(), frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_EQ(m_system->GetReport().transferQueueSubmissions, 0u);
    EXPECT_TRUE(SameBytes(bytes, Seen(buffer, *m_commands, 0, false)));
    EXPECT_EQ(m_log.Text(), "");
}

TEST_F(OwnershipTest, MovesAcquireTheirSource)
{
    const Buffer source = MakeExclusive(4096);
    const Buffer target = MakeExclusive(4096);
    const Bytes bytes = Pattern(1, 4096);
    Write(source, 0, bytes);
    EXPECT_EQ(Send(), m_transfer);
    ASSERT_TRUE(Ok(Uploads().Copy(source, target)));
    EXPECT_EQ(Send(), 0u);
    EXPECT_TRUE(SameBytes(bytes, Seen(target, *m_commands, 0, false)));
    EXPECT_EQ(m_log.Text(), "");
}

TEST_F(OwnershipTest, AnAbandonedFrameHasAcquiredNothing)
{
    const Buffer buffer = MakeExclusive(4096);
    const Bytes bytes = Pattern(1, 4096);
    Write(buffer, 0, bytes);
    EXPECT_EQ(Send(), m_transfer);
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        VkCommandBuffer cmd = m_commands->Begin();
        SEDX_REQUIRE(const uint32_t count, Uploads().CmdAcquire(frame, cmd));
        EXPECT_EQ(count, 1u);
        m_commands->Functions().EndCommandBuffer(cmd);
        ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    }
    EXPECT_TRUE(SameBytes(bytes, Seen(buffer, *m_commands, 0)));
    EXPECT_EQ(m_log.Text(), "");
}

// Another family's: first writes come from anywhere, everything else is for that family's own commands.
TEST_F(OwnershipTest, ABufferOfTheComputeQueue)
{
    TestCommands compute(TheDevice(), m_compute);
    const Buffer buffer = MakeExclusive(4096, m_compute);
    const Bytes bytes = Pattern(1, 4096);
    Write(buffer, 0, std::span(bytes).first(2000));
    EXPECT_EQ(Send(), m_transfer);
    Write(buffer, 2000, std::span(bytes).subspan(2000));
    const Buffer mover = Make(64);
    ASSERT_TRUE(Ok(Uploads().Copy({Make(64)}, mover))); // keeps the batch on queue 0
    EXPECT_EQ(Send(), 0u);
    EXPECT_TRUE(SameBytes(bytes, Seen(buffer, compute, m_compute)));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 0, bytes), ErrorCode::WrongState, "'mine'"));
    EXPECT_TRUE(FailsWith(Uploads().Write(buffer, 0, std::span(bytes).first(4)), ErrorCode::WrongState, "'mine'"));
    EXPECT_TRUE(FailsWith(Uploads().Copy({buffer, 0, 64}, mover), ErrorCode::WrongState, "'mine'"));
    EXPECT_TRUE(FailsWith(m_system->Readbacks().Request(buffer), ErrorCode::WrongState, "'mine'"));
    EXPECT_EQ(m_log.Text(), "");
}

TEST_F(OwnershipTest, FirstWritesThatAFrameOvertookAreLoud)
{
    const Buffer buffer = MakeExclusive(4096, m_compute);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    Write(buffer, 0, Pattern(1, 4096));
    frame.Resolve(buffer); // before the bytes have gone out
    m_commands->Submit(m_commands->Begin(), frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_THAT(m_log.Text(), AllOf(HasSubstr("'mine'"), HasSubstr("before a frame resolves")));
    TestCommands compute(TheDevice(), m_compute);
    Seen(buffer, compute, m_compute);
}

TEST_F(OwnershipTest, BuffersThatWentAwayAreNotAcquired)
{
    Buffer buffer = MakeExclusive(4096);
    const UploadTicket ticket = Write(buffer, 0, Pattern(1, 4096));
    EXPECT_EQ(Send(), m_transfer);
    ASSERT_TRUE(Ok(ticket.Wait()));
    buffer = {};
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    SEDX_REQUIRE(const uint32_t count, Uploads().CmdAcquire(frame, cmd));
    EXPECT_EQ(count, 0u);
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_EQ(m_log.Text(), "");
    TakeSimulated(); // the simulator wants an acquire all the same
}

// Nobody acquires them: the library copes without remembering all of them for ever.
TEST_F(OwnershipTest, ManyBuffersThatWentAway)
{
    const Buffer first = MakeExclusive(4096);
    Write(first, 0, Pattern(1, 4096));
    EXPECT_EQ(Send(), m_transfer);
    for (uint64_t i = 0; i < 600; ++i)
    {
        const Buffer buffer = MakeExclusive(64);
        Write(buffer, 0, Pattern(i, 64));
        ASSERT_TRUE(Ok(Uploads().Submit()));
        m_system->Poll();
    }
    EXPECT_TRUE(SameBytes(Pattern(1, 4096), Seen(first, *m_commands, 0)));
    EXPECT_EQ(m_log.Text(), "");
    TakeSimulated(); // the simulator wants an acquire all the same
}

TEST_F(OwnershipTest, ABufferThatGoesAwayStaysUntilItsAcquireHasPassed)
{
    Buffer buffer = MakeExclusive(4096);
    Write(buffer, 0, Pattern(1, 4096));
    EXPECT_EQ(Send(), m_transfer);
    ASSERT_TRUE(Ok(Uploads().LastTransfer(buffer).Wait())); // its batch keeps nothing alive any more
    Gate gate(TheDevice());
    m_commands->RunFrame(
        *m_system, [&](const Frame& frame, VkCommandBuffer cmd) { EXPECT_TRUE(Ok(Uploads().CmdAcquire(frame, cmd))); },
        gate.Waits());
    buffer = {};
    m_system->Poll();
    EXPECT_EQ(m_system->GetReport().pendingDestroyed, 1u);
    gate.Open();
}

TEST_F(OwnershipTest, Misuse)
{
    EXPECT_TRUE(
        FailsWith(m_system->CreateBuffer(
                      {.bytes = 64, .usage = BufferUsage::Storage, .ownership = Ownership::Exclusive, .ownerQueue = 7}),
                  ErrorCode::InvalidArgument, "queue 7"));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    EXPECT_TRUE(FailsWith(Uploads().CmdAcquire(frame, VK_NULL_HANDLE), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(Uploads().CmdAcquire(frame, cmd, 9), ErrorCode::InvalidArgument));
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(FailsWith(Uploads().CmdAcquire(frame, cmd), ErrorCode::WrongState));
}

// The engine records on its own transfer queue, and acquires on queue 0, within one frame.
class OwnershipRecordedTest : public OwnershipTest
{
  protected:
    void SetUp() override
    {
        TransferQueueDeviceTest::SetUp();
        Start({.submitMode = SubmitMode::Recorded});
        m_other.emplace(TheDevice(), m_transfer);
        m_log.Clear();
    }
    void TearDown() override
    {
        m_other.reset();
        OwnershipTest::TearDown();
    }
    void ExpectFlushedOnTheOwnersQueueOnly()
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        VkCommandBuffer copies = m_other->Begin();
        EXPECT_TRUE(FailsWith(Uploads().CmdFlush(frame, copies, m_transfer), ErrorCode::InvalidArgument, "'mine'"));
        m_other->Submit(copies, frame);
        VkCommandBuffer cmd = m_commands->Begin();
        EXPECT_TRUE(Ok(Uploads().CmdFlush(frame, cmd)));
        m_commands->Submit(cmd, frame);
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    }
    // Copies are recorded for the other queue, and never submitted.
    void FlushAndAbandon()
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        VkCommandBuffer copies = m_other->Begin();
        ASSERT_TRUE(Ok(Uploads().CmdFlush(frame, copies, m_transfer)));
        m_other->Functions().EndCommandBuffer(copies);
        ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
        m_log.Clear(); // which says that copies were lost
    }
    std::optional<TestCommands> m_other;
};

TEST_F(OwnershipRecordedTest, ReleasedAndAcquiredInOneFrame)
{
    const Buffer buffer = MakeExclusive(4096);
    const Bytes bytes = Pattern(1, 4096);
    Write(buffer, 0, bytes);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer copies = m_other->Begin();
    ASSERT_TRUE(Ok(Uploads().CmdFlush(frame, copies, m_transfer)));
    m_other->Submit(copies, frame);
    VkCommandBuffer cmd = m_commands->Begin();
    SEDX_REQUIRE(const uint32_t count, Uploads().CmdAcquire(frame, cmd));
    EXPECT_EQ(count, 1u);
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(SameBytes(bytes, Seen(buffer, *m_commands, 0, false)));
    EXPECT_EQ(m_log.Text(), "");
}

TEST_F(OwnershipRecordedTest, WhatWasUsedCannotBeRecordedElsewhere)
{
    const Buffer buffer = MakeExclusive(4096);
    m_commands->UseInFrame(*m_system, buffer);
    const Bytes bytes = Pattern(1, 4096);
    Write(buffer, 0, bytes);
    ExpectFlushedOnTheOwnersQueueOnly();
    EXPECT_TRUE(SameBytes(bytes, Seen(buffer, *m_commands, 0, false)));
    EXPECT_EQ(m_log.Text(), "");
}

// Short writes that lie in lanes are seen, too.
TEST_F(OwnershipRecordedTest, NorShortWritesThatAreNotCollectedYet)
{
    const Buffer other = MakeExclusive(4096);
    Write(other, 0, Pattern(1, 4096)); // now there is staging for lanes
    const Buffer buffer = MakeExclusive(64);
    m_commands->UseInFrame(*m_system, buffer);
    Write(buffer, 0, Pattern(2, 64));
    ExpectFlushedOnTheOwnersQueueOnly();
    EXPECT_TRUE(SameBytes(Pattern(2, 64), Seen(buffer, *m_commands, 0, false)));
    EXPECT_EQ(m_log.Text(), "");
}

TEST_F(OwnershipRecordedTest, WhatAnAbandonedFrameWroteIsFreshAgain)
{
    const Buffer buffer = MakeExclusive(4096);
    Write(buffer, 0, Pattern(1, 4096));
    FlushAndAbandon();
    Write(buffer, 0, Pattern(2, 4096));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer copies = m_other->Begin();
    EXPECT_TRUE(Ok(Uploads().CmdFlush(frame, copies, m_transfer)));
    m_other->Submit(copies, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(SameBytes(Pattern(2, 4096), Seen(buffer, *m_commands, 0)));
    EXPECT_EQ(m_log.Text(), "");
}

TEST_F(OwnershipRecordedTest, AnAbandonedReleaseIsNone)
{
    const Buffer buffer = MakeExclusive(4096);
    Write(buffer, 0, Pattern(1, 4096));
    FlushAndAbandon();
    const Bytes bytes = Pattern(2, 4096);
    Write(buffer, 0, bytes);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    ASSERT_TRUE(Ok(Uploads().CmdFlush(frame, cmd)));
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(SameBytes(bytes, Seen(buffer, *m_commands, 0)));
    EXPECT_EQ(m_log.Text(), "");
}

// On a device with one family all of it is allowed, and does nothing.
class OneFamilyOwnershipTest : public GpuTest
{
  protected:
    MemoryLayout Layout() const override { return MemoryLayout::Discrete(); }
};

TEST_F(OneFamilyOwnershipTest, IsLikeAnyOther)
{
    if (TheDevice().Queues().size() > 1)
        SEDX_SKIP("the device has queues of several families");
    auto system = MakeSystem({.transferQueue = TransferQueue::Always});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(
        const Buffer buffer,
        system->CreateBuffer({.bytes = 4096, .usage = BufferUsage::Storage, .ownership = Ownership::Exclusive}));
    const Bytes bytes = Pattern(1, 4096);
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, bytes)));
    ASSERT_TRUE(Ok(system->Uploads().Submit()));
    commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
        const auto count = system->Uploads().CmdAcquire(frame, cmd);
        EXPECT_TRUE(Ok(count));
        EXPECT_EQ(count.value_or(9), 0u);
        EXPECT_TRUE(frame.Resolve(buffer));
    });
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, buffer)));
    EXPECT_EQ(system->GetReport().transferQueueSubmissions, 0u);
}
} // namespace
} // namespace sedx::test
