// Producers and consumers on several queues: waits at stages, and buffers that change hands.
#include "../transfer/transfer_queue_test.h"

#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::Contains;
using testing::HasSubstr;

class QueueSyncTest : public TransferQueueDeviceTest
{
  protected:
    static constexpr uint64_t kBytes = 4096;

    void SetUp() override
    {
        TransferQueueDeviceTest::SetUp();
        Start({});
        m_producer.emplace(TheDevice(), m_compute);
        SEDX_REQUIRE(m_seen, m_system->CreateBuffer(kBytes, BufferUsage::Storage, MemoryType::Readback, "seen"));
    }
    void TearDown() override
    {
        m_seen = {};
        m_producer.reset();
        TransferQueueDeviceTest::TearDown();
    }
    void Fill(const Frame& frame, VkCommandBuffer cmd, const Buffer& buffer, uint32_t word)
    {
        const ResolvedBuffer now = frame.Resolve(buffer);
        m_commands->Functions().CmdFillBuffer(cmd, now.buffer, now.offset, now.size, word);
    }
    void CopyToSeen(const Frame& frame, VkCommandBuffer cmd, const Buffer& buffer)
    {
        const ResolvedBuffer from = frame.Resolve(buffer);
        const ResolvedBuffer to = frame.Resolve(m_seen);
        m_commands->Copy(cmd, from.buffer, from.offset, to.buffer, to.offset, kBytes);
        EXPECT_TRUE(Ok(CmdDeviceToHost(frame, cmd, m_seen, Use::TransferWrite)));
    }
    testing::AssertionResult Saw(uint32_t word)
    {
        m_commands->WaitIdle();
        m_system->Poll();
        const auto mapping = m_system->MapReadable<uint32_t>(m_seen);
        if (!mapping)
            return testing::AssertionFailure() << mapping.error().message;
        for (const uint32_t seen : mapping->Span())
            if (seen != word)
                return testing::AssertionFailure() << "saw " << seen << ", expected " << word;
        return testing::AssertionSuccess();
    }
    // Submits to queue 0 behind these waits.
    void SubmitWith(VkCommandBuffer cmd, const Frame& frame, std::span<const QueueWait> waits)
    {
        const auto sync = frame.SubmitSync(0, waits);
        ASSERT_TRUE(Ok(sync));
        m_commands->Submit(cmd, sync->Waits(), sync->Signals());
    }

    std::optional<TestCommands> m_producer;
    Buffer m_seen;
};

TEST_F(QueueSyncTest, TheConsumerWaitsAtItsStages)
{
    const Buffer buffer = Make(kBytes);
    for (uint32_t i = 1; i <= 4; ++i)
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        VkCommandBuffer make = m_producer->Begin();
        Fill(frame, make, buffer, i);
        const SubmitSync made = m_producer->Submit(make, frame);
        VkCommandBuffer use = m_commands->Begin();
        CopyToSeen(frame, use, buffer);
        const QueueWait wait{made.Point(), Use::TransferRead};
        SEDX_REQUIRE(const SubmitSync sync, frame.SubmitSync(0, {&wait, 1}));
        ASSERT_EQ(sync.Waits().size(), 1u);
        EXPECT_EQ(sync.Waits()[0].semaphore, made.Signals()[0].semaphore);
        EXPECT_EQ(sync.Waits()[0].value, made.Point().value);
        EXPECT_EQ(sync.Waits()[0].stageMask, VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT);
        m_commands->Submit(use, sync.Waits(), sync.Signals());
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
        EXPECT_TRUE(Saw(i)); // and both queues are idle when the next turn writes
    }
    EXPECT_EQ(m_log.Text(), "");
}

TEST_F(QueueSyncTest, SeveralWaitsForOneTimelineAreOne)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    const SubmitSync first = m_producer->Submit(m_producer->Begin(), frame);
    const SubmitSync second = m_producer->Submit(m_producer->Begin(), frame);
    const QueueWait waits[] = {{second.Point(), Use::ComputeRead}, {first.Point(), Use::IndexRead}, {{}, Use::AnyRead}};
    SEDX_REQUIRE(const SubmitSync sync, frame.SubmitSync(0, waits));
    ASSERT_EQ(sync.Waits().size(), 1u);
    EXPECT_EQ(sync.Waits()[0].value, second.Point().value);
    EXPECT_EQ(sync.Waits()[0].stageMask, VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_2_INDEX_INPUT_BIT);
    m_commands->Submit(m_commands->Begin(), sync.Waits(), sync.Signals());
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
}

TEST_F(QueueSyncTest, WaitsThatCannotBe)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    const auto with = [&](QueueWait wait) { return frame.SubmitSync(0, {&wait, 1}); };
    EXPECT_TRUE(FailsWith(with({{m_compute, 1}, Use::AnyRead}), ErrorCode::NotSubmitted, "never handed out"));
    EXPECT_TRUE(FailsWith(with({{kMaxQueues + 1, 1}, Use::AnyRead}), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(with({{m_compute, 0}, Use::None}), ErrorCode::InvalidArgument, "use"));
    EXPECT_TRUE(FailsWith(with({{m_compute, 0}, Use::HostRead}), ErrorCode::InvalidArgument, "use"));
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    auto fences = MakeSystem({.completion = FrameCompletion::Fences});
    SEDX_REQUIRE(const Frame other, fences->BeginFrame());
    SEDX_REQUIRE(const SubmitSync made, other.SubmitSync(m_compute));
    const QueueWait wait{made.Point(), Use::AnyRead};
    EXPECT_TRUE(FailsWith(other.SubmitSync(0, {&wait, 1}), ErrorCode::WrongState, "Fences"));
    ASSERT_TRUE(Ok(fences->AbandonFrame(other)));
}

// ---- ownership -----------------------------------------------------------------------------------------------------
class OwnershipTransferTest : public QueueSyncTest
{
  protected:
    OwnershipTransfer Between(const Buffer& buffer)
    {
        return {.view = buffer,
                .fromQueue = m_compute,
                .before = Use::TransferWrite,
                .toQueue = 0,
                .after = Use::TransferRead};
    }
    // The compute queue fills, queue 0 copies. Answers how many barriers were recorded.
    void Pass(OwnershipTransfer transfer, uint32_t word)
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        VkCommandBuffer make = m_producer->Begin();
        Fill(frame, make, transfer.view.buffer, word);
        ASSERT_TRUE(Ok(transfer.CmdRelease(frame, make)));
        const SubmitSync made = m_producer->Submit(make, frame);
        VkCommandBuffer use = m_commands->Begin();
        ASSERT_TRUE(Ok(transfer.CmdAcquire(frame, use)));
        CopyToSeen(frame, use, transfer.view.buffer);
        const QueueWait wait{made.Point(), transfer.after};
        SubmitWith(use, frame, {&wait, 1});
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
        EXPECT_TRUE(Saw(word));
    }
};

TEST_F(OwnershipTransferTest, AnExclusiveBufferChangesHands)
{
    const Buffer buffer = Make(kBytes, {.name = "mine", .ownership = Ownership::Exclusive, .ownerQueue = m_compute});
    const OwnershipTransfer transfer = Between(buffer);
    EXPECT_TRUE(transfer.NeedsBarriers(*m_system));
    const uint64_t before = Calls().Calls(Fn::CmdPipelineBarrier2);
    Pass(transfer, 11);
    EXPECT_EQ(Calls().Calls(Fn::CmdPipelineBarrier2), before + 3); // the third: for the CPU
    EXPECT_EQ(m_log.Text(), "");
}

// And back again.
TEST_F(OwnershipTransferTest, AndBack)
{
    const Buffer buffer = Make(kBytes, {.name = "mine", .ownership = Ownership::Exclusive, .ownerQueue = m_compute});
    Pass(Between(buffer), 11);
    OwnershipTransfer back{
        .view = buffer, .fromQueue = 0, .before = Use::TransferRead, .toQueue = m_compute, .after = Use::TransferWrite};
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer release = m_commands->Begin();
    ASSERT_TRUE(Ok(back.CmdRelease(frame, release)));
    const SubmitSync released = m_commands->Submit(release, frame);
    VkCommandBuffer acquire = m_producer->Begin();
    ASSERT_TRUE(Ok(back.CmdAcquire(frame, acquire)));
    Fill(frame, acquire, buffer, 12);
    const QueueWait wait{released.Point(), Use::TransferWrite};
    SEDX_REQUIRE(const SubmitSync sync, frame.SubmitSync(m_compute, {&wait, 1}));
    m_producer->Submit(acquire, sync.Waits(), sync.Signals());
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    m_producer->WaitIdle();
}

// The same code serves a buffer that any queue may use: nothing is recorded.
TEST_F(OwnershipTransferTest, AConcurrentBufferNeedsNone)
{
    const OwnershipTransfer transfer = Between(Make(kBytes));
    EXPECT_FALSE(transfer.NeedsBarriers(*m_system));
    const uint64_t before = Calls().Calls(Fn::CmdPipelineBarrier2);
    Pass(transfer, 12);
    EXPECT_EQ(Calls().Calls(Fn::CmdPipelineBarrier2), before + 1);
}

TEST_F(OwnershipTransferTest, AForgottenHalfIsSeenByTheSimulator)
{
    if (!IsSimulated(m_compute))
        SEDX_SKIP("the device has a compute queue of its own, which the simulator does not watch");
    const Buffer buffer = Make(kBytes, {.name = "mine", .ownership = Ownership::Exclusive, .ownerQueue = m_compute});
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer make = m_producer->Begin();
    Fill(frame, make, buffer, 1);
    const SubmitSync made = m_producer->Submit(make, frame);
    VkCommandBuffer use = m_commands->Begin();
    CopyToSeen(frame, use, buffer);
    const QueueWait wait{made.Point(), Use::TransferRead};
    SubmitWith(use, frame, {&wait, 1});
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    m_commands->WaitIdle();
    EXPECT_THAT(TakeSimulated(), Contains(HasSubstr("mine")));
}

TEST_F(OwnershipTransferTest, SaysWhatIsWrong)
{
    const Buffer buffer = Make(kBytes, {.name = "mine", .ownership = Ownership::Exclusive, .ownerQueue = m_compute});
    OwnershipTransfer transfer = Between(buffer);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_producer->Begin();
    EXPECT_TRUE(FailsWith(transfer.CmdAcquire(frame, cmd), ErrorCode::WrongState, "nothing of buffer 'mine'"));
    EXPECT_TRUE(FailsWith(transfer.CmdRelease(frame, VK_NULL_HANDLE), ErrorCode::InvalidArgument));
    transfer.toQueue = 99;
    EXPECT_TRUE(FailsWith(transfer.CmdRelease(frame, cmd), ErrorCode::InvalidArgument, "queue 99"));
    EXPECT_FALSE(transfer.NeedsBarriers(*m_system));
    transfer = Between(buffer);
    transfer.before = Use::HostWrite;
    EXPECT_TRUE(FailsWith(transfer.CmdRelease(frame, cmd), ErrorCode::InvalidArgument, "CPU"));
    transfer = Between({});
    EXPECT_TRUE(FailsWith(transfer.CmdRelease(frame, cmd), ErrorCode::InvalidArgument, "empty"));
    EXPECT_TRUE(Ok(m_system->AbandonFrame(frame)));
    EXPECT_TRUE(FailsWith(Between(buffer).CmdRelease(frame, cmd), ErrorCode::WrongState, "not open"));
    m_commands->Functions().EndCommandBuffer(cmd);
}
} // namespace
} // namespace sedx::test
