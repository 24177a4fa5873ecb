// The tracker on several queues: what waits order, and what they do not.
#include "../transfer/transfer_queue_test.h"

#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::AllOf;
using testing::HasSubstr;

class HazardQueueTest : public TransferQueueDeviceTest
{
  protected:
    static constexpr uint64_t kBytes = 4096;

    void SetUp() override
    {
        TransferQueueDeviceTest::SetUp();
        Start({});
    }
    void TearDown() override
    {
        m_buffer = {};
        m_computing.reset();
        TransferQueueDeviceTest::TearDown();
    }
    void Start(BufferSystemDesc desc)
    {
        m_buffer = {};
        TransferQueueDeviceTest::Start(std::move(desc));
        m_computing.emplace(TheDevice(), m_compute);
        m_buffer = Make(kBytes, {.name = "shared"});
        m_log.Clear();
    }
    HazardTracker Hazards() { return m_system->Hazards(); }
    uint64_t Count(HazardKind kind) { return Hazards().Report().Count(kind); }
    // A submission on the compute queue that does this to the buffer.
    TimelinePoint Compute(const Frame& frame, Use use, std::span<const QueueWait> waits = {})
    {
        return Run(*m_computing, m_compute, frame, use, waits);
    }
    TimelinePoint Draw(const Frame& frame, Use use, std::span<const QueueWait> waits = {})
    {
        return Run(*m_commands, 0, frame, use, waits);
    }
    TimelinePoint Run(TestCommands& commands, uint32_t queue, const Frame& frame, Use use,
                      std::span<const QueueWait> waits)
    {
        VkCommandBuffer cmd = commands.Begin();
        Hazards().CmdBegin(frame, cmd, queue);
        Hazards().CmdAccess(frame, cmd, m_buffer, use);
        const auto sync = frame.SubmitSync(queue, waits);
        EXPECT_TRUE(Ok(sync));
        if (!sync)
            return {};
        commands.Submit(cmd, sync->Waits(), sync->Signals());
        return sync->Point();
    }

    std::optional<TestCommands> m_computing;
    Buffer m_buffer;
};

TEST_F(HazardQueueTest, AMissingWaitIsNamed)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    HeldTimelines held(Calls());
    Compute(frame, Use::ComputeWrite);
    Draw(frame, Use::TransferRead);
    EXPECT_EQ(Count(HazardKind::ReadAfterWrite), 1u);
    EXPECT_THAT(m_log.Text(),
                AllOf(HasSubstr("'shared'"), HasSubstr("ComputeWrite on queue " + std::to_string(m_compute)),
                      HasSubstr("TransferRead on queue 0"), HasSubstr("QueueWait")));
    held.Release();
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
}

TEST_F(HazardQueueTest, WaitsMakeItRight)
{
    HeldTimelines held(Calls(), HeldTimelines::OnWait::Release);
    TimelinePoint drawn;
    for (uint32_t i = 0; i < 4; ++i)
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        const QueueWait before{drawn, Use::ComputeWrite}; // the reader of the frame before
        const TimelinePoint made = Compute(frame, Use::ComputeWrite, {&before, 1});
        const QueueWait wait{made, Use::TransferRead};
        drawn = Draw(frame, Use::TransferRead, {&wait, 1});
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    }
    EXPECT_EQ(m_log.Text(), "");
}

TEST_F(HazardQueueTest, AWriterThatOvertakesTheReader)
{
    HeldTimelines held(Calls(), HeldTimelines::OnWait::Release);
    for (uint32_t i = 0; i < 2; ++i)
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        const TimelinePoint made = Compute(frame, Use::ComputeWrite);
        const QueueWait wait{made, Use::TransferRead};
        Draw(frame, Use::TransferRead, {&wait, 1});
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    }
    EXPECT_EQ(Count(HazardKind::WriteAfterRead), 1u);
    EXPECT_THAT(m_log.Text(), HasSubstr("write after read"));
}

TEST_F(HazardQueueTest, AWaitAtTheWrongStage)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    HeldTimelines held(Calls());
    const TimelinePoint made = Compute(frame, Use::ComputeWrite);
    const QueueWait wait{made, Use::FragmentRead};
    Draw(frame, Use::VertexRead, {&wait, 1}); // vertices come before fragments
    EXPECT_EQ(Count(HazardKind::ReadAfterWrite), 1u);
    held.Release();
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
}

TEST_F(HazardQueueTest, SemaphoresOfOnesOwn)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    HeldTimelines held(Calls());
    const TimelinePoint made = Compute(frame, Use::ComputeWrite);
    Hazards().NextSubmitWaits(frame, 0, {made, Use::TransferRead});
    Draw(frame, Use::TransferRead);
    EXPECT_EQ(m_log.Text(), "");
    held.Release();
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
}

TEST_F(HazardQueueTest, CommandBuffersForAnotherQueueThanTheirOwn)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_computing->Begin();
    Hazards().CmdAccess(frame, cmd, m_buffer, Use::ComputeWrite); // without CmdBegin: of queue 0
    m_computing->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_EQ(Count(HazardKind::NeverSubmitted), 1u);
    EXPECT_THAT(m_log.Text(), HasSubstr("CmdBegin"));
}

TEST_F(HazardQueueTest, OwnershipTransfersKnowTheirQueues)
{
    m_buffer = Make(kBytes, {.name = "mine", .ownership = Ownership::Exclusive, .ownerQueue = m_compute});
    HeldTimelines held(Calls(), HeldTimelines::OnWait::Release);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    OwnershipTransfer transfer{.view = m_buffer,
                               .fromQueue = m_compute,
                               .before = Use::ComputeWrite,
                               .toQueue = 0,
                               .after = Use::TransferRead};
    VkCommandBuffer make = m_computing->Begin();
    Hazards().CmdAccess(frame, make, m_buffer, Use::ComputeWrite);
    ASSERT_TRUE(Ok(transfer.CmdRelease(frame, make)));
    const SubmitSync made = m_computing->Submit(make, frame);
    VkCommandBuffer use = m_commands->Begin();
    ASSERT_TRUE(Ok(transfer.CmdAcquire(frame, use)));
    Hazards().CmdAccess(frame, use, m_buffer, Use::TransferRead);
    const QueueWait wait{made.Point(), transfer.after};
    SEDX_REQUIRE(const SubmitSync sync, frame.SubmitSync(0, {&wait, 1}));
    m_commands->Submit(use, sync.Waits(), sync.Signals());
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_EQ(m_log.Text(), "");
}

// ---- uploads -------------------------------------------------------------------------------------------------------

// Uploads wait for other queues' frames that have ended, and not for open ones: frame.h forbids it.
TEST_F(HazardQueueTest, AnUploadToWhatAnotherQueueOfTheFrameReads)
{
    HeldTimelines held(Calls(), HeldTimelines::OnWait::Release);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    Compute(frame, Use::ComputeRead);
    Write(m_buffer, 0, Pattern(1, 64));
    m_commands->Submit(m_commands->Begin(), frame); // carries the upload
    EXPECT_EQ(Count(HazardKind::WriteAfterRead), 1u);
    EXPECT_THAT(m_log.Text(), AllOf(HasSubstr("bytes 0 to 64 of buffer 'shared'"), HasSubstr("in the library"),
                                    HasSubstr("ComputeRead on queue " + std::to_string(m_compute))));
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
}

TEST_F(HazardQueueTest, AnUploadBehindTheFrame)
{
    HeldTimelines held(Calls(), HeldTimelines::OnWait::Release);
    for (uint64_t i = 0; i < 4; ++i)
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        Write(m_buffer, 0, Pattern(i, 64));
        m_commands->Submit(m_commands->Begin(), frame);
        Compute(frame, Use::ComputeRead);
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    }
    EXPECT_EQ(m_log.Text(), "");
    EXPECT_GE(Hazards().Report().accesses, 7u);
}

TEST_F(HazardQueueTest, UploadsOnTheTransferQueue)
{
    Start({.transferQueue = TransferQueue::Always});
    HeldTimelines held(Calls(), HeldTimelines::OnWait::Release);
    for (uint64_t i = 0; i < 4; ++i)
    {
        Write(m_buffer, 64 * i, Pattern(i, 256));
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        Draw(frame, Use::VertexRead);
        Compute(frame, Use::ComputeRead);
        ASSERT_TRUE(Ok(m_system->Readbacks().Request(m_buffer)));
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    }
    EXPECT_EQ(m_log.Text(), "");
    EXPECT_GT(m_system->GetReport().transferQueueSubmissions, 0u);
}

TEST_F(HazardQueueTest, CopiesRecordedForTheComputeQueue)
{
    Start({.submitMode = SubmitMode::Recorded});
    HeldTimelines held(Calls(), HeldTimelines::OnWait::Release);
    for (uint64_t i = 0; i < 3; ++i)
    {
        Write(m_buffer, 0, Pattern(i, 256));
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        VkCommandBuffer cmd = m_computing->Begin();
        ASSERT_TRUE(Ok(Uploads().CmdFlush(frame, cmd, m_compute)));
        Hazards().CmdAccess(frame, cmd, m_buffer, Use::ComputeRead);
        m_computing->Submit(cmd, frame);
        Draw(frame, Use::VertexRead); // waits for the carrier
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    }
    EXPECT_EQ(m_log.Text(), "");
}
} // namespace
} // namespace sedx::test
