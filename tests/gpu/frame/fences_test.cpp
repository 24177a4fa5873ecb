// Frames of engines with fences only (FrameCompletion::Fences): they pass when they are retired.
#include "support/engine_device.h"
#include "support/gpu_test.h"

#include <array>
#include <utility>

namespace sedx::test
{
namespace
{
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

TEST_F(FencesTest, StagingAndRingsAreUsedAgainOnlyAfterRetirement)
{
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*m_system, {.blockBytes = 4096}));
    using Place = std::pair<VkBuffer, uint64_t>;
    const auto takeInFrame = [&] {
        std::array<Place, 2> places{};
        const auto frame = m_system->BeginFrame();
        EXPECT_TRUE(Ok(frame));
        const auto lease = m_system->Uploads().Stage(4096, 4, *frame);
        EXPECT_TRUE(Ok(lease));
        const auto slice = ring.Allocate(*frame, 4096, 1);
        EXPECT_TRUE(Ok(slice));
        if (lease && slice)
            places = {Place{lease->buffer, lease->offset}, Place{slice->buffer, slice->offset}};
        EXPECT_TRUE(Ok(m_system->EndFrame(*frame)));
        m_system->Poll(); // nothing runs on the GPU, and still only the engine knows that
        return places;
    };
    const auto first = takeInFrame();
    const auto second = takeInFrame();
    EXPECT_NE(first[0], second[0]);
    EXPECT_NE(first[1], second[1]);
    EXPECT_EQ(2u * 4096, ring.CapacityBytes());
    ASSERT_TRUE(Ok(m_system->RetireFrame(2)));
    m_system->Poll();
    takeInFrame();
    EXPECT_EQ(2u * 4096, ring.CapacityBytes());
    ASSERT_TRUE(Ok(m_system->RetireFrame(3)));
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
