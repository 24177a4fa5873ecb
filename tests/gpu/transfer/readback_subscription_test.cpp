// ReadbackSubscription: the newest value of a range that is read every frame.
#include "support/engine_device.h"
#include "support/gpu_test.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace sedx::test
{
namespace
{
constexpr uint64_t kBytes = 256;
constexpr uint32_t kFramesInFlight = 4;

class ReadbackSubscriptionTest : public GpuLayoutTest
{
  protected:
    void SetUp() override
    {
        GpuTest::SetUp();
        Make(SubmitMode::Own);
    }
    void TearDown() override
    {
        m_buffer = {};
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }

    void Make(SubmitMode mode)
    {
        m_buffer = {};
        m_commands.reset();
        m_system.reset();
        m_system = MakeSystem({.framesInFlight = kFramesInFlight, .submitMode = mode, .stagingBlockBytes = 16 << 10});
        ASSERT_TRUE(m_system);
        m_commands.emplace(TheDevice());
        auto made = m_system->CreateBuffer(kBytes, BufferUsage::Storage, MemoryType::GPU, "counters");
        ASSERT_TRUE(Ok(made));
        m_buffer = *made;
    }
    static uint32_t WordOf(uint64_t value) { return static_cast<uint32_t>(value & 0xFF) * 0x01010101u; }
    static Bytes BytesOf(uint64_t value, uint64_t bytes = kBytes)
    {
        return Filled(static_cast<uint8_t>(value & 0xFF), bytes);
    }
    void Fill(const Frame& frame, VkCommandBuffer cmd, uint64_t value)
    {
        const ResolvedBuffer resolved = frame.Resolve(m_buffer);
        m_commands->Barrier(cmd);
        m_commands->Functions().CmdFillBuffer(cmd, resolved.buffer, resolved.offset, kBytes, WordOf(value));
        m_commands->Barrier(cmd);
    }
    // A frame whose own number is what the buffer holds at its end.
    uint64_t RunFrame(std::span<const VkSemaphoreSubmitInfo> waits = {})
    {
        return m_commands
            ->RunFrame(
                *m_system, [&](const Frame& frame, VkCommandBuffer cmd) { Fill(frame, cmd, frame.Number()); }, waits)
            .Number();
    }
    testing::AssertionResult Holds(const ReadbackValue& value, uint64_t frame)
    {
        if (value.Frame() != frame)
            return testing::AssertionFailure() << "of frame " << value.Frame() << ", expected " << frame;
        return SameBytes(BytesOf(frame), value.Bytes());
    }
    uint64_t CopiesInto(uint64_t bytes) // since the last call
    {
        const auto copies = Calls().TakeCopies();
        return static_cast<uint64_t>(std::ranges::count(copies, bytes, &CopyRecord::bytes));
    }

    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
    Buffer m_buffer;
};

INSTANTIATE_TEST_SUITE_P(Layouts, ReadbackSubscriptionTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(ReadbackSubscriptionTest, Mistakes)
{
    ReadbackQueue& readbacks = m_system->Readbacks();
    EXPECT_TRUE(FailsWith(readbacks.Subscribe(BufferView<>()), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(readbacks.Subscribe({m_buffer, 0, kBytes + 1}), ErrorCode::OutOfRange, "counters"));
    EXPECT_TRUE(FailsWith(readbacks.Subscribe({m_buffer, kBytes, BufferView<>::kWhole}), ErrorCode::OutOfRange));
    auto other = MakeSystem();
    ASSERT_TRUE(other);
    EXPECT_TRUE(FailsWith(other->Readbacks().Subscribe(m_buffer), ErrorCode::WrongState));
}

TEST_P(ReadbackSubscriptionTest, EmptyOneNeverHasAValue)
{
    ReadbackSubscription empty;
    EXPECT_FALSE(empty);
    EXPECT_FALSE(empty.Latest());
    EXPECT_TRUE(empty.Latest().Bytes().empty());
    EXPECT_EQ(empty.Latest().Frame(), 0u);
}

TEST_P(ReadbackSubscriptionTest, HasTheEndOfEveryFrame)
{
    SEDX_REQUIRE(const ReadbackSubscription whole, m_system->Readbacks().Subscribe(m_buffer));
    SEDX_REQUIRE(const ReadbackSubscription part, m_system->Readbacks().Subscribe({m_buffer, 9, 14}));
    EXPECT_TRUE(whole);
    EXPECT_FALSE(whole.Latest()) << "no frame yet";
    NewWaits();
    for (int i = 0; i < 20; ++i)
    {
        const uint64_t frame = RunFrame();
        m_commands->WaitIdle();
        EXPECT_TRUE(Holds(whole.Latest(), frame));
        EXPECT_TRUE(Holds(whole.Latest(), frame)) << "it stays";
        EXPECT_EQ(part.Latest().Frame(), frame);
        EXPECT_TRUE(SameBytes(BytesOf(frame, 14), part.Latest().Bytes()));
        const ReadbackValue value = part.Latest();
        const std::span<const uint32_t> words = value.Span<uint32_t>();
        ASSERT_EQ(words.size(), 3u);
        EXPECT_EQ(words[2], WordOf(frame));
    }
    EXPECT_EQ(m_system->GetReport().Waits(WaitCause::Readback).count, 0u);
}

TEST_P(ReadbackSubscriptionTest, SeesUploadsCollectedInTheFrame)
{
    SEDX_REQUIRE(const ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    m_commands->RunFrame(*m_system, [&](const Frame&, VkCommandBuffer) {
        EXPECT_TRUE(Ok(m_system->Uploads().Write(m_buffer, 0, Filled(0x42, kBytes))));
    });
    m_commands->WaitIdle();
    EXPECT_TRUE(SameBytes(Filled(0x42, kBytes), subscription.Latest().Bytes()));
}

TEST_P(ReadbackSubscriptionTest, LatestNeverWaits)
{
    SEDX_REQUIRE(const ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    const uint64_t first = RunFrame();
    m_commands->WaitIdle();
    EXPECT_TRUE(Holds(subscription.Latest(), first));
    HeldTimelines held(Calls());
    uint64_t last = 0;
    for (uint32_t i = 1; i < kFramesInFlight; ++i)
    {
        last = RunFrame();
        EXPECT_TRUE(Holds(subscription.Latest(), first));
    }
    EXPECT_EQ(held.Waits(), 0u);
    held.Release();
    m_commands->WaitIdle();
    EXPECT_TRUE(Holds(subscription.Latest(), last)) << "not one after the other";
}

TEST_P(ReadbackSubscriptionTest, AbandonedFramesHaveNoValue)
{
    SEDX_REQUIRE(const ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    const uint64_t before = RunFrame();
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    m_commands->WaitIdle();
    EXPECT_TRUE(Holds(subscription.Latest(), before));
}

// ---- nothing piles up ----------------------------------------------------------------------------------------------

TEST_P(ReadbackSubscriptionTest, ResultsThatNobodyLooksAtDoNotPileUp)
{
    SEDX_REQUIRE(const ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    for (int i = 0; i < 20; ++i)
        RunFrame();
    const uint64_t bytes = m_system->GetReport().readback.bytes;
    const uint64_t before = Calls().Calls(Fn::CreateBuffer);
    uint64_t last = 0;
    for (int i = 0; i < 400; ++i)
        last = RunFrame();
    EXPECT_LE(m_system->GetReport().readback.bytes, bytes + (16 << 10)); // one block more while one fills up
    EXPECT_LE(Calls().Calls(Fn::CreateBuffer) - before, 1u);
    m_commands->WaitIdle();
    EXPECT_TRUE(Holds(subscription.Latest(), last));
}

TEST_P(ReadbackSubscriptionTest, CopiesUnderWayAreBoundedByTheFramesInFlight)
{
    // An engine that runs ahead without limit: no pacing in adopted devices.
    if (Layout().name != "Native")
        return;
    const auto engine = EngineDevice::Make();
    ASSERT_TRUE(engine);
    SEDX_REQUIRE(const Device device, Device::Adopt(engine->Describe()));
    SEDX_REQUIRE(auto system, BufferSystem::Create({.device = device, .framesInFlight = 2}));
    {
        TestCommands commands(device);
        SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(kBytes, BufferUsage::Storage, MemoryType::GPU));
        ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, Filled(9, kBytes))));
        SEDX_REQUIRE(const ReadbackSubscription subscription, system->Readbacks().Subscribe(buffer));
        Gate gate(device);
        const uint64_t before = system->GetReport().readbackBytes;
        for (int i = 0; i < 20; ++i)
            commands.RunFrame(
                *system, [](const Frame&, VkCommandBuffer) {}, gate.Waits());
        EXPECT_EQ(system->GetReport().readbackBytes - before, 3 * kBytes);
        gate.Open();
        commands.WaitIdle();
        system->Poll();
        const Frame last = commands.RunFrame(*system);
        commands.WaitIdle();
        EXPECT_EQ(subscription.Latest().Frame(), last.Number()) << "it goes on";
        EXPECT_TRUE(SameBytes(Filled(9, kBytes), subscription.Latest().Bytes()));
    }
}

TEST_P(ReadbackSubscriptionTest, HeldValueKeepsItsBytes)
{
    ReadbackValue kept;
    {
        SEDX_REQUIRE(const ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
        const uint64_t frame = RunFrame();
        m_commands->WaitIdle();
        kept = subscription.Latest();
        for (int i = 0; i < 300; ++i) // round through the memory of read-backs
            RunFrame();
        EXPECT_TRUE(Holds(kept, frame));
        EXPECT_GT(subscription.Latest().Frame(), frame);
    }
    for (int i = 0; i < 10; ++i)
        RunFrame();
    EXPECT_TRUE(Holds(kept, kept.Frame())) << "the subscription is gone";
}

// ---- its buffer, its end -------------------------------------------------------------------------------------------

TEST_P(ReadbackSubscriptionTest, FollowsTheBufferToNewMemory)
{
    SEDX_REQUIRE(const Buffer buffer, m_system->CreateBuffer(64, BufferUsage::Storage, MemoryType::CPU));
    SEDX_REQUIRE(const ReadbackSubscription subscription, m_system->Readbacks().Subscribe(buffer));
    for (uint8_t i = 1; i < 10; ++i)
    {
        {
            SEDX_REQUIRE(auto mapping, m_system->MapWritable<std::byte>(buffer, MapMode::WriteDiscard));
            std::ranges::fill(mapping.Span(), std::byte{i});
        }
        m_commands->UseInFrame(*m_system, buffer);
        m_commands->WaitIdle();
        EXPECT_TRUE(SameBytes(Filled(i, 64), subscription.Latest().Bytes()));
    }
}

TEST_P(ReadbackSubscriptionTest, KeepsItsBuffer)
{
    SEDX_REQUIRE(ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    RunFrame();
    ASSERT_TRUE(Ok(m_system->Uploads().Write(m_buffer, 0, Filled(3, kBytes))));
    m_buffer = {};
    EXPECT_EQ(m_system->GetReport().liveBuffers, 1u);
    m_commands->RunFrame(*m_system);
    m_commands->WaitIdle();
    EXPECT_TRUE(SameBytes(Filled(3, kBytes), subscription.Latest().Bytes()));
    subscription = {};
    EXPECT_EQ(m_system->GetReport().liveBuffers, 0u);
}

TEST_P(ReadbackSubscriptionTest, StopsWhenItIsDropped)
{
    SEDX_REQUIRE(ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    RunFrame();
    EXPECT_EQ(CopiesInto(kBytes), 1u);
    ReadbackSubscription moved = std::move(subscription);
    RunFrame();
    EXPECT_EQ(CopiesInto(kBytes), 1u) << "one subscription, wherever it is";
    moved = ReadbackSubscription(); // its copies may be under way
    for (int i = 0; i < 5; ++i)
        RunFrame();
    EXPECT_EQ(CopiesInto(kBytes), 0u);
}

TEST_P(ReadbackSubscriptionTest, OutlivesItsSystemEmpty)
{
    SEDX_REQUIRE(ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    RunFrame();
    m_commands->WaitIdle();
    const ReadbackValue value = subscription.Latest();
    EXPECT_TRUE(value);
    RunFrame();
    m_buffer = {};
    m_commands.reset();
    m_system.reset();
    for (const LogCapture::Entry& entry : m_log.Entries())
        EXPECT_NE(entry.tag, "LEAK") << entry.text;
    EXPECT_FALSE(subscription.Latest());
    EXPECT_TRUE(value.Bytes().empty());
    subscription = {};
}

// ---- recorded mode -------------------------------------------------------------------------------------------------

TEST_P(ReadbackSubscriptionTest, RecordedModeReadsWithTheFirstFlushOfReadbacks)
{
    Make(SubmitMode::Recorded);
    SEDX_REQUIRE(const ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    const uint64_t submissions = m_system->GetReport().submissions;
    for (int i = 0; i < 10; ++i)
    {
        Calls().TakeCopies();
        const Frame frame = m_commands->RunFrame(*m_system, [&](const Frame& open, VkCommandBuffer cmd) {
            EXPECT_TRUE(Ok(m_system->Uploads().CmdFlush(open, cmd)));
            EXPECT_EQ(CopiesInto(kBytes), 0u) << "a flush of uploads reads nothing";
            Fill(open, cmd, open.Number());
            EXPECT_TRUE(Ok(m_system->Readbacks().CmdFlush(open, cmd)));
            Fill(open, cmd, 0xAA);
            EXPECT_TRUE(Ok(m_system->Readbacks().CmdFlush(open, cmd)));
        });
        EXPECT_EQ(CopiesInto(kBytes), 1u);
        m_commands->WaitIdle();
        EXPECT_TRUE(Holds(subscription.Latest(), frame.Number()));
    }
    EXPECT_EQ(m_system->GetReport().submissions, submissions);
    // Without a flush there is nothing new.
    const uint64_t last = subscription.Latest().Frame();
    RunFrame();
    m_commands->WaitIdle();
    EXPECT_EQ(subscription.Latest().Frame(), last);
}

TEST_P(ReadbackSubscriptionTest, RecordedFrameThatIsAbandonedHasNoValue)
{
    Make(SubmitMode::Recorded);
    SEDX_REQUIRE(const ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    const auto run = [&] {
        return m_commands->RunFrame(*m_system, [&](const Frame& open, VkCommandBuffer cmd) {
            Fill(open, cmd, open.Number());
            EXPECT_TRUE(Ok(m_system->Readbacks().CmdFlush(open, cmd)));
        });
    };
    const uint64_t before = run().Number();
    for (uint32_t i = 0; i < 2 * kFramesInFlight; ++i) // they do not count as under way for ever
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        VkCommandBuffer cmd = m_commands->Begin();
        ASSERT_TRUE(Ok(m_system->Readbacks().CmdFlush(frame, cmd)));
        ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    }
    m_commands->WaitIdle();
    EXPECT_TRUE(Holds(subscription.Latest(), before));
    const uint64_t after = run().Number();
    m_commands->WaitIdle();
    EXPECT_TRUE(Holds(subscription.Latest(), after));
}

// ---- failures and threads ------------------------------------------------------------------------------------------

TEST_P(ReadbackSubscriptionTest, FailedSubmissionLeavesTheValueBefore)
{
    SEDX_REQUIRE(const ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    const uint64_t before = RunFrame();
    m_commands->WaitIdle();
    for (uint32_t i = 0; i < 2 * kFramesInFlight; ++i)
    {
        SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
        Calls().FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_HOST_MEMORY, 1, 1);
        EXPECT_TRUE(FailsWith(m_system->EndFrame(frame), ErrorCode::OutOfHostMemory));
        Calls().StopFailing();
        EXPECT_TRUE(Holds(subscription.Latest(), before));
    }
    const uint64_t after = RunFrame();
    m_commands->WaitIdle();
    EXPECT_TRUE(Holds(subscription.Latest(), after));
}

TEST_P(ReadbackSubscriptionTest, FrameWithoutMemoryIsLeftOut)
{
    SEDX_REQUIRE(const ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    Calls().FailFunction(Fn::CreateBuffer, VK_ERROR_OUT_OF_DEVICE_MEMORY, 1, 1000);
    for (uint32_t i = 0; i < 2 * kFramesInFlight; ++i)
        RunFrame(); // EndFrame succeeds
    Calls().StopFailing();
    m_commands->WaitIdle();
    EXPECT_FALSE(subscription.Latest());
    const uint64_t after = RunFrame();
    m_commands->WaitIdle();
    EXPECT_TRUE(Holds(subscription.Latest(), after));
}

TEST_P(ReadbackSubscriptionTest, ThreadsLookWhileFramesRunAndSubscriptionsComeAndGo)
{
    SEDX_REQUIRE(const ReadbackSubscription subscription, m_system->Readbacks().Subscribe(m_buffer));
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 3; ++thread)
        threads.emplace_back([&] {
            uint64_t last = 0;
            while (!done.load())
            {
                const ReadbackValue value = subscription.Latest();
                EXPECT_GE(value.Frame(), last) << "never back to an older one";
                last = value.Frame();
                if (value)
                {
                    EXPECT_TRUE(Holds(value, value.Frame()));
                }
            }
        });
    threads.emplace_back([&] {
        while (!done.load())
        {
            const auto other = m_system->Readbacks().Subscribe({m_buffer, 4, 8});
            EXPECT_TRUE(Ok(other));
            if (other)
                other->Latest();
        }
    });
    uint64_t last = 0;
    for (int i = 0; i < 200; ++i)
        last = RunFrame();
    done.store(true);
    for (std::thread& thread : threads)
        thread.join();
    m_commands->WaitIdle();
    EXPECT_TRUE(Holds(subscription.Latest(), last));
}
} // namespace
} // namespace sedx::test
