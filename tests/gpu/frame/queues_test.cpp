// Frames on several queues: each has a timeline, a frame passes when all have, and transfers wait for all.
#include "support/engine_device.h"
#include "support/gpu_test.h"

namespace sedx::test
{
namespace
{
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
} // namespace
} // namespace sedx::test
