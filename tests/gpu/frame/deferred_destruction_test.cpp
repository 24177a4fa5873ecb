// Contract 5: dropping the last handle is safe at any time and on any thread; memory comes back when the GPU has passed.
#include "support/gpu_test.h"

#include <atomic>
#include <thread>

namespace sedx::test
{
namespace
{
class DeferredDestructionTest : public GpuTest
{};

TEST_F(DeferredDestructionTest, UnusedBufferGoesAtOnce)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1 << 20, BufferUsage::Storage, MemoryType::GPU));
    EXPECT_EQ(system->GetReport().liveBuffers, 1u);
    EXPECT_GE(system->GetReport().gpu.bytes, 1u << 20);
    buffer = {};
    system->Poll();
    const Report report = system->GetReport();
    EXPECT_EQ(report.liveBuffers, 0u);
    EXPECT_EQ(report.gpu.buffers, 0u);
    EXPECT_EQ(report.gpu.bytes, 0u);
    EXPECT_EQ(report.pendingDestroyed, 0u);
}

TEST_F(DeferredDestructionTest, DroppedBufferOutlivesTheSubmissionThatReadsIt)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    const Bytes bytes = Pattern(21, 4096);
    SEDX_REQUIRE(Buffer target, system->CreateBuffer(4096, BufferUsage::Storage, MemoryType::GPU, "target"));
    SEDX_REQUIRE(Buffer source, system->CreateBuffer(4096, BufferUsage::Storage, MemoryType::GPU, "source"));
    SEDX_REQUIRE(const UploadTicket upload, system->Uploads().Write(source, 0, bytes));
    ASSERT_TRUE(Ok(upload.Wait())); // where there is a copy, it would keep the buffer for itself

    Gate gate(TheDevice());
    VkBuffer raw = VK_NULL_HANDLE;
    commands.RunFrame(
        *system,
        [&](const Frame& frame, VkCommandBuffer cmd) {
            raw = frame.Resolve(source).buffer;
            EXPECT_TRUE(Ok(system->CopyBuffer(frame, cmd, source, target, 4096)));
        },
        gate.Waits());
    source = {};
    system->Poll();
    EXPECT_EQ(system->GetReport().pendingDestroyed, 1u);
    EXPECT_EQ(system->GetReport().liveBuffers, 1u);
    EXPECT_EQ(system->GetReport().gpu.buffers, 2u); // its memory is still taken
    EXPECT_TRUE(Calls().IsAlive(raw));

    // Buffers of the same size that are made and filled now must not get that memory.
    std::vector<Buffer> others;
    for (uint64_t i = 0; i < 16; ++i)
    {
        SEDX_REQUIRE(Buffer other, system->CreateBuffer(4096, BufferUsage::Storage, MemoryType::GPU));
        ASSERT_TRUE(Ok(system->Uploads().Write(other, 0, Pattern(100 + i, 4096))));
        others.push_back(std::move(other));
    }
    EXPECT_TRUE(Calls().IsAlive(raw));
    gate.Open();
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, target)));
    commands.WaitIdle();
    system->Poll();
    EXPECT_EQ(system->GetReport().pendingDestroyed, 0u);
    EXPECT_EQ(system->GetReport().gpu.buffers, 17u);
}

TEST_F(DeferredDestructionTest, BufferUsedOnlyByTheLibrarysCopyOutlivesIt)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(4096, BufferUsage::Storage, MemoryType::GPU));
    HeldTimelines held(Calls());
    SEDX_REQUIRE(const ReadbackTicket ticket, system->Readbacks().Request(buffer));
    ASSERT_TRUE(Ok(system->Readbacks().Submit()));
    buffer = {};
    system->Poll();
    EXPECT_EQ(system->GetReport().liveBuffers, 0u);
    EXPECT_EQ(system->GetReport().gpu.buffers, 1u); // its memory is still taken
    EXPECT_EQ(held.Waits(), 0u);
    held.Release();
    ASSERT_TRUE(Ok(ticket.Wait()));
    system->Poll();
    EXPECT_EQ(system->GetReport().gpu.buffers, 0u);
    EXPECT_EQ(system->GetReport().pendingDestroyed, 0u);
}

TEST_F(DeferredDestructionTest, BufferDroppedBetweenRequestAndSubmission)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    const Bytes bytes = Pattern(4, 500);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(500, BufferUsage::Storage, MemoryType::GPU));
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, bytes)));
    SEDX_REQUIRE(const ReadbackTicket ticket, system->Readbacks().Request(buffer));
    buffer = {};
    system->Poll();
    SEDX_REQUIRE(const auto read, ticket.Wait());
    EXPECT_TRUE(SameBytes(bytes, read));
}

TEST_F(DeferredDestructionTest, HeldFramesKeepManyBuffersUntilTheyPass)
{
    auto system = MakeSystem({.framesInFlight = 8});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    HeldTimelines held(Calls());
    for (int i = 0; i < 8; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1000, BufferUsage::Vertex, MemoryType::GPU));
        commands.UseInFrame(*system, buffer);
    }
    system->Poll();
    EXPECT_EQ(system->GetReport().pendingDestroyed, 8u);
    EXPECT_EQ(system->GetReport().liveBuffers, 0u);
    EXPECT_EQ(held.Waits(), 0u);
    held.Release();
    commands.WaitIdle();
    system->Poll();
    EXPECT_EQ(system->GetReport().pendingDestroyed, 0u);
    EXPECT_EQ(system->GetReport().gpu.bytes, 0u);
}

TEST_F(DeferredDestructionTest, LastHandleDroppedOnAnotherThread)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU));
    commands.UseInFrame(*system, buffer);
    std::thread([dropped = std::move(buffer)]() mutable { dropped = {}; }).join();
    commands.WaitIdle();
    system->Poll();
    EXPECT_EQ(system->GetReport().liveBuffers, 0u);
    EXPECT_EQ(system->GetReport().pendingDestroyed, 0u);
}

TEST_F(DeferredDestructionTest, HandlesThatOutliveTheSystemAreEmptyShells)
{
    Buffer survivor;
    BufferId id;
    {
        auto system = MakeSystem();
        ASSERT_TRUE(system);
        SEDX_REQUIRE(survivor, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU, "survivor"));
        id = survivor.ID();
        ASSERT_TRUE(Ok(system->Uploads().Write(survivor, 0, Pattern(1, 1000))));
        system.reset();
    }
    // Its memory is gone (the end of the test looks), the handle itself may be copied, asked and dropped.
    const Buffer copy = survivor;
    EXPECT_EQ(copy, survivor);
    EXPECT_EQ(copy.ID(), id);
    EXPECT_LE(copy.GetSize(), 1000u);
    EXPECT_TRUE(copy.Name() == "survivor" || copy.Name().empty());
    std::thread([dropped = std::move(survivor)]() mutable { dropped = {}; }).join();

    auto other = MakeSystem();
    ASSERT_TRUE(other);
    EXPECT_FALSE(other->Uploads().Write(copy, 0, Pattern(1, 10)));
    EXPECT_FALSE(other->IsInFlight(copy));
}

TEST_F(DeferredDestructionTest, LeakIsReportedWithItsNameAndThePlaceThatMadeIt)
{
    Buffer leaked;
    {
        auto system = MakeSystem();
        ASSERT_TRUE(system);
        SEDX_REQUIRE(leaked, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU, "forgotten terrain"));
        SEDX_REQUIRE(const Buffer tidy, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU, "tidy"));
        m_log.Clear();
    }
    EXPECT_TRUE(m_log.Contains("forgotten terrain")) << m_log.Text();
    EXPECT_TRUE(m_log.Contains("deferred_destruction_test.cpp")) << m_log.Text();
    EXPECT_FALSE(m_log.Contains("tidy")) << m_log.Text();
}

TEST_F(DeferredDestructionTest, TidyShutdownReportsNothing)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    {
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU, "tidy"));
        commands.UseInFrame(*system, buffer);
    }
    m_log.Clear();
    system.reset();
    EXPECT_EQ(m_log.Text(), "");
}

// Peers' mistake: reclaim counted in frames never runs while a window is minimised, and memory grows.
TEST_F(DeferredDestructionTest, PollReclaimsWithoutFrames)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    {
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU));
        commands.UseInFrame(*system, buffer); // the last frame ever presented
    }
    uint64_t peak = 0;
    for (uint64_t i = 0; i < 50; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1 << 20, BufferUsage::Storage, MemoryType::GPU));
        SEDX_REQUIRE(const ReadbackTicket ticket, system->Readbacks().Request({buffer, 0, 64}));
        ASSERT_TRUE(Ok(ticket.Wait()));
        buffer = {};
        system->Poll();
        peak = std::max(peak, system->GetReport().gpu.bytes);
    }
    EXPECT_LE(peak, 2ull << 20);
    EXPECT_EQ(system->GetReport().pendingDestroyed, 0u);
    EXPECT_EQ(system->GetReport().gpu.bytes, 0u);
    EXPECT_EQ(system->GetReport().framesBegun, 1u);
}

TEST_F(DeferredDestructionTest, FramesReclaimWithoutPoll)
{
    auto system = MakeSystem({.framesInFlight = 2});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    for (uint64_t i = 0; i < 100; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(10000, BufferUsage::Storage, MemoryType::GPU));
        commands.UseInFrame(*system, buffer);
    }
    EXPECT_LE(system->GetReport().gpu.buffers, 5u);
    EXPECT_LE(system->GetReport().gpu.peakBytes, 100000u);
}

// Peers' mistake: blocks returned to the driver at once, so that vkAllocateMemory stalls frames.
TEST_F(DeferredDestructionTest, MemoryBlocksStayWarm)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    uint64_t before = 0;
    for (int i = 0; i < 60; ++i)
    {
        if (i == 10)
            before = Calls().Calls(Fn::AllocateMemory);
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(100000, BufferUsage::Storage, MemoryType::GPU));
        buffer = {};
        system->Poll();
    }
    EXPECT_EQ(Calls().Calls(Fn::AllocateMemory), before);
}

TEST_F(DeferredDestructionTest, ThreadsCreateUseAndDrop)
{
    auto system = MakeSystem({.framesInFlight = 3});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    std::atomic<int> running{4};
    std::vector<std::thread> workers;
    for (int worker = 0; worker < 4; ++worker)
    {
        workers.emplace_back([&, worker] {
            for (int i = 0; i < 400; ++i)
            {
                auto buffer = system->CreateBuffer(static_cast<uint64_t>(100 + worker * 1000), BufferUsage::Storage,
                                                   MemoryType::GPU);
                EXPECT_TRUE(Ok(buffer));
                if (!buffer)
                    break;
                const Frame frame = system->GetCurrentFrame();
                if (frame)
                    frame.Resolve(*buffer); // the frame may end at this moment: nulls then
            }
            --running;
        });
    }
    while (running != 0)
        commands.RunFrame(*system);
    for (std::thread& worker : workers)
        worker.join();
    commands.RunFrame(*system);
    commands.WaitIdle();
    system->Poll();
    EXPECT_EQ(system->GetReport().liveBuffers, 0u);
    EXPECT_EQ(system->GetReport().pendingDestroyed, 0u);
    EXPECT_EQ(system->GetReport().gpu.bytes, 0u);
}
} // namespace
} // namespace sedx::test
