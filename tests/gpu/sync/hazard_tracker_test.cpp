// The tracker of a checked system: each message by doing the wrong thing on purpose, and silence for the right one. Accesses are
// described and, where synchronization validation would see them too, not carried out.
#include "support/test_pipeline.h"
#include "sync_test.h"

#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::AllOf;
using testing::HasSubstr;

constexpr uint32_t kNothing[] = {
#include "shaders/nothing.comp.inc"
};

uint32_t LineHere(std::source_location where = std::source_location::current()) { return where.line(); }
std::string PlaceOf(uint32_t line) { return "hazard_tracker_test.cpp:" + std::to_string(line); }

class HazardTrackerTest : public SyncTest
{
  protected:
    HazardTracker Hazards() { return m_system->Hazards(); }
    uint64_t Count(HazardKind kind) { return Hazards().Report().Count(kind); }
    uint64_t Total() { return Hazards().Report().Total(); }
    using Record = TestCommands::Record;
    void RunFrame(const Record& record) { m_commands->RunFrame(*m_system, record); }
    // A frame that reads all of the buffer, and waits at the gate.
    void ReadBehind(Gate& gate, const Buffer& buffer, Use use = Use::FragmentUniformRead)
    {
        m_commands->RunFrame(
            *m_system, [&](const Frame& frame, VkCommandBuffer cmd) { Hazards().CmdAccess(frame, cmd, buffer, use); },
            gate.Waits());
    }
};

TEST_F(HazardTrackerTest, AMissingBarrierIsNamedWithBothPlaces)
{
    uint32_t line = 0;
    RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
        line = LineHere();
        Hazards().CmdAccess(frame, cmd, {m_source, 0, 1024}, Use::ComputeWrite);
        Hazards().CmdAccess(frame, cmd, {m_source, 512, 1024}, Use::VertexRead);
    });
    EXPECT_EQ(Count(HazardKind::ReadAfterWrite), 1u);
    EXPECT_THAT(m_log.Text(), AllOf(HasSubstr("[HAZARD] read after write: bytes 512 to 1024 of buffer 'source'"),
                                    HasSubstr("VertexRead"), HasSubstr("ComputeWrite"), HasSubstr(PlaceOf(line + 1)),
                                    HasSubstr(PlaceOf(line + 2))));
    EXPECT_EQ(Hazards().Report().last[0].buffer, m_source.ID());
}

TEST_F(HazardTrackerTest, TheOtherOrders)
{
    RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
        Hazards().CmdAccess(frame, cmd, m_source, Use::ComputeWrite);
        Hazards().CmdAccess(frame, cmd, m_source, Use::ComputeWrite);
        Hazards().CmdAccess(frame, cmd, m_target, Use::IndirectRead);
        Hazards().CmdAccess(frame, cmd, m_target, Use::TransferWrite);
    });
    EXPECT_EQ(Count(HazardKind::WriteAfterWrite), 1u);
    EXPECT_EQ(Count(HazardKind::WriteAfterRead), 1u);
    EXPECT_THAT(m_log.Text(),
                AllOf(HasSubstr("write after write"), HasSubstr("write after read"), HasSubstr("'target'")));
}

TEST_F(HazardTrackerTest, BarriersMakeItRight)
{
    EXPECT_TRUE(Hazards().IsOn());
    for (uint32_t i = 0; i < 3; ++i)
        RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
            const BufferView<> array[] = {{m_source, 0, 64}, {m_target, 64, 64}};
            EXPECT_TRUE(
                Ok(Barriers().Memory(Use::VertexRead, Use::ComputeWrite).Cmd(frame, cmd))); // of the frame before
            Hazards().CmdAccess(frame, cmd, array, Use::ComputeWrite);
            EXPECT_TRUE(Ok(Barriers()
                               .Buffer(array[0], Use::ComputeWrite, Use::VertexRead)
                               .Buffer(array[1], Use::ComputeWrite, Use::VertexRead)
                               .Cmd(frame, cmd)));
            Hazards().CmdAccess(frame, cmd, array, Use::VertexRead);
        });
    EXPECT_EQ(m_log.Text(), "");
    EXPECT_EQ(Total(), 0u);
    EXPECT_EQ(Hazards().Report().accesses, 12u);
}

// What a plain look at one command buffer does not show.
TEST_F(HazardTrackerTest, FramesAreNotOrderedByThemselves)
{
    HeldTimelines held(Calls()); // nothing seems to have passed
    RunFrame(
        [&](const Frame& frame, VkCommandBuffer cmd) { Hazards().CmdAccess(frame, cmd, m_source, Use::ComputeWrite); });
    RunFrame(
        [&](const Frame& frame, VkCommandBuffer cmd) { Hazards().CmdAccess(frame, cmd, m_source, Use::VertexRead); });
    EXPECT_EQ(Count(HazardKind::ReadAfterWrite), 1u);
    EXPECT_THAT(m_log.Text(), AllOf(HasSubstr("in frame 1"), HasSubstr("in frame 2")));
    held.Release();
    m_commands->WaitIdle();
    RunFrame(
        [&](const Frame& frame, VkCommandBuffer cmd) { Hazards().CmdAccess(frame, cmd, m_source, Use::ComputeWrite); });
    EXPECT_EQ(Total(), 1u); // the CPU knows that the others have passed
}

TEST_F(HazardTrackerTest, OneElementOfADescriptorArray)
{
    RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
        const BufferView<> all[] = {m_source, m_target};
        Hazards().CmdAccess(frame, cmd, {m_target, 100, 4}, Use::ComputeWrite);
        Hazards().CmdAccess(frame, cmd, all, Use::FragmentRead);
    });
    EXPECT_EQ(Total(), 1u);
    EXPECT_THAT(m_log.Text(), HasSubstr("bytes 100 to 104 of buffer 'target'"));
}

TEST_F(HazardTrackerTest, RawMemory)
{
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*m_system, {.usage = BufferUsage::Storage}));
    RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
        SEDX_REQUIRE(const BufferSlice slice, ring.Allocate(frame, 256));
        Hazards().VkCmdAccess(frame, cmd, slice.buffer, slice.offset, slice.size, "ring", Use::ComputeWrite);
        Hazards().VkCmdAccess(frame, cmd, slice.buffer, slice.offset + 128, 128, "ring", Use::VertexRead);
    });
    EXPECT_EQ(Count(HazardKind::ReadAfterWrite), 1u);
    EXPECT_THAT(m_log.Text(), HasSubstr("'ring'"));
}

TEST_F(HazardTrackerTest, BothHalvesOfASplitBarrier)
{
    RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
        SplitBarrier split;
        split.Dependencies().Buffer(m_source, Use::ComputeWrite, Use::VertexRead);
        Hazards().CmdAccess(frame, cmd, m_source, Use::ComputeWrite);
        EXPECT_TRUE(Ok(split.CmdSet(frame, cmd)));
        EXPECT_TRUE(Ok(split.CmdWait(frame, cmd)));
        Hazards().CmdAccess(frame, cmd, m_source, Use::VertexRead);
    });
    EXPECT_EQ(m_log.Text(), "");
    RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
        SplitBarrier split;
        split.Dependencies().Buffer(m_target, Use::ComputeWrite, Use::VertexRead);
        Hazards().CmdAccess(frame, cmd, m_target, Use::ComputeWrite);
        EXPECT_TRUE(Ok(split.CmdSet(frame, cmd)));
        Hazards().CmdAccess(frame, cmd, m_target, Use::VertexRead); // too early
        EXPECT_TRUE(Ok(split.CmdWait(frame, cmd)));
    });
    EXPECT_EQ(Count(HazardKind::ReadAfterWrite), 1u);
    EXPECT_THAT(m_log.Text(), HasSubstr("'target'"));
}

TEST_F(HazardTrackerTest, BarriersOfOnesOwn)
{
    RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
        VkMemoryBarrier2 barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER_2};
        barrier.srcStageMask = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT;
        barrier.srcAccessMask = VK_ACCESS_2_SHADER_WRITE_BIT;
        barrier.dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT;
        barrier.dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT;
        VkDependencyInfo info{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
        info.memoryBarrierCount = 1;
        info.pMemoryBarriers = &barrier;
        Hazards().CmdAccess(frame, cmd, m_source, Use::ComputeWrite);
        Hazards().CmdBarrier(frame, cmd, info);
        Hazards().CmdAccess(frame, cmd, m_source, Use::IndexRead);
        EXPECT_EQ(Total(), 0u);
        // An image barrier at the same stages shows nothing of buffers.
        VkImageMemoryBarrier2 image{VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2};
        image.srcStageMask = barrier.srcStageMask;
        image.srcAccessMask = barrier.srcAccessMask;
        image.dstStageMask = barrier.dstStageMask;
        image.dstAccessMask = barrier.dstAccessMask;
        VkDependencyInfo images{VK_STRUCTURE_TYPE_DEPENDENCY_INFO};
        images.imageMemoryBarrierCount = 1;
        images.pImageMemoryBarriers = &image;
        Hazards().CmdAccess(frame, cmd, m_target, Use::ComputeWrite);
        Hazards().CmdBarrier(frame, cmd, images);
        Hazards().CmdAccess(frame, cmd, m_target, Use::IndexRead);
    });
    EXPECT_EQ(Total(), 1u);
    EXPECT_THAT(m_log.Text(), HasSubstr("'target'"));
}

// ---- what the library does itself ----------------------------------------------------------------------------------

TEST_F(HazardTrackerTest, CopyBufferBesideDescribedAccesses)
{
    uint32_t line = 0;
    RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
        Hazards().CmdAccess(frame, cmd, m_source, Use::ComputeWrite);
        line = LineHere();
        EXPECT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, m_source, m_target, kBytes)));
    });
    EXPECT_EQ(Count(HazardKind::ReadAfterWrite), 1u);
    EXPECT_THAT(m_log.Text(), AllOf(HasSubstr("TransferRead"), HasSubstr(PlaceOf(line + 1))));
}

// An engine that describes nothing has barriers that nobody knows.
TEST_F(HazardTrackerTest, CopyBufferAlone)
{
    RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
        EXPECT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, m_source, m_target, kBytes)));
        m_commands->Barrier(cmd);
        EXPECT_TRUE(Ok(m_system->CopyBuffer(frame, cmd, m_target, m_source, kBytes)));
    });
    EXPECT_EQ(m_log.Text(), "");
    EXPECT_EQ(Hazards().Report().accesses, 0u);
}

// What the library reads indirectly, and fills, it tells itself.
TEST_F(HazardTrackerTest, DrawsWithCommandsThatShadersWrote)
{
    const std::vector<VkDispatchIndirectCommand> one = {{1, 1, 1}};
    SEDX_REQUIRE(const auto dispatches, DispatchBuffer::Create(*m_system, one, "dispatches"));
    SEDX_REQUIRE(const auto counters, CounterBuffer<>::Create(*m_system, {.name = "counters"}));
    const TestPipeline nothing(TheDevice(), {.compute = kNothing});
    const auto run = [&](bool makesReadable) {
        RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
            nothing.Bind(cmd);
            Hazards().CmdAccess(frame, cmd, dispatches.View(), Use::ComputeWrite);
            if (makesReadable)
            {
                EXPECT_TRUE(Ok(dispatches.CmdMakeReadable(frame, cmd)));
            }
            EXPECT_TRUE(Ok(dispatches.CmdDispatch(frame, cmd)));
        });
        m_commands->WaitIdle();
    };
    run(true);
    EXPECT_EQ(m_log.Text(), "");
    run(false);
    EXPECT_EQ(Count(HazardKind::ReadAfterWrite), 1u);
    EXPECT_THAT(m_log.Text(), AllOf(HasSubstr("'dispatches'"), HasSubstr("IndirectRead"), HasSubstr("ComputeWrite")));

    RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
        Hazards().CmdAccess(frame, cmd, counters.View(), Use::ComputeWrite);
        EXPECT_TRUE(Ok(counters.CmdReset(frame, cmd))); // with the barriers that it needs
        Hazards().CmdAccess(frame, cmd, counters.View(), Use::ComputeRead);
    });
    EXPECT_EQ(Total(), 1u);
}

TEST_F(HazardTrackerTest, UploadsAndReadBacksAreInOrder)
{
    HeldTimelines held(Calls(), HeldTimelines::OnWait::Release);
    for (uint64_t i = 0; i < 4; ++i)
    {
        ASSERT_TRUE(Ok(m_system->Uploads().Write(m_source, i * 16, Pattern(i, 512))));
        ASSERT_TRUE(Ok(m_system->Uploads().Copy({m_source, 0, 256}, m_target, 256)));
        RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
            Hazards().CmdAccess(frame, cmd, {m_source, 0, 1024}, Use::VertexAttributeRead);
            EXPECT_TRUE(Ok(Barriers().Memory(Use::VertexAttributeRead, Use::ComputeWrite).Cmd(frame, cmd)));
            EXPECT_TRUE(Ok(Barriers().Memory(Use::ComputeWrite, Use::ComputeWrite).Cmd(frame, cmd)));
            Hazards().CmdAccess(frame, cmd, m_target, Use::ComputeWrite);
            EXPECT_TRUE(Ok(m_system->Readbacks().Request(m_target)));
        });
    }
    EXPECT_EQ(m_log.Text(), "");
    EXPECT_GT(Hazards().Report().accesses, 8u); // those of the library among them
}

// ---- the CPU -------------------------------------------------------------------------------------------------------

TEST_F(HazardTrackerTest, NoOverwriteIsAPromise)
{
    const Buffer lights = Make("lights", MemoryType::CPU);
    Gate gate(TheDevice());
    m_commands->RunFrame(
        *m_system,
        [&](const Frame& frame, VkCommandBuffer cmd) {
            Hazards().CmdAccess(frame, cmd, {lights, 0, 1024}, Use::FragmentUniformRead);
        },
        gate.Waits());
    const auto write = [&](uint64_t offset, uint64_t bytes) {
        EXPECT_TRUE(Ok(m_system->MapWritable<std::byte>({lights, offset, bytes}, MapMode::WriteNoOverwrite)));
    };
    write(1024, 1024);
    EXPECT_EQ(m_log.Text(), "");
    write(512, 1024);
    EXPECT_EQ(Count(HazardKind::HostWriteInFlight), 1u);
    EXPECT_THAT(m_log.Text(), AllOf(HasSubstr("CPU write of bytes in flight: bytes 512 to 1024 of buffer 'lights'"),
                                    HasSubstr("FragmentUniformRead"), HasSubstr(PlaceOf(0).substr(0, 24))));
    gate.Open();
    m_commands->WaitIdle();
    m_system->Poll();
    write(0, 1024);
    EXPECT_EQ(Total(), 1u);
}

TEST_F(HazardTrackerTest, WritesThroughPointers)
{
    const Buffer lights = Make("lights", MemoryType::CPU);
    const Buffer others = Make("others", MemoryType::CPU);
    Gate gate(TheDevice());
    ReadBehind(gate, lights);
    const uint32_t line = LineHere();
    Hazards().HostWrite({lights, 64, 64});
    Hazards().HostWrite(others);
    EXPECT_EQ(Count(HazardKind::HostWriteInFlight), 1u);
    EXPECT_THAT(m_log.Text(), AllOf(HasSubstr("bytes 64 to 128"), HasSubstr(PlaceOf(line + 1))));
    Hazards().HostRead(lights); // so does the GPU
    EXPECT_EQ(Total(), 1u);
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    EXPECT_TRUE(Ok(FlushHostWrites(frame, {lights, 0, 4})));
    EXPECT_EQ(Total(), 2u);
    EXPECT_TRUE(Ok(m_system->AbandonFrame(frame)));
    // All of a raw map counts.
    EXPECT_TRUE(Ok(m_system->MapBuffer(lights, MapMode::WriteNoOverwrite)));
    m_system->UnmapBuffer(lights);
    EXPECT_EQ(Total(), 3u);
}

TEST_F(HazardTrackerTest, ReadsOfWhatTheGpuWrites)
{
    Gate gate(TheDevice());
    ReadBehind(gate, m_seen, Use::TransferWrite); // which writes
    EXPECT_TRUE(Ok(m_system->MapReadable<std::byte>({m_seen, 0, 16})));
    EXPECT_EQ(Count(HazardKind::HostReadInFlight), 1u);
    EXPECT_THAT(m_log.Text(),
                AllOf(HasSubstr("CPU read of bytes in flight"), HasSubstr("'seen'"), HasSubstr("TransferWrite")));
    gate.Open();
    m_commands->WaitIdle();
    m_system->Poll();
    EXPECT_TRUE(Ok(m_system->MapReadable<std::byte>({m_seen, 0, 16})));
    EXPECT_EQ(Total(), 1u);
}

// The GPU waits for the CPU, and there is a barrier for what it writes.
TEST_F(HazardTrackerTest, WritesThatTheGpuWaitsFor)
{
    const Buffer lights = Make("lights", MemoryType::CPU);
    Gate gate(TheDevice());
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    EXPECT_TRUE(Ok(CmdHostToDevice(frame, cmd, lights, Use::FragmentUniformRead)));
    Hazards().CmdAccess(frame, cmd, lights, Use::FragmentUniformRead);
    m_commands->Submit(cmd, frame, gate.Waits());
    EXPECT_TRUE(Ok(FlushHostWrites(frame, lights)));
    EXPECT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_EQ(m_log.Text(), "");
}

// Before the submission anything may be written.
TEST_F(HazardTrackerTest, WritesForTheFrameAtHand)
{
    const Buffer lights = Make("lights", MemoryType::CPU);
    RunFrame([&](const Frame& frame, VkCommandBuffer cmd) {
        Hazards().CmdAccess(frame, cmd, lights, Use::FragmentUniformRead);
        EXPECT_TRUE(Ok(FlushHostWrites(frame, lights)));
    });
    EXPECT_EQ(m_log.Text(), "");
}

// New memory has no history.
TEST_F(HazardTrackerTest, DiscardedContents)
{
    const Buffer lights = Make("lights", MemoryType::CPU);
    Gate gate(TheDevice());
    ReadBehind(gate, lights);
    EXPECT_TRUE(Ok(m_system->MapWritable<std::byte>(lights, MapMode::WriteDiscard)));
    Hazards().HostWrite(lights);
    EXPECT_EQ(m_log.Text(), "");
}

// ---- frames, misuse ------------------------------------------------------------------------------------------------

TEST_F(HazardTrackerTest, ASlotOfOnesOwnTable)
{
    uint32_t used = 0;
    Gate gate(TheDevice());
    m_commands->RunFrame(
        *m_system,
        [&](const Frame& frame, VkCommandBuffer) {
            used = LineHere() + 1;
            Hazards().SlotUsed(frame, "textures", 3);
        },
        gate.Waits());
    Hazards().SlotWritten("textures", 4); // nobody uses it
    EXPECT_EQ(Total(), 0u);
    const uint32_t written = LineHere() + 1;
    Hazards().SlotWritten("textures", 3);
    EXPECT_EQ(Count(HazardKind::SlotRewritten), 1u);
    EXPECT_THAT(m_log.Text(), AllOf(HasSubstr("[HAZARD] slot rewritten in flight: slot 3 of table 'textures'"),
                                    HasSubstr(PlaceOf(used)), HasSubstr(PlaceOf(written))));
    gate.Open();
    m_commands->WaitIdle();
    Hazards().SlotWritten("textures", 3); // has passed
    EXPECT_EQ(Total(), 1u);
}

TEST_F(HazardTrackerTest, AccessesThatNobodySubmits)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    Hazards().CmdAccess(frame, cmd, m_source, Use::ComputeWrite);
    m_commands->SubmitAlone(cmd);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    EXPECT_EQ(Count(HazardKind::NeverSubmitted), 1u);
    EXPECT_THAT(m_log.Text(), AllOf(HasSubstr("'source'"), HasSubstr("no SubmitSync")));
}

TEST_F(HazardTrackerTest, AnAbandonedFrameDidNothing)
{
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    Hazards().CmdAccess(frame, cmd, m_source, Use::ComputeWrite);
    m_commands->Functions().EndCommandBuffer(cmd);
    ASSERT_TRUE(Ok(m_system->AbandonFrame(frame)));
    RunFrame([&](const Frame& next, VkCommandBuffer nextCmd) {
        Hazards().CmdAccess(next, nextCmd, m_source, Use::VertexRead);
    });
    EXPECT_EQ(m_log.Text(), "");
}

TEST_F(HazardTrackerTest, SaysWhatIsWrong)
{
    const auto says = [&](const char* what) {
        const bool found = m_log.Contains(what);
        m_log.Clear();
        return found;
    };
    auto other = MakeSystem();
    SEDX_REQUIRE(const Frame frame, m_system->BeginFrame());
    VkCommandBuffer cmd = m_commands->Begin();
    Hazards().CmdAccess(frame, VK_NULL_HANDLE, m_source, Use::ComputeRead);
    EXPECT_TRUE(says("command buffer"));
    Hazards().CmdAccess(frame, cmd, {m_source, 1, kBytes}, Use::ComputeRead);
    EXPECT_TRUE(says("'source'"));
    Hazards().CmdBegin(frame, cmd, 99);
    EXPECT_TRUE(says("queue 99"));
    other->Hazards().CmdAccess(frame, cmd, m_source, Use::ComputeRead);
    EXPECT_TRUE(says("another system"));
    other->Hazards().HostWrite(m_source);
    EXPECT_TRUE(says("'source'"));
    Hazards().HostRead({m_source, kBytes + 1, 1});
    EXPECT_TRUE(says("'source'"));
    Hazards().NextSubmitWaits({}, 0, {});
    EXPECT_TRUE(says("no such frame"));
    m_commands->Submit(cmd, frame);
    ASSERT_TRUE(Ok(m_system->EndFrame(frame)));
    Hazards().CmdAccess(frame, cmd, m_source, Use::ComputeRead);
    EXPECT_TRUE(says("not open"));
    EXPECT_EQ(Total(), 0u);
}

TEST_F(HazardTrackerTest, ASystemThatIsNotChecked)
{
    SEDX_REQUIRE(const auto system, BufferSystem::Create({.device = TheDevice(), .checked = false}));
    HazardTracker hazards = system->Hazards();
    EXPECT_FALSE(hazards.IsOn());
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    m_commands->RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
        hazards.CmdBegin(frame, cmd, 99);
        hazards.CmdAccess(frame, cmd, buffer, Use::ComputeWrite);
        hazards.CmdAccess(frame, cmd, buffer, Use::VertexRead);
        hazards.NextSubmitWaits(frame, 0, {});
        hazards.HostWrite(buffer);
        hazards.HostRead(buffer);
    });
    EXPECT_EQ(hazards.Report().Total(), 0u);
    EXPECT_EQ(hazards.Report().accesses, 0u);
    EXPECT_EQ(m_log.Text(), "");
}
} // namespace
} // namespace sedx::test
