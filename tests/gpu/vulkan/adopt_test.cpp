// Device::Adopt: a device that an engine made with plain Vulkan and nothing but the required features.
#include "support/engine_device.h"
#include "support/gpu_test.h"

#include <atomic>
#include <gmock/gmock.h>
#include <mutex>

namespace sedx::test
{
namespace
{
using testing::HasSubstr;

class AdoptTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        m_engine = EngineDevice::Make();
        ASSERT_TRUE(m_engine);
    }

    // The library's objects are gone; the engine's device is as it was.
    void ExpectUntouched()
    {
        EXPECT_EQ(m_interceptor.Alive(), "");
        EXPECT_EQ(m_interceptor.Calls(Fn::DestroyDevice), 0u);
        EXPECT_EQ(m_interceptor.Calls(Fn::DestroyInstance), 0u);
        EXPECT_EQ(m_engine->functions.DeviceWaitIdle(m_engine->device), VK_SUCCESS);
    }

    Result<Device> Adopt(AdoptDesc desc)
    {
        desc.hook = m_interceptor.Hook();
        return Device::Adopt(desc);
    }

    // Bytes go to the GPU, through a copy of the engine's, and come back.
    static void ExpectWorking(const Device& device)
    {
        SEDX_REQUIRE(auto system, BufferSystem::Create({.device = device, .checked = true}));
        TestCommands commands(device);
        const Bytes bytes = Pattern(7, 1000);
        SEDX_REQUIRE(Buffer source, system->Factory().CreateStorageBuffer(std::span<const std::byte>(bytes), "in"));
        SEDX_REQUIRE(Buffer target, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU, "out"));
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        VkCommandBuffer cmd = commands.Begin();
        ASSERT_TRUE(Ok(system->CopyBuffer(frame, cmd, source, target, 1000)));
        commands.Submit(cmd, frame);
        SEDX_REQUIRE(const ReadbackTicket ticket, system->Readbacks().Request(target));
        ASSERT_TRUE(Ok(system->EndFrame(frame)));
        SEDX_REQUIRE(const auto read, ticket.Wait());
        EXPECT_TRUE(SameBytes(bytes, read));
    }

    LogCapture m_log;
    std::unique_ptr<EngineDevice> m_engine;
    Interceptor m_interceptor;
};

TEST_F(AdoptTest, WorksWithNothingButTheRequiredFeatures)
{
    {
        SEDX_REQUIRE(const Device device, Adopt(m_engine->Describe()));
        EXPECT_TRUE(device.IsAdopted());
        EXPECT_EQ(device.Handle(), m_engine->device);
        EXPECT_EQ(device.Instance(), m_engine->instance);
        EXPECT_EQ(device.PhysicalDevice(), m_engine->physicalDevice);
        ASSERT_EQ(device.Queues().size(), 1u);
        EXPECT_EQ(device.Queues()[0].queue, m_engine->queue);
        EXPECT_EQ(device.Queues()[0].family, m_engine->family);
        EXPECT_NE(device.Queues()[0].flags & VK_QUEUE_GRAPHICS_BIT, 0u);
        EXPECT_FALSE(device.IsExtensionEnabled(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME));
        ExpectWorking(device);
    }
    ExpectUntouched();
}

TEST_F(AdoptTest, WorksWithSingleFeatureStructures)
{
    const auto engine = EngineDevice::Make({.features = FeatureStyle::Single});
    ASSERT_TRUE(engine);
    SEDX_REQUIRE(const Device device, Device::Adopt(engine->Describe()));
    ExpectWorking(device);
}

TEST_F(AdoptTest, ChainMayBeginAtTheNextPointer)
{
    AdoptDesc desc = m_engine->Describe();
    desc.enabledFeatures = m_engine->features.pNext;
    SEDX_REQUIRE(const Device device, Adopt(desc));
    ExpectWorking(device);
}

TEST_F(AdoptTest, WithoutAChainTheEnginesWordCounts)
{
    AdoptDesc desc = m_engine->Describe();
    desc.enabledFeatures = nullptr;
    SEDX_REQUIRE(const Device device, Adopt(desc));
    ExpectWorking(device);
}

// Of the engine's own features, too: this one has no extension that could be named.
TEST_F(AdoptTest, WithoutAChainFeaturesOfVulkan14Count)
{
#if defined(VK_API_VERSION_1_4)
    const auto engine = EngineDevice::Make({.apiVersion = VK_API_VERSION_1_4});
    ASSERT_TRUE(engine);
    if (engine->apiVersion < VK_API_VERSION_1_4)
        SEDX_SKIP("the device has Vulkan 1.3");
    const uint8_t indices[] = {0, 1, 2};
    for (const void* chain : {static_cast<const void*>(&engine->features), static_cast<const void*>(nullptr)})
    {
        AdoptDesc desc = engine->Describe();
        desc.enabledFeatures = chain;
        SEDX_REQUIRE(const Device device, Device::Adopt(desc));
        SEDX_REQUIRE(const auto system, BufferSystem::Create({.device = device}));
        EXPECT_TRUE(Ok(IndexBuffer::Create(*system, std::span<const uint8_t>(indices), "bytes")));
    }
#else
    SEDX_SKIP("the Vulkan headers are of version 1.3");
#endif
}

TEST_F(AdoptTest, MissingFeatureIsNamedWithTheDevice)
{
    m_engine->features12.timelineSemaphore = VK_FALSE; // what the engine says it enabled
    const auto device = Adopt(m_engine->Describe());
    ASSERT_TRUE(FailsWith(device, ErrorCode::MissingFeature, "timelineSemaphore"));
    EXPECT_THAT(device.error().message, HasSubstr(m_engine->name));
    EXPECT_THAT(device.error().message, Not(HasSubstr("synchronization2")));
    EXPECT_THAT(device.error().message, Not(HasSubstr("bufferDeviceAddress")));
    ExpectUntouched();
}

TEST_F(AdoptTest, AllMissingFeaturesAreNamed)
{
    for (const FeatureStyle style : {FeatureStyle::Collective, FeatureStyle::Single})
    {
        const auto engine = EngineDevice::Make({.features = style});
        ASSERT_TRUE(engine);
        engine->features12.timelineSemaphore = engine->timeline.timelineSemaphore = VK_FALSE;
        engine->features12.bufferDeviceAddress = engine->address.bufferDeviceAddress = VK_FALSE;
        engine->features13.synchronization2 = engine->sync2.synchronization2 = VK_FALSE;
        const auto device = Device::Adopt(engine->Describe());
        ASSERT_TRUE(FailsWith(device, ErrorCode::MissingFeature, engine->name));
        for (const char* feature : {"timelineSemaphore", "bufferDeviceAddress", "synchronization2"})
            EXPECT_THAT(device.error().message, HasSubstr(feature));
    }
}

TEST_F(AdoptTest, ChainWithoutTheStructuresLacksTheFeatures)
{
    m_engine->features.pNext = nullptr;
    EXPECT_TRUE(FailsWith(Adopt(m_engine->Describe()), ErrorCode::MissingFeature, "timelineSemaphore"));
}

TEST_F(AdoptTest, EmptyHandlesAreErrors)
{
    const AdoptDesc good = m_engine->Describe();
    AdoptDesc desc = good;
    desc.instance = VK_NULL_HANDLE;
    EXPECT_TRUE(FailsWith(Adopt(desc), ErrorCode::InvalidArgument));
    desc = good;
    desc.physicalDevice = VK_NULL_HANDLE;
    EXPECT_TRUE(FailsWith(Adopt(desc), ErrorCode::InvalidArgument));
    desc = good;
    desc.device = VK_NULL_HANDLE;
    EXPECT_TRUE(FailsWith(Adopt(desc), ErrorCode::InvalidArgument));
    desc = good;
    desc.queues.clear();
    EXPECT_TRUE(FailsWith(Adopt(desc), ErrorCode::InvalidArgument));
    desc = good;
    desc.queues[0].queue = VK_NULL_HANDLE;
    EXPECT_TRUE(FailsWith(Adopt(desc), ErrorCode::InvalidArgument));
    desc = good;
    desc.getInstanceProcAddr = nullptr;
    EXPECT_FALSE(Adopt(desc)); // NoLoader or InvalidArgument: both say it
    ExpectUntouched();
}

TEST_F(AdoptTest, MoreQueuesThanAllowedIsAnError)
{
    AdoptDesc desc = m_engine->Describe();
    desc.queues.resize(kMaxQueues + 1, desc.queues[0]);
    const auto device = Adopt(desc);
    ASSERT_FALSE(device);
    EXPECT_THAT(device.error().message, HasSubstr(std::to_string(kMaxQueues)));
}

TEST_F(AdoptTest, EnabledExtensionsAreKnown)
{
    const char* wanted = VK_EXT_MEMORY_BUDGET_EXTENSION_NAME;
    {
        SEDX_REQUIRE(const Device device, Adopt(m_engine->Describe()));
        if (!HasDeviceExtension(device, wanted))
            SEDX_SKIP(std::string("the device lacks ") + wanted);
    }
    const auto engine = EngineDevice::Make({.extensions = {wanted}});
    ASSERT_TRUE(engine);
    SEDX_REQUIRE(const Device device, Device::Adopt(engine->Describe()));
    EXPECT_TRUE(device.IsExtensionEnabled(wanted));
    ExpectWorking(device); // with the exact budgets that it unlocks
}

TEST_F(AdoptTest, WithoutDebugUtilsNoNamesAreGiven)
{
    AdoptDesc desc = m_engine->Describe();
    desc.debugUtils = false;
    SEDX_REQUIRE(const Device device, Adopt(desc));
    ExpectWorking(device);
    EXPECT_TRUE(m_interceptor.ObjectNames().empty());
}

TEST_F(AdoptTest, SubmitCallbackGetsEverySubmission)
{
    std::atomic<uint32_t> calls{0};
    std::atomic<uint32_t> direct{0};
    m_interceptor.onSubmit = [&](VkQueue, std::span<const VkSubmitInfo2>) { ++direct; };
    AdoptDesc desc = m_engine->Describe();
    desc.queues[0].submit = [&](VkQueue queue, std::span<const VkSubmitInfo2> submits, VkFence fence) {
        EXPECT_EQ(queue, m_engine->queue);
        ++calls;
        return m_engine->functions.QueueSubmit2(queue, static_cast<uint32_t>(submits.size()), submits.data(), fence);
    };
    {
        SEDX_REQUIRE(const Device device, Adopt(desc));
        ExpectWorking(device);
    }
    EXPECT_GE(calls.load(), 2u); // the engine's copy and the read-back; the upload may be written in place
    EXPECT_EQ(direct.load(), 0u);
    ExpectUntouched();
}

TEST_F(AdoptTest, ErrorOfTheSubmitCallbackComesBack)
{
    AdoptDesc desc = m_engine->Describe();
    desc.queues[0].submit = [](VkQueue, std::span<const VkSubmitInfo2>, VkFence) {
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    };
    SEDX_REQUIRE(const Device device, Adopt(desc));
    const VkSubmitInfo2 submit{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
    EXPECT_TRUE(FailsWith(device.Submit(0, {&submit, 1}), ErrorCode::OutOfHostMemory));
}

TEST_F(AdoptTest, LockIsHeldAroundEverySubmissionAndBalanced)
{
    std::mutex queueMutex;
    std::atomic<bool> isLocked{false};
    std::atomic<uint32_t> locks{0}, unlocks{0}, submissions{0};
    AdoptDesc desc = m_engine->Describe();
    desc.queues[0].lock = [&] {
        queueMutex.lock();
        isLocked = true;
        ++locks;
    };
    desc.queues[0].unlock = [&] {
        ++unlocks;
        isLocked = false;
        queueMutex.unlock();
    };
    m_interceptor.onSubmit = [&](VkQueue, std::span<const VkSubmitInfo2>) {
        ++submissions;
        EXPECT_TRUE(isLocked.load());
    };
    {
        SEDX_REQUIRE(const Device device, Adopt(desc));
        ExpectWorking(device);
        // Unlocked after a failure, too.
        const VkSubmitInfo2 submit{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2};
        m_interceptor.FailFunction(Fn::QueueSubmit2, VK_ERROR_OUT_OF_DEVICE_MEMORY);
        EXPECT_FALSE(device.Submit(0, {&submit, 1}));
    }
    EXPECT_GE(submissions.load(), 2u);
    EXPECT_EQ(locks.load(), unlocks.load());
    EXPECT_GE(locks.load(), submissions.load());
    EXPECT_FALSE(isLocked.load());
}

// Contract 3 and 4: a frame of an adopted device polls and never blocks.
TEST_F(AdoptTest, BeginFrameNeverWaits)
{
    SEDX_REQUIRE(const Device device, Adopt(m_engine->Describe()));
    SEDX_REQUIRE(auto system, BufferSystem::Create({.device = device, .framesInFlight = 2, .checked = true}));
    TestCommands commands(device);
    SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(64, BufferUsage::Storage, MemoryType::GPU));
    HeldTimelines held(m_interceptor, HeldTimelines::OnWait::Release);
    const Bytes bytes = Pattern(1, 64);
    for (uint32_t i = 0; i < 20; ++i)
    {
        commands.UseInFrame(*system, buffer);
        ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, bytes)));
    }
    EXPECT_EQ(system->CompletedFrame(), 0u);
    EXPECT_EQ(held.Waits(), 0u);
    EXPECT_EQ(m_interceptor.Calls(Fn::WaitSemaphores), 0u);
    EXPECT_EQ(system->GetReport().Waits(WaitCause::Pacing).count, 0u);
    held.Release();
    commands.WaitIdle();
    system->Poll();
    EXPECT_EQ(system->CompletedFrame(), 20u);
}

TEST_F(AdoptTest, DeviceIsUsableAfterTheLibraryHasGone)
{
    for (int round = 0; round < 2; ++round)
    {
        SEDX_REQUIRE(const Device device, Adopt(m_engine->Describe()));
        ExpectWorking(device);
    }
    ExpectUntouched();
}
} // namespace
} // namespace sedx::test
