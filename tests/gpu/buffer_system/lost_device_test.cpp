// A lost device is an error value that every later call repeats; nothing hangs, and everything can still be destroyed.
//
// The device is lost only for the library: the interceptor says so, the real one is well.
#include "support/gpu_test.h"

namespace sedx::test
{
namespace
{
// From which call the library learns of it.
class LostDeviceTest : public testing::TestWithParam<Fn>
{
  protected:
    void SetUp() override
    {
        m_own.Present(MemoryLayout::Discrete()); // every upload needs a submission
        ASSERT_TRUE(m_own.Create());
    }
    void TearDown() override
    {
        m_own.device = {};
        EXPECT_EQ(m_own.interceptor.Alive(), "");
        EXPECT_EQ(m_own.interceptor.Calls(Fn::DestroyDevice), 1u);
        for (const std::string& message : m_own.validation.Take())
            ADD_FAILURE() << "validation: " << message;
    }

    LogCapture m_log;
    TestDevice m_own;
};

INSTANTIATE_TEST_SUITE_P(FirstCall, LostDeviceTest,
                         testing::Values(Fn::QueueSubmit2, Fn::GetSemaphoreCounterValue, Fn::WaitSemaphores),
                         [](const testing::TestParamInfo<Fn>& tested) {
                             return std::string(FunctionName(tested.param));
                         });

TEST_P(LostDeviceTest, EveryLaterCallSaysSo)
{
    SEDX_REQUIRE(auto system, BufferSystem::Create({.device = m_own.device, .checked = true}));
    {
        TestCommands commands(m_own.device);
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(4096, BufferUsage::Storage, MemoryType::GPU));
        SEDX_REQUIRE(Buffer mapped, system->CreateBuffer(4096, BufferUsage::Storage, MemoryType::CPU));
        commands.UseInFrame(*system, buffer);
        SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system));
        SEDX_REQUIRE(const ReadbackSubscription subscription, system->Readbacks().Subscribe(buffer));
        Bytes into(4096);
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        frame.Resolve(buffer);
        HeldTimelines held(m_own.interceptor); // so that there is something to poll and to wait for
        SEDX_REQUIRE(const UploadTicket submitted, system->Uploads().Write(buffer, 0, Filled(1, 4096)));
        ASSERT_TRUE(Ok(system->Uploads().Submit()));
        SEDX_REQUIRE(const UploadTicket collected, system->Uploads().Write(buffer, 0, Filled(2, 4096)));
        SEDX_REQUIRE(const ReadbackTicket read, system->Readbacks().Request(buffer));

        m_own.interceptor.FailFunction(GetParam(), VK_ERROR_DEVICE_LOST);
        if (GetParam() == Fn::WaitSemaphores)
        {
            EXPECT_TRUE(FailsWith(submitted.Wait(), ErrorCode::DeviceLost));
        }
        else if (GetParam() == Fn::GetSemaphoreCounterValue)
        {
            system->Poll();
        }
        else
        {
            EXPECT_TRUE(FailsWith(system->Uploads().Submit(), ErrorCode::DeviceLost));
        }
        ASSERT_EQ(m_own.interceptor.InjectedFailures(), 1u) << "the call never came";
        EXPECT_TRUE(m_own.device.IsLost());

        EXPECT_TRUE(FailsWith(system->BeginFrame(), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(frame.SubmitSync(0), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(system->EndFrame(frame), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(system->CreateBuffer(64, BufferUsage::Vertex, MemoryType::GPU), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(system->Uploads().Write(buffer, 0, Filled(1, 16)), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(system->Uploads().Submit(), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(system->Readbacks().Request(buffer), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(system->Readbacks().Submit(), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(system->Readbacks().Read(buffer, into), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(system->Readbacks().Subscribe(buffer), ErrorCode::DeviceLost));
        EXPECT_FALSE(subscription.Latest()) << "no frame has ended since";
        EXPECT_TRUE(FailsWith(m_own.device.Submit(0, {}), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(ring.Allocate(frame, 64), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(submitted.Wait(), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(collected.Wait(), ErrorCode::DeviceLost));
        EXPECT_TRUE(FailsWith(read.Wait(), ErrorCode::DeviceLost));
        EXPECT_TRUE(read.Bytes().empty());
        EXPECT_TRUE(collected.Ready()) << "a failed submission counts as ready";
        EXPECT_TRUE(FailsWith(system->Factory().CreateStorageBuffer(64), ErrorCode::DeviceLost));

        // Questions and clean-up still work.
        system->Poll();
        system->IsInFlight(buffer);
        system->Explain(buffer);
        EXPECT_EQ(system->GetReport().liveBuffers, 2u);
        EXPECT_TRUE(m_own.device.IsLost());
    }
    system->Poll();
    system.reset();
    EXPECT_TRUE(m_own.device.IsLost());
    EXPECT_TRUE(FailsWith(BufferSystem::Create({.device = m_own.device}), ErrorCode::DeviceLost));
}

TEST_P(LostDeviceTest, LostWhileMuchIsUnderWay)
{
    SEDX_REQUIRE(auto system, BufferSystem::Create({.device = m_own.device, .framesInFlight = 3, .checked = true}));
    {
        TestCommands commands(m_own.device);
        std::vector<Buffer> buffers;
        std::vector<ReadbackTicket> reads;
        HeldTimelines held(m_own.interceptor);
        for (uint64_t i = 0; i < 3; ++i)
        {
            SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(4096, BufferUsage::Storage, MemoryType::GPU));
            commands.UseInFrame(*system, buffer);
            ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, Pattern(i, 4096))));
            SEDX_REQUIRE(ReadbackTicket ticket, system->Readbacks().Request(buffer));
            reads.push_back(std::move(ticket));
            if (i != 0)
                buffers.push_back(std::move(buffer)); // the first one is dropped in flight
        }
        ASSERT_TRUE(Ok(system->Uploads().Submit()));
        SEDX_REQUIRE(const UploadTicket last, system->Uploads().Write(buffers[0], 0, Pattern(9, 4096)));
        m_own.interceptor.LoseDevice();
        // Pacing, tickets and back-pressure must not wait for what never comes.
        EXPECT_FALSE(system->BeginFrame());
        for (const ReadbackTicket& read : reads)
        {
            const auto bytes = read.Wait();
            if (!bytes)
            {
                EXPECT_EQ(bytes.error().code, ErrorCode::DeviceLost);
            }
        }
        EXPECT_TRUE(FailsWith(last.Wait(), ErrorCode::DeviceLost));
        EXPECT_TRUE(m_own.device.IsLost());
        buffers.clear();
    }
    system.reset();
}

TEST_P(LostDeviceTest, LostInTheMiddleOfALongRead)
{
    for (uint64_t n = 1; n <= 8; n += 3)
    {
        TestDevice own;
        own.Present(MemoryLayout::Discrete());
        ASSERT_TRUE(own.Create());
        SEDX_REQUIRE(auto system,
                     BufferSystem::Create({.device = own.device, .stagingBlockBytes = 4096, .checked = true}));
        {
            const Bytes bytes = Pattern(1, 20 * 8192);
            SEDX_REQUIRE(const Buffer buffer,
                         system->Factory().CreateStorageBuffer(std::span<const std::byte>(bytes), "source"));
            SEDX_REQUIRE(const ReadbackSubscription subscription, system->Readbacks().Subscribe({buffer, 0, 64}));
            {
                TestCommands commands(own.device);
                commands.RunFrame(*system);
            }
            EXPECT_TRUE(SameBytes(std::span(bytes).first(64), subscription.Latest().Bytes()));
            HeldTimelines held(own.interceptor); // so that there is something to poll and to wait for
            Bytes into(bytes.size());
            own.interceptor.FailFunction(GetParam(), VK_ERROR_DEVICE_LOST, n);
            const auto read = system->Readbacks().Read(buffer, into);
            if (own.interceptor.InjectedFailures() != 0)
            {
                EXPECT_TRUE(FailsWith(read, ErrorCode::DeviceLost)) << n;
            }
            else
            {
                EXPECT_TRUE(SameBytes(bytes, into)); // it did not call so often
            }
            EXPECT_TRUE(SameBytes(std::span(bytes).first(64), subscription.Latest().Bytes())) << "the last value stays";
        }
        system.reset();
        own.device = {};
        EXPECT_EQ(own.interceptor.Alive(), "");
    }
}

TEST_P(LostDeviceTest, LostBeforeTheSystemGoes)
{
    SEDX_REQUIRE(auto system, BufferSystem::Create({.device = m_own.device, .checked = true}));
    TestCommands commands(m_own.device);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(4096, BufferUsage::Storage, MemoryType::GPU));
    commands.UseInFrame(*system, buffer);
    ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, Filled(1, 4096))));
    buffer = {};
    m_own.interceptor.LoseDevice();
    system.reset(); // learns of it while it waits for the end
}
} // namespace
} // namespace sedx::test
