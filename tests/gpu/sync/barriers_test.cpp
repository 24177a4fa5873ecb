// Barriers by use: what is recorded, and that it is enough for synchronization validation.
#include "sync_test.h"

namespace sedx::test
{
namespace
{
class BarriersTest : public SyncTest
{
  protected:
    uint64_t Recorded() { return Calls().Calls(Fn::CmdPipelineBarrier2); }
};

TEST_F(BarriersTest, OneCallOrdersAll)
{
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        Fill(frame, cmd, m_source, 7);
        Fill(frame, cmd, m_target, 8);
        Fill(frame, cmd, m_seen, 9);
        const uint64_t before = Recorded();
        EXPECT_TRUE(Ok(Barriers()
                           .Buffer(m_source, Use::TransferWrite, Use::TransferRead)
                           .Buffer({m_target, 0, kBytes}, Use::TransferWrite, Use::TransferWrite)
                           .Memory(Use::TransferWrite, Use::TransferWrite)
                           .Cmd(frame, cmd)));
        EXPECT_EQ(Recorded(), before + 1);
        Copy(frame, cmd, m_source, m_target);
        EXPECT_TRUE(Ok(Barriers().Memory(Use::TransferWrite, Use::TransferRead).Cmd(frame, cmd)));
        Copy(frame, cmd, m_target, m_seen);
        EXPECT_TRUE(Ok(CmdDeviceToHost(frame, cmd, m_seen, Use::TransferWrite)));
    });
    EXPECT_TRUE(Saw(7));
    EXPECT_EQ(m_log.Text(), "");
}

// A write behind a read needs an execution dependency and nothing else.
TEST_F(BarriersTest, WritesBehindReads)
{
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        Fill(frame, cmd, m_source, 7);
        EXPECT_TRUE(Ok(Barriers().Buffer(m_source, Use::TransferWrite, Use::TransferRead).Cmd(frame, cmd)));
        Copy(frame, cmd, m_source, m_seen);
        EXPECT_TRUE(Ok(Barriers()
                           .Buffer(m_source, Use::TransferRead, Use::TransferWrite)
                           .Buffer(m_seen, Use::TransferWrite, Use::HostRead)
                           .Cmd(frame, cmd)));
        Fill(frame, cmd, m_source, 8);
    });
    EXPECT_TRUE(Saw(7));
}

TEST_F(BarriersTest, NothingIsRecordedForNothing)
{
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        const uint64_t before = Recorded();
        EXPECT_TRUE(Ok(Barriers().Cmd(frame, cmd)));
        EXPECT_EQ(Recorded(), before);
    });
}

// From read to read a barrier passes on what the first one sees: without it the second may miss a write before both.
TEST_F(BarriersTest, ReadsAreOrderedAfterReads)
{
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        const uint64_t before = Recorded();
        EXPECT_TRUE(Ok(Barriers()
                           .Buffer(m_source, Use::IndexRead, Use::VertexRead)
                           .Memory(Use::TransferRead, Use::IndirectRead | Use::FragmentUniformRead)
                           .Cmd(frame, cmd)));
        EXPECT_EQ(Recorded(), before + 1);
    });
}

// Every use as it stands is valid on both sides, except for those whose extension the device lacks.
TEST_F(BarriersTest, AllUsesAreValid)
{
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        Barriers barriers;
        for (uint32_t bit = 0; bit < 32; ++bit)
        {
            const Use use = static_cast<Use>(1u << bit);
            const std::string name = ToString(use);
            if (name == "None" || name.starts_with("RayTracing") || name.starts_with("Acceleration") ||
                name.find("Trace") != std::string::npos)
                continue;
            barriers.Buffer(m_source, use, Use::ComputeWrite).Buffer(m_target, Use::ComputeWrite, use);
        }
        EXPECT_TRUE(Ok(barriers.Cmd(frame, cmd)));
    });
}

TEST_F(BarriersTest, MayBeRecordedAgain)
{
    Barriers barriers;
    barriers.Buffer(m_source, Use::TransferWrite, Use::TransferRead);
    EXPECT_FALSE(barriers.IsEmpty());
    for (uint32_t i = 0; i < 3; ++i)
    {
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            m_commands->Barrier(cmd);
            Fill(frame, cmd, m_source, i);
            EXPECT_TRUE(Ok(barriers.Cmd(frame, cmd)));
            Copy(frame, cmd, m_source, m_seen);
            EXPECT_TRUE(Ok(CmdDeviceToHost(frame, cmd, m_seen, Use::TransferWrite)));
        });
        EXPECT_TRUE(Saw(i));
    }
    barriers.Clear();
    EXPECT_TRUE(barriers.IsEmpty());
}

TEST_F(BarriersTest, SaysWhatIsWrong)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    const auto record = [&](const BufferView<>& view, Use before = Use::TransferWrite, Use after = Use::TransferRead) {
        return Barriers().Buffer(view, before, after).Cmd(frame, cmd);
    };
    const uint64_t before = Recorded();
    EXPECT_TRUE(FailsWith(Barriers().Cmd(frame, VK_NULL_HANDLE), ErrorCode::InvalidArgument, "command buffer"));
    EXPECT_TRUE(FailsWith(record({}), ErrorCode::InvalidArgument, "empty"));
    EXPECT_TRUE(FailsWith(record({m_source, 1, kBytes}), ErrorCode::OutOfRange, "'source'"));
    EXPECT_TRUE(FailsWith(record({m_source, kBytes, 0}), ErrorCode::OutOfRange, "'source'"));
    EXPECT_TRUE(FailsWith(record(m_source, Use::None), ErrorCode::InvalidArgument, "before"));
    EXPECT_TRUE(FailsWith(record(m_source, Use::TransferWrite, Use::None), ErrorCode::InvalidArgument, "after"));
    EXPECT_TRUE(FailsWith(Barriers().Memory(Use::None, Use::AnyRead).Cmd(frame, cmd), ErrorCode::InvalidArgument,
                          "all memory"));
    auto other = MakeSystem();
    SEDX_REQUIRE(const Buffer foreign, other->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU, "foreign"));
    EXPECT_TRUE(FailsWith(record(foreign), ErrorCode::InvalidArgument, "'foreign'"));
    EXPECT_TRUE(FailsWith(Barriers().Cmd({}, cmd), ErrorCode::WrongState));
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(FailsWith(record(m_source), ErrorCode::WrongState, "not open"));
    EXPECT_EQ(Recorded(), before);
}

// ---- split ---------------------------------------------------------------------------------------------------------
class SplitBarrierTest : public SyncTest
{};

TEST_F(SplitBarrierTest, OrdersAcrossWhatLiesBetween)
{
    const uint64_t eventsBefore = Calls().Calls(Fn::CreateEvent);
    for (uint32_t i = 1; i <= 6; ++i)
    {
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
            m_commands->Barrier(cmd);
            Fill(frame, cmd, m_source, i);
            SplitBarrier split;
            split.Dependencies().Buffer(m_source, Use::TransferWrite, Use::TransferRead);
            EXPECT_TRUE(Ok(split.CmdSet(frame, cmd)));
            Fill(frame, cmd, m_target, 100);
            EXPECT_TRUE(Ok(split.CmdWait(frame, cmd)));
            Copy(frame, cmd, m_source, m_seen);
            EXPECT_TRUE(Ok(CmdDeviceToHost(frame, cmd, m_seen, Use::TransferWrite)));
            // And once more with the same object.
            EXPECT_TRUE(Ok(split.CmdSet(frame, cmd)));
            EXPECT_TRUE(Ok(split.CmdWait(frame, cmd)));
        });
        EXPECT_TRUE(Saw(i));
    }
    EXPECT_EQ(Calls().Calls(Fn::CreateEvent), eventsBefore + 2); // events of frames that have passed serve again
    EXPECT_EQ(m_log.Text(), "");
}

TEST_F(SplitBarrierTest, SaysWhatIsWrong)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    SplitBarrier split;
    EXPECT_TRUE(FailsWith(split.CmdWait(frame, cmd), ErrorCode::WrongState, "nothing was set"));
    EXPECT_TRUE(FailsWith(split.CmdSet(frame, cmd), ErrorCode::InvalidArgument, "nothing to order"));
    split.Dependencies().Buffer(m_source, Use::TransferWrite, Use::HostRead);
    EXPECT_TRUE(FailsWith(split.CmdSet(frame, cmd), ErrorCode::InvalidArgument, "CPU"));
    split.Dependencies().Clear();
    split.Dependencies().Memory(Use::TransferWrite, Use::TransferRead);
    EXPECT_TRUE(FailsWith(split.CmdSet(frame, VK_NULL_HANDLE), ErrorCode::InvalidArgument));
    Calls().FailFunction(Fn::CreateEvent, VK_ERROR_OUT_OF_HOST_MEMORY);
    EXPECT_TRUE(FailsWith(split.CmdSet(frame, cmd), ErrorCode::OutOfHostMemory, "event"));
    Calls().StopFailing();
    ASSERT_TRUE(Ok(split.CmdSet(frame, cmd)));
    EXPECT_TRUE(FailsWith(split.CmdSet(frame, cmd), ErrorCode::WrongState, "CmdWait"));
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    m_commands->RunFrame(*m_system, [&](const Frame& next, VkCommandBuffer nextCmd) {
        EXPECT_TRUE(FailsWith(split.CmdWait(next, nextCmd), ErrorCode::WrongState, "it was set in frame"));
    });
}

// ---- the CPU -------------------------------------------------------------------------------------------------------
class HostVisibilityTest : public SyncTest
{
  protected:
    MemoryLayout Layout() const override { return MemoryLayout::NonCoherent(); }
};

TEST_F(HostVisibilityTest, WritesThroughResolvedPointersReachTheGpu)
{
    const Buffer lights = Make("lights", MemoryType::CPU);
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer cmd) {
        const ResolvedBuffer now = frame.Resolve(lights);
        std::fill_n(static_cast<uint32_t*>(now.mapped), kBytes / 4, 42u);
        Calls().TakeFlushes();
        EXPECT_TRUE(Ok(FlushHostWrites(frame, lights)));
        EXPECT_EQ(Calls().TakeFlushes().size(), 1u);
        Copy(frame, cmd, lights, m_seen);
        EXPECT_TRUE(Ok(CmdDeviceToHost(frame, cmd, m_seen, Use::TransferWrite)));
    });
    m_commands->WaitIdle();
    m_system->Poll();
    m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer) {
        const ResolvedBuffer now = frame.Resolve(m_seen);
        Calls().TakeFlushes();
        EXPECT_TRUE(Ok(InvalidateHostReads(frame, {m_seen, 64, 128})));
        const auto flushes = Calls().TakeFlushes();
        EXPECT_EQ(flushes.size(), 1u);
        EXPECT_TRUE(!flushes.empty() && flushes.front().isInvalidate);
        EXPECT_EQ(static_cast<const uint32_t*>(now.mapped)[16], 42u);
    });
    EXPECT_EQ(m_log.Text(), "");
}

// The GPU waits at a gate, the CPU writes, and opens it: no submission lies between.
TEST_F(HostVisibilityTest, WritesBehindTheSubmissionNeedABarrier)
{
    const Buffer lights = Make("lights", MemoryType::CPU);
    Gate gate(TheDevice());
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    const ResolvedBuffer now = frame.Resolve(lights);
    VkCommandBuffer cmd = m_commands->Begin();
    ASSERT_TRUE(Ok(CmdHostToDevice(frame, cmd, lights, Use::TransferRead)));
    Copy(frame, cmd, lights, m_seen);
    ASSERT_TRUE(Ok(CmdDeviceToHost(frame, cmd, m_seen, Use::TransferWrite)));
    m_commands->Submit(cmd, frame, gate.Waits());
    std::fill_n(static_cast<uint32_t*>(now.mapped), kBytes / 4, 43u);
    ASSERT_TRUE(Ok(FlushHostWrites(frame, lights)));
    gate.Open();
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_TRUE(Saw(43));
}

TEST_F(HostVisibilityTest, SaysWhatIsWrong)
{
    const Buffer lights = Make("lights", MemoryType::CPU);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    EXPECT_TRUE(FailsWith(FlushHostWrites({}, lights), ErrorCode::WrongState));
    EXPECT_TRUE(FailsWith(FlushHostWrites(frame, {}), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(FlushHostWrites(frame, {lights, kBytes, 4}), ErrorCode::OutOfRange, "'lights'"));
    Calls().FailFunction(Fn::FlushMappedMemoryRanges, VK_ERROR_OUT_OF_HOST_MEMORY);
    EXPECT_TRUE(FailsWith(FlushHostWrites(frame, lights), ErrorCode::OutOfHostMemory, "'lights'"));
    Calls().StopFailing();
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    EXPECT_TRUE(FailsWith(InvalidateHostReads(frame, lights), ErrorCode::WrongState, "not open"));
}

// ---- frames --------------------------------------------------------------------------------------------------------
using PerFrameTest = SyncTest;

TEST_F(PerFrameTest, OneForEachFrameInFlight)
{
    std::vector<uint32_t> made;
    PerFrame<uint64_t> numbers(*m_system, [&](uint32_t index) {
        made.push_back(index);
        return uint64_t{0};
    });
    EXPECT_EQ(made, (std::vector<uint32_t>{0, 1}));
    EXPECT_EQ(numbers.Count(), 2u);
    for (uint32_t i = 0; i < 6; ++i)
        m_commands->RunFrame(*m_system, [&](const Frame& frame, VkCommandBuffer) {
            if (numbers[frame] != 0)
            {
                EXPECT_EQ(numbers[frame], frame.Number() - 2); // and that one has passed
                EXPECT_GE(m_system->CompletedFrame(), numbers[frame]);
            }
            numbers[frame] = frame.Number();
        });
    uint64_t sum = 0;
    for (const uint64_t number : numbers)
        sum += number;
    EXPECT_EQ(sum, 5u + 6u);
    EXPECT_EQ(PerFrame<int>(*m_system).Count(), 2u);
}
} // namespace
} // namespace sedx::test
