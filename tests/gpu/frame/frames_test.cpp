// Frames: numbers, pacing, several open at once, SubmitSync, and the three ways in which a frame ends.
#include "support/gpu_test.h"

#include <array>
#include <barrier>
#include <thread>

namespace sedx::test
{
namespace
{
class FramesTest : public GpuTest
{};

TEST_F(FramesTest, FramesInFlightHasLimits)
{
    for (const uint32_t count : {0u, 17u})
    {
        const auto system = BufferSystem::Create({.device = TheDevice(), .framesInFlight = count});
        EXPECT_TRUE(FailsWith(system, ErrorCode::InvalidArgument)) << count;
    }
    for (const uint32_t count : {1u, 16u})
        EXPECT_TRUE(MakeSystem({.framesInFlight = count})) << count;
}

TEST_F(FramesTest, SystemNeedsADevice) { EXPECT_TRUE(FailsWith(BufferSystem::Create({}), ErrorCode::InvalidArgument)); }

TEST_F(FramesTest, NumbersCountFromOne)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    EXPECT_EQ(system->CompletedFrame(), 0u);
    for (uint64_t number = 1; number <= 5; ++number)
    {
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        EXPECT_TRUE(static_cast<bool>(frame));
        EXPECT_EQ(frame.Number(), number);
        ASSERT_TRUE(Ok(system->EndFrame(frame)));
    }
    const Report report = system->GetReport();
    EXPECT_EQ(report.framesBegun, 5u);
}

TEST_F(FramesTest, IndexCyclesThroughFramesInFlight)
{
    for (const uint32_t count : {1u, 2u, 3u})
    {
        auto system = MakeSystem({.framesInFlight = count});
        ASSERT_TRUE(system);
        std::vector<uint32_t> indices;
        for (uint32_t i = 0; i < 3 * count; ++i)
        {
            SEDX_REQUIRE(const Frame frame, system->BeginFrame());
            EXPECT_LT(frame.Index(), count);
            indices.push_back(frame.Index());
            ASSERT_TRUE(Ok(system->EndFrame(frame)));
        }
        // An index comes back only after all others: the engine's objects of that index are free again.
        for (size_t i = 0; i + count <= indices.size(); ++i)
            EXPECT_EQ(std::set(indices.begin() + static_cast<ptrdiff_t>(i),
                               indices.begin() + static_cast<ptrdiff_t>(i + count))
                          .size(),
                      count);
    }
}

TEST_F(FramesTest, CurrentFrameIsTheLastOneOpenedThatIsStillOpen)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    EXPECT_FALSE(static_cast<bool>(system->GetCurrentFrame()));
    SEDX_REQUIRE(const Frame first, system->BeginFrame());
    EXPECT_EQ(system->GetCurrentFrame(), first);
    SEDX_REQUIRE(const Frame second, system->BeginFrame());
    EXPECT_NE(first, second);
    EXPECT_EQ(system->GetCurrentFrame(), second);
    ASSERT_TRUE(Ok(system->EndFrame(second)));
    EXPECT_EQ(system->GetCurrentFrame(), first);
    ASSERT_TRUE(Ok(system->EndFrame(first)));
    EXPECT_FALSE(static_cast<bool>(system->GetCurrentFrame()));
}

TEST_F(FramesTest, PipelinedFramesEndInOrderOfOpening)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Frame first, system->BeginFrame());
    SEDX_REQUIRE(const Frame second, system->BeginFrame());
    ASSERT_TRUE(Ok(system->EndFrame(first)));
    EXPECT_EQ(system->GetCurrentFrame(), second);
    ASSERT_TRUE(Ok(system->EndFrame(second)));
}

TEST_F(FramesTest, NoMoreThanTheAllowedNumberIsOpen)
{
    auto system = MakeSystem({.framesInFlight = 8});
    ASSERT_TRUE(system);
    std::vector<Frame> frames;
    for (uint32_t i = 0; i < kMaxOpenFrames; ++i)
    {
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        frames.push_back(frame);
    }
    EXPECT_TRUE(FailsWith(system->BeginFrame(), ErrorCode::WrongState));
    ASSERT_TRUE(Ok(system->EndFrame(frames[0])));
    SEDX_REQUIRE(const Frame next, system->BeginFrame());
    EXPECT_EQ(next.Number(), kMaxOpenFrames + 1u);
    frames[0] = next;
    for (const Frame& frame : frames)
        EXPECT_TRUE(Ok(system->EndFrame(frame)));
}

// An own device hands the objects of an index out again: not while the frame that has them is open.
TEST_F(FramesTest, IndexOfAnOpenFrameIsNotHandedOut)
{
    auto system = MakeSystem({.framesInFlight = 2});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Frame first, system->BeginFrame());
    SEDX_REQUIRE(const Frame second, system->BeginFrame());
    EXPECT_NE(first.Index(), second.Index());
    EXPECT_TRUE(FailsWith(system->BeginFrame(), ErrorCode::WrongState)); // would wait for `first` for ever
    ASSERT_TRUE(Ok(system->EndFrame(first)));
    SEDX_REQUIRE(const Frame third, system->BeginFrame());
    EXPECT_EQ(third.Index(), first.Index());
    ASSERT_TRUE(Ok(system->EndFrame(second)));
    ASSERT_TRUE(Ok(system->EndFrame(third)));
}

// The limit is how many are open, not how old the oldest of them is.
TEST_F(FramesTest, OneSlowFrameDoesNotStopTheOthers)
{
    auto system = MakeSystem({.framesInFlight = 16});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Frame slow, system->BeginFrame());
    for (uint32_t i = 0; i < 2 * kMaxOpenFrames; ++i)
    {
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        ASSERT_TRUE(Ok(system->EndFrame(frame)));
    }
    EXPECT_EQ(system->GetCurrentFrame(), slow);
    ASSERT_TRUE(Ok(system->EndFrame(slow)));
}

// ---- pacing --------------------------------------------------------------------------------------------------------
class PacingTest : public GpuTest, public testing::WithParamInterface<uint32_t>
{};

TEST_P(PacingTest, WaitsOnlyForTheFrameThatManyFramesAgo)
{
    const uint32_t inFlight = GetParam();
    auto system = MakeSystem({.framesInFlight = inFlight});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    HeldTimelines held(Calls(), HeldTimelines::OnWait::Release);
    for (uint32_t i = 0; i < inFlight; ++i)
        commands.RunFrame(*system);
    EXPECT_EQ(held.Waits(), 0u);
    EXPECT_EQ(system->GetReport().Waits(WaitCause::Pacing).count, 0u);

    SEDX_REQUIRE(const Frame next, system->BeginFrame());
    EXPECT_EQ(held.Waits(), 1u);
    EXPECT_EQ(system->GetReport().Waits(WaitCause::Pacing).count, 1u);
    EXPECT_GE(system->CompletedFrame(), 1u);
    ASSERT_TRUE(Ok(system->EndFrame(next)));
    const Report report = system->GetReport();
    for (const WaitCause cause : {WaitCause::BackPressure, WaitCause::Upload, WaitCause::Readback})
        EXPECT_EQ(report.Waits(cause).count, 0u) << ToString(cause);
}

TEST_P(PacingTest, DoesNotWaitForWhatHasPassed)
{
    auto system = MakeSystem({.framesInFlight = GetParam()});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    NewWaits();
    for (int i = 0; i < 10; ++i)
    {
        commands.RunFrame(*system);
        commands.WaitIdle();
    }
    EXPECT_EQ(NewWaits(), 0u);
    EXPECT_EQ(system->GetReport().Waits(WaitCause::Pacing).count, 0u);
}

TEST_P(PacingTest, FramesWithoutSubmissionsDoNotWait)
{
    auto system = MakeSystem({.framesInFlight = GetParam()});
    ASSERT_TRUE(system);
    HeldTimelines held(Calls(), HeldTimelines::OnWait::Release);
    for (int i = 0; i < 10; ++i)
    {
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        ASSERT_TRUE(Ok(system->EndFrame(frame)));
    }
    EXPECT_EQ(held.Waits(), 0u);
    EXPECT_GE(system->CompletedFrame(), 9u);
}

INSTANTIATE_TEST_SUITE_P(FramesInFlight, PacingTest, testing::Values(1u, 2u, 3u));

// Both find that frame 1 is to be waited for. Who comes second waits for frame 2, whose index it gets.
TEST_F(FramesTest, ThreadsThatBeginTogetherWaitForAFrameEach)
{
    auto system = MakeSystem({.framesInFlight = 2});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    Gate first(TheDevice());
    Gate second(TheDevice());
    commands.RunFrame(
        *system, [](const Frame&, VkCommandBuffer) {}, first.Waits());
    commands.RunFrame(
        *system, [](const Frame&, VkCommandBuffer) {}, second.Waits());
    Frame third;
    Calls().onWait = [&] {
        if (third)
            return second.Open();
        first.Open();
        while (system->CompletedFrame() < 1)
            system->Poll();
        std::thread([&] {
            const auto begun = system->BeginFrame();
            EXPECT_TRUE(Ok(begun));
            third = begun ? *begun : Frame();
        }).join();
    };
    SEDX_REQUIRE(const Frame fourth, system->BeginFrame());
    EXPECT_EQ(third.Number(), 3u);
    EXPECT_EQ(fourth.Number(), 4u);
    EXPECT_GE(system->CompletedFrame(), 2u) << "two frames with index " << fourth.Index();
    Calls().onWait = nullptr;
    second.Open();
    ASSERT_TRUE(Ok(system->EndFrame(third)));
    ASSERT_TRUE(Ok(system->EndFrame(fourth)));
}

// ---- in flight -----------------------------------------------------------------------------------------------------
TEST_F(FramesTest, BufferIsInFlightFromItsFirstUseUntilAllFramesSinceHavePassed)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    EXPECT_FALSE(system->IsInFlight(buffer));
    SEDX_REQUIRE(const Frame first, system->BeginFrame());
    EXPECT_FALSE(system->IsInFlight(buffer));
    first.Resolve(buffer);
    EXPECT_TRUE(system->IsInFlight(buffer));
    // Opened while the buffer was in flight; it may use the buffer through a slot or an address, without Resolve.
    SEDX_REQUIRE(const Frame second, system->BeginFrame());
    commands.Submit(commands.Begin(), first);
    ASSERT_TRUE(Ok(system->EndFrame(first)));
    commands.WaitIdle();
    system->Poll();
    EXPECT_EQ(system->CompletedFrame(), 1u);
    EXPECT_TRUE(system->IsInFlight(buffer));
    commands.Submit(commands.Begin(), second);
    ASSERT_TRUE(Ok(system->EndFrame(second)));
    commands.WaitIdle();
    system->Poll();
    EXPECT_EQ(system->CompletedFrame(), 2u);
    EXPECT_FALSE(system->IsInFlight(buffer));
}

TEST_F(FramesTest, EveryQueueSubmissionOfTheFrameCounts)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    Gate gate(TheDevice());
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    frame.Resolve(buffer);
    const SubmitSync early = commands.Submit(commands.Begin(), frame);
    const SubmitSync late = commands.Submit(commands.Begin(), frame, gate.Waits());
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
    EXPECT_LT(early.Point().value, late.Point().value);
    EXPECT_FALSE(system->HasPassed(late.Point()));
    system->Poll();
    EXPECT_EQ(system->CompletedFrame(), 0u);
    EXPECT_TRUE(system->IsInFlight(buffer));
    gate.Open();
    commands.WaitIdle();
    EXPECT_TRUE(system->HasPassed(early.Point()));
    EXPECT_TRUE(system->HasPassed(late.Point()));
    system->Poll();
    EXPECT_EQ(system->CompletedFrame(), 1u);
    EXPECT_FALSE(system->IsInFlight(buffer));
}

// ---- SubmitSync ----------------------------------------------------------------------------------------------------
TEST_F(FramesTest, SubmitSyncHandsOutRisingValues)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    uint64_t last = 0;
    VkSemaphore semaphore = VK_NULL_HANDLE;
    for (int i = 0; i < 3; ++i)
    {
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        for (int submission = 0; submission < 3; ++submission)
        {
            const SubmitSync sync = commands.Submit(commands.Begin(), frame);
            ASSERT_EQ(sync.Signals().size(), 1u);
            const VkSemaphoreSubmitInfo& signal = sync.Signals()[0];
            EXPECT_EQ(signal.sType, VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO);
            EXPECT_NE(signal.stageMask, 0u);
            EXPECT_GT(signal.value, last);
            EXPECT_TRUE(!semaphore || signal.semaphore == semaphore);
            semaphore = signal.semaphore;
            last = signal.value;
            EXPECT_EQ(sync.Point().queue, 0u);
            EXPECT_EQ(sync.Point().value, signal.value);
        }
        ASSERT_TRUE(Ok(system->EndFrame(frame)));
    }
    commands.WaitIdle();
    EXPECT_TRUE(system->HasPassed({0, last}));
    EXPECT_FALSE(system->HasPassed({0, last + 1}));
    EXPECT_TRUE(system->HasPassed({0, 0}));
    EXPECT_TRUE(system->HasPassed({}));
}

TEST_F(FramesTest, SubmitSyncWaitsForTheUploads)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    frame.Resolve(buffer); // in flight now: the write needs a copy
    SEDX_REQUIRE(const UploadTicket ticket, system->Uploads().Write(buffer, 0, Pattern(1, 64)));
    HeldTimelines held(Calls());
    const SubmitSync sync = commands.Submit(commands.Begin(), frame);
    ASSERT_GE(sync.Waits().size(), 1u);
    EXPECT_LE(sync.Waits().size(), kMaxQueues + 1u);
    for (const VkSemaphoreSubmitInfo& wait : sync.Waits())
    {
        EXPECT_EQ(wait.sType, VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO);
        EXPECT_NE(wait.semaphore, nullptr);
        EXPECT_NE(wait.stageMask, 0u);
        EXPECT_GT(wait.value, 0u);
    }
    SEDX_REQUIRE(const TimelinePoint point, ticket.Point());
    EXPECT_EQ(point.queue, kTransferTimeline);
    EXPECT_GT(point.value, 0u);
    EXPECT_EQ(held.Waits(), 0u);
    held.Release();
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

TEST_F(FramesTest, EndFrameSubmitsWhatIsStillCollected)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    frame.Resolve(buffer);
    SEDX_REQUIRE(const UploadTicket upload, system->Uploads().Write(buffer, 0, Pattern(1, 64)));
    SEDX_REQUIRE(const ReadbackTicket read, system->Readbacks().Request(buffer));
    EXPECT_TRUE(FailsWith(upload.Point(), ErrorCode::NotSubmitted));
    ASSERT_TRUE(Ok(system->EndFrame(frame))); // a frame without any submission of the engine's
    EXPECT_TRUE(Ok(upload.Point()));
    TestCommands(TheDevice()).WaitIdle();
    EXPECT_TRUE(upload.Ready());
    EXPECT_TRUE(read.Ready());
    EXPECT_TRUE(SameBytes(Pattern(1, 64), read.Bytes()));
}

TEST_F(FramesTest, SubmitSyncOnAQueueThatIsNotThere)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    const auto queues = static_cast<uint32_t>(TheDevice().Queues().size());
    EXPECT_TRUE(FailsWith(frame.SubmitSync(queues), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(frame.SubmitSync(UINT32_MAX), ErrorCode::InvalidArgument));
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

TEST_F(FramesTest, ClosedFramesAreInTheWrongState)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Frame ended, system->BeginFrame());
    ASSERT_TRUE(Ok(system->EndFrame(ended)));
    EXPECT_TRUE(FailsWith(ended.SubmitSync(0), ErrorCode::WrongState));
    EXPECT_TRUE(FailsWith(system->EndFrame(ended), ErrorCode::WrongState));
    EXPECT_TRUE(FailsWith(system->AbandonFrame(ended), ErrorCode::WrongState));
    SEDX_REQUIRE(const Frame abandoned, system->BeginFrame());
    ASSERT_TRUE(Ok(system->AbandonFrame(abandoned)));
    EXPECT_TRUE(FailsWith(abandoned.SubmitSync(0), ErrorCode::WrongState));
    EXPECT_TRUE(FailsWith(system->EndFrame(abandoned), ErrorCode::WrongState));
    EXPECT_TRUE(FailsWith(system->AbandonFrame(abandoned), ErrorCode::WrongState));
    const Frame none;
    EXPECT_FALSE(none.SubmitSync(0));
    EXPECT_FALSE(system->EndFrame(none));
    EXPECT_FALSE(system->AbandonFrame(none));
}

TEST_F(FramesTest, FrameOfAnotherSystemIsRefused)
{
    auto one = MakeSystem();
    auto two = MakeSystem();
    ASSERT_TRUE(one && two);
    SEDX_REQUIRE(const Frame mine, one->BeginFrame());
    SEDX_REQUIRE(const Frame theirs, two->BeginFrame());
    EXPECT_NE(mine, theirs);
    EXPECT_FALSE(one->EndFrame(theirs));
    EXPECT_FALSE(one->AbandonFrame(theirs));
    EXPECT_TRUE(Ok(one->EndFrame(mine)));
    EXPECT_TRUE(Ok(two->EndFrame(theirs)));
}

// ---- AbandonFrame --------------------------------------------------------------------------------------------------
TEST_F(FramesTest, AbandonedFrameFreesWhatItResolved)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    ASSERT_TRUE(static_cast<bool>(frame.Resolve(buffer)));
    EXPECT_TRUE(system->IsInFlight(buffer));
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
    EXPECT_FALSE(system->IsInFlight(buffer));
    buffer = {};
    system->Poll();
    EXPECT_EQ(system->GetReport().pendingDestroyed, 0u);
}

TEST_F(FramesTest, AbandonedFrameWithAnUnusedSubmitSyncBlocksNothing)
{
    auto system = MakeSystem({.framesInFlight = 2});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    for (int i = 0; i < 6; ++i) // more than are in flight: pacing must not wait for them
    {
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        frame.Resolve(buffer);
        SEDX_REQUIRE(const SubmitSync unused, frame.SubmitSync(0));
        EXPECT_GT(unused.Point().value, 0u);
        ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
        EXPECT_FALSE(system->IsInFlight(buffer));
    }
    for (int i = 0; i < 3; ++i)
        commands.UseInFrame(*system, buffer);
    commands.WaitIdle();
    system->Poll();
    EXPECT_EQ(system->CompletedFrame(), 9u);
    EXPECT_FALSE(system->IsInFlight(buffer));
}

TEST_F(FramesTest, AbandoningOneFrameLeavesTheOtherAlone)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame kept, system->BeginFrame());
    SEDX_REQUIRE(const Frame abandoned, system->BeginFrame());
    kept.Resolve(buffer);
    abandoned.Resolve(buffer);
    ASSERT_TRUE(Ok(system->AbandonFrame(abandoned)));
    EXPECT_TRUE(system->IsInFlight(buffer));
    EXPECT_TRUE(static_cast<bool>(kept.Resolve(buffer)));
    commands.Submit(commands.Begin(), kept);
    ASSERT_TRUE(Ok(system->EndFrame(kept)));
    commands.WaitIdle();
    system->Poll();
    EXPECT_FALSE(system->IsInFlight(buffer));
    EXPECT_EQ(system->CompletedFrame(), 2u);
}

TEST_F(FramesTest, UploadsOfAnAbandonedFrameStillArrive)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    const Bytes bytes = Pattern(5, 64);
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    frame.Resolve(buffer);
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, bytes)));
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, buffer)));
}

// ---- end of the system ---------------------------------------------------------------------------------------------
TEST_F(FramesTest, DestroyingTheSystemWaitsForSubmittedFrames)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    Gate gate(TheDevice());
    bool hasWaited = false;
    Calls().onWait = [&] {
        hasWaited = true;
        gate.Open();
    };
    VkBuffer raw = VK_NULL_HANDLE;
    commands.RunFrame(
        *system, [&](const Frame& frame, VkCommandBuffer) { raw = frame.Resolve(buffer).buffer; }, gate.Waits());
    buffer = {};
    system->Poll();
    EXPECT_TRUE(Calls().IsAlive(raw));
    EXPECT_FALSE(hasWaited);
    system.reset();
    EXPECT_TRUE(hasWaited);
    EXPECT_FALSE(Calls().IsAlive(raw));
}

TEST_F(FramesTest, DestroyingTheSystemWithAnOpenFrameIsSafe)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    frame.Resolve(buffer);
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, Pattern(1, 64))));
    buffer = {};
    system.reset(); // and everything is gone: checked at the end of the test
}

TEST_F(FramesTest, DestroyingTheSystemAfterAnUnusedSubmitSyncDoesNotHang)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    ASSERT_TRUE(Ok(frame.SubmitSync(0)));
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
    system.reset();
}

// ---- threads -------------------------------------------------------------------------------------------------------
TEST_F(FramesTest, TwoThreadsPipelineFrames)
{
    auto system = MakeSystem({.framesInFlight = 3});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(256, BufferUsage::Storage, MemoryType::GPU));
    // One thread opens frames and resolves, the other one submits and ends them, one frame behind.
    constexpr int kFrames = 100;
    std::array<Frame, kFrames> frames;
    std::barrier<> handOver(2);
    TestCommands commands(TheDevice());
    std::thread renderer([&] {
        for (int i = 0; i < kFrames; ++i)
        {
            handOver.arrive_and_wait(); // frame i is ready
            commands.Submit(commands.Begin(), frames[static_cast<size_t>(i)]);
            EXPECT_TRUE(Ok(system->EndFrame(frames[static_cast<size_t>(i)])));
        }
    });
    for (int i = 0; i < kFrames; ++i)
    {
        const auto frame = system->BeginFrame();
        EXPECT_TRUE(Ok(frame));
        if (frame)
        {
            EXPECT_TRUE(static_cast<bool>(frame->Resolve(buffer)));
            frames[static_cast<size_t>(i)] = *frame;
        }
        handOver.arrive_and_wait();
    }
    renderer.join();
    commands.WaitIdle();
    system->Poll();
    EXPECT_EQ(system->CompletedFrame(), static_cast<uint64_t>(kFrames));
    EXPECT_EQ(system->GetReport().framesCompleted, static_cast<uint64_t>(kFrames));
}
} // namespace
} // namespace sedx::test
