// Which queue batches go to, and the order between that queue, queue 0 and frames.
#include "transfer_queue_test.h"

#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::HasSubstr;
using testing::Not;

class TransferQueueTest : public TransferQueueDeviceTest
{};

// ---- the choice ----------------------------------------------------------------------------------------------------

TEST_F(TransferQueueTest, LongWritesGoThereIfTheProfileSaysSo)
{
    Start(WithProfile(true));
    const Buffer buffer = Make(kLong);
    const Bytes bytes = Pattern(1, kLong);
    const UploadTicket ticket = Write(buffer, 0, bytes);
    EXPECT_EQ(Send(), m_transfer);
    EXPECT_THAT(Uploads().Explain(ticket),
                HasSubstr("submitted on queue " + std::to_string(m_transfer) + ", for transfers alone"));
    EXPECT_EQ(m_system->GetReport().transferQueueSubmissions, 1u);
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, buffer)));
}

TEST_F(TransferQueueTest, OthersStayOnQueue0)
{
    Start(WithProfile(false));
    const Buffer buffer = Make(kLong);
    const UploadTicket ticket = Write(buffer, 0, Pattern(1, kLong));
    EXPECT_EQ(Send(), 0u);
    EXPECT_THAT(Uploads().Explain(ticket), HasSubstr("submitted on queue 0,"));
    EXPECT_THAT(Uploads().Explain(ticket), Not(HasSubstr("transfers alone")));
}

TEST_F(TransferQueueTest, TheSwitchTurnsItOff)
{
    BufferSystemDesc desc = WithProfile(true);
    desc.transferQueue = TransferQueue::Off;
    Start(desc);
    const Buffer buffer = Make(kLong);
    Write(buffer, 0, Pattern(1, kLong));
    EXPECT_EQ(Send(), 0u);
    EXPECT_EQ(m_system->GetReport().transferQueueSubmissions, 0u);
}

TEST_F(TransferQueueTest, FewBytesAreNotWorthIt)
{
    Start(WithProfile(true));
    const Buffer buffer = Make(kLong);
    Write(buffer, 0, Pattern(1, 100'000));
    EXPECT_EQ(Send(), 0u);
    // Unless everything shall go there, also what lanes hold.
    BufferSystemDesc desc = WithProfile(false);
    desc.transferQueue = TransferQueue::Always;
    const Bytes bytes = Pattern(2, 64);
    auto always = MakeSystem(desc);
    ASSERT_TRUE(always);
    SEDX_REQUIRE(const Buffer other, always->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    ASSERT_TRUE(Ok(always->Uploads().Write(other, 0, bytes)));
    Calls().TakeSubmissions();
    ASSERT_TRUE(Ok(always->Uploads().Submit()));
    EXPECT_EQ(SentTo(), m_transfer);
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*always, other)));
}

TEST_F(TransferQueueTest, ManyShortWritesAreForTheShader)
{
    Start(WithProfile(true));
    const Buffer buffer = Make(kLong + 17 * 64);
    const Bytes bytes = Pattern(1, kLong);
    Write(buffer, 0, bytes);
    for (uint64_t i = 0; i < 15; ++i)
        Write(buffer, kLong + 16 + i * 64, Pattern(i, 48)); // none continues another one
    EXPECT_EQ(Send(), m_transfer);                          // too few for a dispatch
    Write(buffer, 0, bytes);
    for (uint64_t i = 0; i < 16; ++i)
        Write(buffer, kLong + 16 + i * 64, Pattern(i, 48)); // none continues another one
    EXPECT_EQ(Send(), 0u);
    EXPECT_EQ(m_system->GetReport().scatteredCopies, 16u);
}

TEST_F(TransferQueueTest, MovesStayOnQueue0)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer source = Make(kLong);
    const Buffer target = Make(kLong);
    const Bytes bytes = Pattern(1, kLong);
    Write(source, 0, bytes);
    ASSERT_TRUE(Ok(Uploads().Copy(source, target)));
    EXPECT_EQ(Send(), 0u);
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, target)));
}

TEST_F(TransferQueueTest, ImagesStayOnQueue0)
{
    Start({.transferQueue = TransferQueue::Always});
    const TestImage image(TheDevice(), {.extent = {4, 4, 1}});
    const ImageRegion region{.extent = {4, 4, 1}};
    ASSERT_TRUE(Ok(Uploads().WriteImage(image.Target(), {&region, 1}, Pattern(1, 64))));
    EXPECT_EQ(Send(), 0u);
    m_commands->WaitIdle();
}

TEST_F(TransferQueueTest, AnEngineWithFencesOnlyHasNoOrderForIt)
{
    BufferSystemDesc desc{.completion = FrameCompletion::Fences, .transferQueue = TransferQueue::Always};
    Start(desc);
    const Buffer buffer = Make(kLong);
    Write(buffer, 0, Pattern(1, kLong));
    EXPECT_EQ(Send(), 0u);
}

// ---- the order -----------------------------------------------------------------------------------------------------

TEST_F(TransferQueueTest, BatchesPassInOrderOnBothQueues)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer source = Make(4096);
    const Buffer target = Make(4096);
    Bytes expected;
    HeldTimelines held(Calls()); // nothing seems to have passed
    for (uint64_t i = 0; i < 20; ++i)
    {
        expected = Pattern(i, 4096);
        std::vector<VkSemaphoreSubmitInfo> before = m_last.signals;
        Write(source, 0, expected);
        EXPECT_EQ(Send(), m_transfer);
        EXPECT_EQ(m_last.waits.size(), i == 0 ? 0u : 1u);
        EXPECT_TRUE(i == 0 || LastWaitsFor(before.front()));
        ASSERT_TRUE(Ok(Uploads().Copy(source, target)));
        before = m_last.signals;
        EXPECT_EQ(Send(), 0u);
        EXPECT_TRUE(LastWaitsFor(before.front()));
    }
    EXPECT_EQ(held.Waits(), 0u);
    held.Release();
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, target)));
}

// Calibration submits on both queues, and its values of the timeline come behind those of batches on either.
TEST_F(TransferQueueTest, CalibrationComesBehindIt)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer buffer = Make(kLong);
    Write(buffer, 0, Pattern(1, kLong));
    EXPECT_EQ(Send(), m_transfer);
    const VkSemaphoreSubmitInfo signal = m_last.signals.front();
    ASSERT_TRUE(Ok(m_system->Calibrate()));
    m_last = Calls().TakeSubmissions().front();
    EXPECT_TRUE(LastWaitsFor(signal));
}

TEST_F(TransferQueueTest, FramesWaitForIt)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer buffer = Make(kLong);
    HeldTimelines held(Calls());
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    const UploadTicket upload = Write(buffer, 0, Pattern(1, kLong));
    const SubmitSync sync = m_commands->Submit(m_commands->Begin(), frame);
    SEDX_REQUIRE(const TimelinePoint point, upload.Point());
    EXPECT_TRUE(std::ranges::any_of(sync.Waits(), [&](const auto& wait) { return wait.value >= point.value; }));
    EXPECT_EQ(m_system->GetReport().transferQueueSubmissions, 1u);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
}

TEST_F(TransferQueueTest, RunsBesideFramesThatUseOtherBuffers)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer drawn = Make(4096);
    const Buffer loaded = Make(kLong);
    const Bytes bytes = Pattern(1, kLong);
    Gate gate(TheDevice());
    const SubmitSync sync = UseBehind(gate, drawn);
    const UploadTicket ticket = Write(loaded, 0, bytes);
    EXPECT_EQ(Send(), m_transfer);
    EXPECT_FALSE(LastWaitsFor(sync.Signals()[0]));
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_FALSE(m_system->HasPassed(sync.Point())); // the frame has not even begun
    gate.Open();
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, loaded)));
}

TEST_F(TransferQueueTest, WaitsForFramesThatUseItsBuffers)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer buffer = Make(kLong);
    Gate gate(TheDevice());
    const SubmitSync sync = UseBehind(gate, buffer);
    const UploadTicket ticket = Write(buffer, 0, Pattern(1, kLong));
    EXPECT_EQ(Send(), m_transfer);
    EXPECT_TRUE(LastWaitsFor(sync.Signals()[0]));
    EXPECT_TRUE(FailsWith(ticket.Wait(1'000'000), ErrorCode::Timeout));
    gate.Open();
    EXPECT_TRUE(Ok(ticket.Wait()));
}

TEST_F(TransferQueueTest, ReadBacksWaitForFramesThatWriteTheirSource)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer buffer = Make(4096);
    Gate gate(TheDevice());
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    const ResolvedBuffer resolved = frame.Resolve(buffer);
    VkCommandBuffer cmd = m_commands->Begin();
    m_commands->Functions().CmdFillBuffer(cmd, resolved.buffer, resolved.offset, 4096, 0x09090909);
    const SubmitSync sync = m_commands->Submit(cmd, frame, gate.Waits());
    SEDX_REQUIRE(const ReadbackTicket read, m_system->Readbacks().Request(buffer));
    Calls().TakeSubmissions();
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_EQ(SentTo(), m_transfer);
    EXPECT_TRUE(LastWaitsFor(sync.Signals()[0]));
    gate.Open();
    SEDX_REQUIRE(const auto bytes, read.Wait());
    EXPECT_TRUE(SameBytes(Filled(9, 4096), bytes));
}

// Who has the raw data of a pinned buffer may use it in any frame.
TEST_F(TransferQueueTest, WaitsForEveryFrameIfABufferIsPinned)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer pinned = Make(4096, {.pinned = true});
    const Buffer other = Make(4096);
    m_commands->UseInFrame(*m_system, pinned);
    Gate gate(TheDevice());
    const SubmitSync sync = UseBehind(gate, other);
    Write(pinned, 0, Pattern(1, 4096));
    EXPECT_EQ(Send(), m_transfer);
    EXPECT_TRUE(LastWaitsFor(sync.Signals()[0]));
    Write(Make(4096), 0, Pattern(2, 4096));
    EXPECT_EQ(Send(), m_transfer);
    EXPECT_FALSE(LastWaitsFor(sync.Signals()[0])); // of its own; it still comes after the batch before
    gate.Open();
}

// What an open frame has submitted comes before by the order of queue 0, and has no end yet that others could wait for.
TEST_F(TransferQueueTest, BuffersOfAnOpenFrameThatHasSubmittedStayOnQueue0)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer buffer = Make(4096);
    const Buffer other = Make(4096);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    Write(buffer, 0, Pattern(1, 4096));
    EXPECT_EQ(Send(), m_transfer); // nothing of the frame was submitted
    m_commands->Submit(m_commands->Begin(), frame);
    Write(buffer, 0, Pattern(2, 4096));
    EXPECT_EQ(Send(), 0u);
    Write(other, 0, Pattern(3, 4096));
    EXPECT_EQ(Send(), m_transfer);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(SameBytes(Pattern(2, 4096), ReadBack(*m_system, buffer)));
}

TEST_F(TransferQueueTest, AnAbandonedFrameIsNotWaitedFor)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer buffer = Make(4096);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    ASSERT_TRUE(Ok(frame.SubmitSync(0))); // its signal will never come
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    const UploadTicket ticket = Write(buffer, 0, Pattern(1, 4096));
    EXPECT_EQ(Send(), m_transfer);
    EXPECT_TRUE(Ok(ticket.Wait()));
}

TEST_F(TransferQueueTest, WaitsForCopiesRecordedIntoFrames)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer buffer = Make(4096);
    Gate gate(TheDevice());
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    Write(buffer, 0, Pattern(1, 4096));
    VkCommandBuffer cmd = m_commands->Begin();
    ASSERT_TRUE(Ok(Uploads().CmdFlush(frame, cmd)));
    const SubmitSync sync = m_commands->Submit(cmd, frame, gate.Waits());
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    const Bytes second = Pattern(2, 1000);
    Write(buffer, 100, second);
    EXPECT_EQ(Send(), m_transfer);
    EXPECT_TRUE(LastWaitsFor(sync.Signals()[0]));
    gate.Open();
    Bytes expected = Pattern(1, 4096);
    std::ranges::copy(second, expected.begin() + 100);
    EXPECT_TRUE(SameBytes(expected, ReadBack(*m_system, buffer)));
}

// What streams in at the end of a frame does not stand behind the frame.
TEST_F(TransferQueueTest, BackgroundWritesRunBesideTheFrameThatSentThem)
{
    Start({.backgroundBytesPerFrame = kLong, .transferQueue = TransferQueue::Always});
    const Buffer drawn = Make(4096);
    const Buffer loaded = Make(kLong);
    const Bytes bytes = Pattern(1, kLong);
    SEDX_REQUIRE(const UploadTicket ticket,
                 Uploads().Write(loaded, 0, bytes, {.priority = UploadPriority::Background}));
    Gate gate(TheDevice());
    const SubmitSync sync = UseBehind(gate, drawn);
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_FALSE(m_system->HasPassed(sync.Point()));
    EXPECT_EQ(m_system->GetReport().transferQueueSubmissions, 1u);
    gate.Open();
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, loaded)));
}

TEST_F(TransferQueueTest, CommandsOfBothQueuesMayFail)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer buffer = Make(4096);
    for (uint64_t n = 1; n <= 2; ++n) // of either queue
    {
        const Bytes bytes = Pattern(n, 4096);
        const UploadTicket ticket = Write(buffer, 0, bytes);
        Calls().FailFunction(Fn::CreateCommandPool, VK_ERROR_OUT_OF_HOST_MEMORY, n);
        EXPECT_FALSE(Uploads().Submit());
        Calls().StopFailing();
        if (n == 1)
            continue; // nothing is lost: the next submission carries it, too
        EXPECT_TRUE(Ok(ticket.Wait()));
        EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, buffer)));
    }
}

TEST_F(TransferQueueTest, ALostSubmissionIsTold)
{
    Start({.transferQueue = TransferQueue::Always});
    const Buffer buffer = Make(4096);
    const UploadTicket lost = Write(buffer, 0, Pattern(1, 4096));
    Calls().FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_HOST_MEMORY);
    EXPECT_FALSE(Uploads().Submit());
    Calls().StopFailing();
    EXPECT_FALSE(lost.Wait());
    const Bytes bytes = Pattern(2, 4096);
    Write(buffer, 0, bytes);
    EXPECT_EQ(Send(), m_transfer);
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*m_system, buffer)));
}
} // namespace
} // namespace sedx::test
