// Frames: numbers, pacing, several open at once, SubmitSync, and the three ways in which a frame ends.
#include "support/engine_device.h"
#include "support/gpu_test.h"

#include <array>
#include <barrier>
#include <set>
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

// ---- Resolve -------------------------------------------------------------------------------------------------------
TEST_F(FramesTest, ResolveAnswersTheSameWithinAFrame)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU, "stable"));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    const ResolvedBuffer first = frame.Resolve(buffer);
    ASSERT_TRUE(static_cast<bool>(first));
    EXPECT_EQ(first.size, 1000u);
    EXPECT_NE(first.address, 0u);
    for (int i = 0; i < 100; ++i)
    {
        const ResolvedBuffer again = frame.Resolve(buffer);
        EXPECT_EQ(again.buffer, first.buffer);
        EXPECT_EQ(again.offset, first.offset);
        EXPECT_EQ(again.address, first.address);
        EXPECT_EQ(again.mapped, first.mapped);
        EXPECT_EQ(again.size, first.size);
    }
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

TEST_F(FramesTest, ResolveOfAViewIsARange)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::CPU));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    const ResolvedBuffer whole = frame.Resolve(buffer);
    const ResolvedBuffer viaView = frame.Resolve(BufferView(buffer));
    EXPECT_EQ(viaView.offset, whole.offset);
    EXPECT_EQ(viaView.size, whole.size);
    const ResolvedBuffer part = frame.Resolve(BufferView(buffer, 100, 50));
    EXPECT_EQ(part.buffer, whole.buffer);
    EXPECT_EQ(part.offset, whole.offset + 100);
    EXPECT_EQ(part.size, 50u);
    EXPECT_EQ(part.address, whole.address + 100);
    EXPECT_EQ(part.mapped, static_cast<std::byte*>(whole.mapped) + 100);
    const ResolvedBuffer tail = frame.Resolve(BufferView(buffer, 900, BufferView::kWhole));
    EXPECT_EQ(tail.size, 100u);
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

TEST_F(FramesTest, ResolveOfARangeOutsideGivesNulls)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    for (const auto& [offset, bytes] : std::vector<std::pair<uint64_t, uint64_t>>{
             {1, 1000}, {1001, BufferView::kWhole}, {1000, 1}, {UINT64_MAX - 1, 10}, {10, UINT64_MAX - 5}})
    {
        const ResolvedBuffer resolved = frame.Resolve(BufferView(buffer, offset, bytes));
        EXPECT_FALSE(static_cast<bool>(resolved)) << offset << " + " << bytes;
        EXPECT_EQ(resolved.mapped, nullptr);
        EXPECT_EQ(resolved.address, 0u);
    }
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

TEST_F(FramesTest, ResolveOfAnEmptyHandleGivesNulls)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    EXPECT_FALSE(static_cast<bool>(frame.Resolve(Buffer())));
    EXPECT_FALSE(static_cast<bool>(frame.Resolve(BufferView())));
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

TEST_F(FramesTest, ResolveInAClosedFrameGivesNullsAndSaysSo)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame ended, system->BeginFrame());
    ASSERT_TRUE(Ok(system->EndFrame(ended)));
    m_log.Clear();
    EXPECT_FALSE(static_cast<bool>(ended.Resolve(buffer)));
    EXPECT_GE(m_log.Count(), 1u);
    SEDX_REQUIRE(const Frame abandoned, system->BeginFrame());
    ASSERT_TRUE(Ok(system->AbandonFrame(abandoned)));
    EXPECT_FALSE(static_cast<bool>(abandoned.Resolve(buffer)));
    EXPECT_FALSE(static_cast<bool>(Frame().Resolve(buffer)));
    // A number reused by mistake must not open the door either.
    SEDX_REQUIRE(const Frame open, system->BeginFrame());
    EXPECT_FALSE(static_cast<bool>(ended.Resolve(buffer)));
    EXPECT_TRUE(static_cast<bool>(open.Resolve(buffer)));
    ASSERT_TRUE(Ok(system->EndFrame(open)));
}

TEST_F(FramesTest, TwoOpenFramesResolveOneBuffer)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame first, system->BeginFrame());
    SEDX_REQUIRE(const Frame second, system->BeginFrame());
    const ResolvedBuffer a = first.Resolve(buffer);
    const ResolvedBuffer b = second.Resolve(buffer);
    EXPECT_EQ(a.buffer, b.buffer);
    EXPECT_EQ(a.offset, b.offset);
    commands.Submit(commands.Begin(), first);
    commands.Submit(commands.Begin(), second);
    ASSERT_TRUE(Ok(system->EndFrame(first)));
    ASSERT_TRUE(Ok(system->EndFrame(second)));
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

// ---- several queues ------------------------------------------------------------------------------------------------
// The engine's one queue, handed over twice: two timelines, as if they were two queues.
class QueuesTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        m_engine = EngineDevice::Make({.layout = MemoryLayout::Discrete()}); // uploads need a submission
        ASSERT_TRUE(m_engine);
        AdoptDesc desc = m_engine->Describe();
        desc.queues.push_back(desc.queues[0]);
        desc.hook = m_interceptor.Hook();
        SEDX_REQUIRE(m_device, Device::Adopt(desc));
        SEDX_REQUIRE(m_system, BufferSystem::Create({.device = m_device, .checked = true}));
        m_first.emplace(m_device, 0);
        m_second.emplace(m_device, 1);
    }
    void TearDown() override
    {
        m_first.reset();
        m_second.reset();
        m_system.reset();
        m_device = {};
        EXPECT_EQ(m_interceptor.Alive(), "");
    }

    // True if a submission of the library waits for this point on the GPU.
    static bool WaitsFor(const std::vector<SubmissionRecord>& submissions, const VkSemaphoreSubmitInfo& signal)
    {
        for (const SubmissionRecord& submission : submissions)
        {
            for (const VkSemaphoreSubmitInfo& wait : submission.waits)
            {
                if (wait.semaphore == signal.semaphore && wait.value >= signal.value)
                    return true;
            }
        }
        return false;
    }

    LogCapture m_log;
    std::unique_ptr<EngineDevice> m_engine;
    Interceptor m_interceptor;
    Device m_device;
    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_first;
    std::optional<TestCommands> m_second;
};

TEST_F(QueuesTest, EachHasATimelineOfItsOwn)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    const SubmitSync one = m_first->Submit(m_first->Begin(), frame);
    const SubmitSync two = m_second->Submit(m_second->Begin(), frame);
    EXPECT_EQ(one.Point().queue, 0u);
    EXPECT_EQ(two.Point().queue, 1u);
    EXPECT_NE(one.Signals()[0].semaphore, two.Signals()[0].semaphore);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
}

TEST_F(QueuesTest, FramePassesWhenAllItsQueuesHave)
{
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    Gate gate(m_device);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    const SubmitSync one = m_first->Submit(m_first->Begin(), frame);
    const SubmitSync two = m_second->Submit(m_second->Begin(), frame, gate.Waits());
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    m_system->Poll();
    EXPECT_FALSE(m_system->HasPassed(two.Point()));
    EXPECT_EQ(m_system->CompletedFrame(), 0u);
    EXPECT_TRUE(m_system->IsInFlight(buffer));
    gate.Open();
    m_second->WaitIdle();
    m_system->Poll();
    EXPECT_TRUE(m_system->HasPassed(one.Point()));
    EXPECT_TRUE(m_system->HasPassed(two.Point()));
    EXPECT_EQ(m_system->CompletedFrame(), 1u);
    EXPECT_FALSE(m_system->IsInFlight(buffer));
}

// The copies run on queue 0: on the GPU they must come after the frames on every queue that read the old bytes.
TEST_F(QueuesTest, UploadsWaitForFramesOfTheOtherQueue)
{
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, 0, Pattern(1, 64))));
    SEDX_REQUIRE(const Frame reader, m_system->BeginFrame());
    reader.Resolve(buffer);
    HeldTimelines held(m_interceptor);
    const SubmitSync second = m_second->Submit(m_second->Begin(), reader);
    ASSERT_TRUE(Ok(m_system->EndFrame(reader)));
    m_interceptor.TakeSubmissions();
    ASSERT_TRUE(Ok(m_system->Uploads().Write(buffer, 0, Pattern(2, 64))));
    ASSERT_TRUE(Ok(m_system->Uploads().Submit()));
    EXPECT_TRUE(WaitsFor(m_interceptor.TakeSubmissions(), second.Signals()[0]));
    EXPECT_EQ(held.Waits(), 0u);
}

TEST_F(QueuesTest, ReadbacksWaitForFramesOfTheOtherQueue)
{
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame writer, m_system->BeginFrame());
    VkCommandBuffer cmd = m_second->Begin();
    const ResolvedBuffer resolved = writer.Resolve(buffer);
    m_second->Functions().CmdFillBuffer(cmd, resolved.buffer, resolved.offset, 64, 0x09090909);
    HeldTimelines held(m_interceptor);
    const SubmitSync second = m_second->Submit(cmd, writer);
    SEDX_REQUIRE(const ReadbackTicket read, m_system->Readbacks().Request(buffer));
    m_interceptor.TakeSubmissions();
    ASSERT_TRUE(Ok(m_system->EndFrame(writer)));
    EXPECT_TRUE(WaitsFor(m_interceptor.TakeSubmissions(), second.Signals()[0]));
    EXPECT_EQ(held.Waits(), 0u);
    held.Release();
    SEDX_REQUIRE(const auto bytes, read.Wait());
    EXPECT_TRUE(SameBytes(Filled(9, 64), bytes));
}

TEST_F(QueuesTest, FramesOfEitherQueueWaitForUploads)
{
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    HeldTimelines held(m_interceptor);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    SEDX_REQUIRE(const UploadTicket upload, m_system->Uploads().Write(buffer, 0, Pattern(1, 64)));
    const SubmitSync two = m_second->Submit(m_second->Begin(), frame);
    SEDX_REQUIRE(const TimelinePoint point, upload.Point());
    const auto covers = [&](const SubmitSync& sync) {
        for (const VkSemaphoreSubmitInfo& wait : sync.Waits())
        {
            if (wait.value >= point.value)
                return true;
        }
        return false;
    };
    EXPECT_TRUE(covers(two));
    const SubmitSync one = m_first->Submit(m_first->Begin(), frame);
    EXPECT_TRUE(covers(one));
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
}

TEST_F(QueuesTest, FrameOnTheSecondQueueOnly)
{
    for (int i = 0; i < 5; ++i)
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        m_second->Submit(m_second->Begin(), frame);
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    }
    m_second->WaitIdle();
    m_system->Poll();
    EXPECT_EQ(m_system->CompletedFrame(), 5u);
}

// ---- engines with fences only --------------------------------------------------------------------------------------
class FencesTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        m_engine = EngineDevice::Make();
        ASSERT_TRUE(m_engine);
        AdoptDesc desc = m_engine->Describe();
        desc.hook = m_interceptor.Hook();
        SEDX_REQUIRE(m_device, Device::Adopt(desc));
        SEDX_REQUIRE(m_system, BufferSystem::Create({.device = m_device,
                                                     .submitMode = SubmitMode::Recorded,
                                                     .completion = FrameCompletion::Fences,
                                                     .checked = true}));
    }
    void TearDown() override
    {
        m_system.reset();
        m_device = {};
        EXPECT_EQ(m_interceptor.Alive(), "");
    }

    LogCapture m_log;
    std::unique_ptr<EngineDevice> m_engine;
    Interceptor m_interceptor;
    Device m_device;
    std::unique_ptr<BufferSystem> m_system;
};

TEST_F(FencesTest, FramesPassWhenRetired)
{
    SEDX_REQUIRE(Buffer buffer, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    for (uint64_t number = 1; number <= 3; ++number)
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        EXPECT_EQ(frame.Number(), number);
        frame.Resolve(buffer);
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    }
    m_system->Poll();
    EXPECT_EQ(m_system->CompletedFrame(), 0u);
    EXPECT_TRUE(m_system->IsInFlight(buffer));
    ASSERT_TRUE(Ok(m_system->RetireFrame(2))); // and all before it
    EXPECT_EQ(m_system->CompletedFrame(), 2u);
    EXPECT_TRUE(m_system->IsInFlight(buffer));
    ASSERT_TRUE(Ok(m_system->RetireFrame(3)));
    EXPECT_EQ(m_system->CompletedFrame(), 3u);
    EXPECT_FALSE(m_system->IsInFlight(buffer));
    EXPECT_EQ(m_interceptor.Calls(Fn::WaitSemaphores), 0u);
}

TEST_F(FencesTest, OnlyEndedFramesCanBeRetired)
{
    EXPECT_TRUE(FailsWith(m_system->RetireFrame(1), ErrorCode::WrongState));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    EXPECT_TRUE(FailsWith(m_system->RetireFrame(frame.Number()), ErrorCode::WrongState));
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(FailsWith(m_system->RetireFrame(frame.Number() + 1), ErrorCode::WrongState));
    EXPECT_TRUE(Ok(m_system->RetireFrame(frame.Number())));
}

TEST_F(FencesTest, MemoryIsReusedOnlyAfterRetirement)
{
    SEDX_REQUIRE(Buffer buffer, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    buffer = {};
    m_system->Poll();
    EXPECT_EQ(m_system->GetReport().pendingDestroyed, 1u);
    ASSERT_TRUE(Ok(m_system->RetireFrame(frame.Number())));
    m_system->Poll();
    EXPECT_EQ(m_system->GetReport().pendingDestroyed, 0u);
}

TEST_F(FencesTest, DestroyingTheSystemWithoutRetiringDoesNotHang)
{
    {
        SEDX_REQUIRE(Buffer buffer, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        frame.Resolve(buffer);
        ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    }
    m_system.reset();
}

// The library submits its copies itself, the engine still has fences only.
TEST_F(FencesTest, OwnSubmissionsBesideFences)
{
    SEDX_REQUIRE(auto own, BufferSystem::Create({.device = m_device,
                                                 .submitMode = SubmitMode::Own,
                                                 .completion = FrameCompletion::Fences,
                                                 .checked = true}));
    {
        TestCommands commands(m_device);
        SEDX_REQUIRE(Buffer source, own->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
        SEDX_REQUIRE(Buffer target, own->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
        for (uint64_t i = 1; i <= 3; ++i)
        {
            SEDX_REQUIRE(const Frame frame, own->BeginFrame());
            VkCommandBuffer cmd = commands.Begin();
            commands.Barrier(cmd); // after the copy of the frame before
            ASSERT_TRUE(Ok(own->CopyBuffer(frame, cmd, source, target, 64)));
            ASSERT_TRUE(Ok(own->Uploads().Write(source, 0, Pattern(i, 64))));
            SEDX_REQUIRE(const SubmitSync sync, frame.SubmitSync(0));
            commands.Submit(cmd, sync.Waits(), {}); // its signals are not used
            ASSERT_TRUE(Ok(own->EndFrame(frame)));
            commands.WaitIdle(); // stands for the engine's fence
            EXPECT_EQ(own->CompletedFrame(), i - 1);
            ASSERT_TRUE(Ok(own->RetireFrame(i)));
            EXPECT_TRUE(SameBytes(Pattern(i, 64), ReadBack(*own, target)));
        }
    }
    own.reset();
}

// An engine that submits with a fence and nothing else: the library's copies are in its command buffer.
TEST_F(FencesTest, UploadsRecordedByTheEngineArrive)
{
    TestCommands commands(m_device);
    SEDX_REQUIRE(Buffer buffer, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    frame.Resolve(buffer);
    const Bytes bytes = Pattern(8, 64);
    SEDX_REQUIRE(const UploadTicket upload, m_system->Uploads().Write(buffer, 0, bytes));
    SEDX_REQUIRE(const ReadbackTicket read, m_system->Readbacks().Request(buffer));
    VkCommandBuffer cmd = commands.Begin();
    ASSERT_TRUE(Ok(m_system->Uploads().CmdFlush(frame, cmd)));
    ASSERT_TRUE(Ok(m_system->Readbacks().CmdFlush(frame, cmd)));
    commands.SubmitAlone(cmd);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    commands.WaitIdle(); // stands for the engine's fence
    EXPECT_FALSE(upload.Ready());
    EXPECT_FALSE(read.Ready());
    ASSERT_TRUE(Ok(m_system->RetireFrame(frame.Number())));
    EXPECT_TRUE(upload.Ready());
    ASSERT_TRUE(read.Ready());
    EXPECT_TRUE(SameBytes(bytes, read.Bytes()));
}
} // namespace
} // namespace sedx::test
