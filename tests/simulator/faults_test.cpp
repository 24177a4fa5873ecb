// The simulator's faults: calls that fail, a device that is lost; and how many simulators there may be.
#include "simulator/simulated_device.h"

#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::Each;

class SimulatedFaultsTest : public testing::Test
{
  protected:
    void SetUp() override { ASSERT_TRUE(m_own.Create(OwnLayout("discrete"))); }
    VkResult AllocateAndFree()
    {
        VkDeviceMemory memory = VK_NULL_HANDLE;
        const VkResult result = m_own.Allocate(0, 4096, memory);
        EXPECT_EQ(result == VK_SUCCESS, memory != VK_NULL_HANDLE);
        m_own.vk.FreeMemory(m_own.device, memory, nullptr);
        return result;
    }

    SimulatedDevice m_own;
};

TEST_F(SimulatedFaultsTest, TheNthCallFails)
{
    m_own.simulator->FailCall(3, VK_ERROR_OUT_OF_HOST_MEMORY);
    EXPECT_EQ(AllocateAndFree(), VK_SUCCESS);
    EXPECT_EQ(m_own.vk.QueueWaitIdle(m_own.Queue(0)), VK_SUCCESS);
    EXPECT_EQ(AllocateAndFree(), VK_ERROR_OUT_OF_HOST_MEMORY);
    EXPECT_EQ(AllocateAndFree(), VK_SUCCESS);
    EXPECT_EQ(m_own.simulator->Failures().Injected(), 1u);
    EXPECT_EQ(m_own.simulator->Failures().LastFailed(), "AllocateMemory");
    EXPECT_EQ(m_own.simulator->HeapUsage(1), 0u);
}

TEST_F(SimulatedFaultsTest, AChosenFunctionFails)
{
    m_own.simulator->FailFunction("AllocateMemory", VK_ERROR_OUT_OF_DEVICE_MEMORY, 2, 2);
    EXPECT_EQ(AllocateAndFree(), VK_SUCCESS);
    EXPECT_EQ(m_own.vk.DeviceWaitIdle(m_own.device), VK_SUCCESS); // others are not counted
    EXPECT_EQ(AllocateAndFree(), VK_ERROR_OUT_OF_DEVICE_MEMORY);
    EXPECT_EQ(AllocateAndFree(), VK_ERROR_OUT_OF_DEVICE_MEMORY);
    EXPECT_EQ(AllocateAndFree(), VK_SUCCESS);
}

TEST_F(SimulatedFaultsTest, WhatAFailingCallWouldHaveMadeIsNull)
{
    constexpr VkResult kFails = VK_ERROR_OUT_OF_HOST_MEMORY;
    m_own.simulator->Failures().FailCall(1, kFails, true);

    auto buffer = reinterpret_cast<VkBuffer>(uintptr_t{1});
    const VkBufferCreateInfo bufferInfo{.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
    EXPECT_EQ(m_own.vk.CreateBuffer(m_own.device, &bufferInfo, nullptr, &buffer), kFails);
    EXPECT_EQ(buffer, static_cast<VkBuffer>(VK_NULL_HANDLE));

    auto memory = reinterpret_cast<VkDeviceMemory>(uintptr_t{1});
    EXPECT_EQ(m_own.Allocate(0, 4096, memory), kFails);
    EXPECT_EQ(memory, static_cast<VkDeviceMemory>(VK_NULL_HANDLE));

    // And those that make several at once.
    std::vector commandBuffers(2, reinterpret_cast<VkCommandBuffer>(uintptr_t{1}));
    const VkCommandBufferAllocateInfo commandBufferInfo{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                                        .commandBufferCount = 2};
    EXPECT_EQ(m_own.vk.AllocateCommandBuffers(m_own.device, &commandBufferInfo, commandBuffers.data()), kFails);
    EXPECT_THAT(commandBuffers, Each(static_cast<VkCommandBuffer>(VK_NULL_HANDLE)));

    std::vector sets(2, reinterpret_cast<VkDescriptorSet>(uintptr_t{1}));
    const VkDescriptorSetAllocateInfo setInfo{.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                              .descriptorSetCount = 2};
    EXPECT_EQ(m_own.vk.AllocateDescriptorSets(m_own.device, &setInfo, sets.data()), kFails);
    EXPECT_THAT(sets, Each(static_cast<VkDescriptorSet>(VK_NULL_HANDLE)));

    std::vector pipelines(2, reinterpret_cast<VkPipeline>(uintptr_t{1}));
    EXPECT_EQ(m_own.vk.CreateComputePipelines(m_own.device, VK_NULL_HANDLE, 2, nullptr, nullptr, pipelines.data()),
              kFails);
    EXPECT_THAT(pipelines, Each(static_cast<VkPipeline>(VK_NULL_HANDLE)));
    m_own.simulator->Failures().StopFailing();
}

TEST_F(SimulatedFaultsTest, ALostDeviceStaysLost)
{
    const VkSemaphore timeline = m_own.MakeTimeline();
    EXPECT_EQ(m_own.Submit(m_own.Queue(0), VK_NULL_HANDLE, VK_NULL_HANDLE, 0, timeline, 1), VK_SUCCESS);
    m_own.simulator->LoseDevice();
    EXPECT_TRUE(m_own.simulator->Failures().IsLost());
    EXPECT_EQ(m_own.Submit(m_own.Queue(0), VK_NULL_HANDLE, VK_NULL_HANDLE, 0, timeline, 2), VK_ERROR_DEVICE_LOST);
    EXPECT_EQ(m_own.vk.QueueWaitIdle(m_own.Queue(0)), VK_ERROR_DEVICE_LOST);
    EXPECT_EQ(m_own.vk.DeviceWaitIdle(m_own.device), VK_ERROR_DEVICE_LOST);
    uint64_t value = 0;
    EXPECT_EQ(m_own.vk.GetSemaphoreCounterValue(m_own.device, timeline, &value), VK_ERROR_DEVICE_LOST);
    EXPECT_EQ(AllocateAndFree(), VK_SUCCESS); // can't tell
}

// On every device of the simulator, also when the newest one is gone.
TEST_F(SimulatedFaultsTest, WhatWasSubmittedEndsBeforeTheLoss)
{
    constexpr uint64_t kBytes = uint64_t{64} << 20;
    const float priority = 1.0f;
    const VkDeviceQueueCreateInfo queue{
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
    const VkDeviceCreateInfo info{
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .queueCreateInfoCount = 1, .pQueueCreateInfos = &queue};
    VkDevice newest = VK_NULL_HANDLE;
    ASSERT_EQ(m_own.vk.CreateDevice(m_own.physicalDevice, &info, nullptr, &newest), VK_SUCCESS);
    m_own.vk.DestroyDevice(newest, nullptr);

    const SimulatedDevice::Memory memory = m_own.MakeBuffer(2, kBytes); // mapped and coherent
    const std::byte* bytes = m_own.Map(memory);
    const VkCommandBuffer cmd = m_own.Begin(0);
    m_own.vk.CmdFillBuffer(cmd, memory.buffer, 0, VK_WHOLE_SIZE, 0x07070707);
    m_own.Barrier(cmd);
    EXPECT_EQ(m_own.Submit(m_own.Queue(0), cmd, VK_NULL_HANDLE, 0, VK_NULL_HANDLE, 0), VK_SUCCESS);
    m_own.simulator->LoseDevice();
    EXPECT_EQ(bytes[kBytes - 1], std::byte{7});
}

TEST_F(SimulatedFaultsTest, AnInjectedLossLosesTheDevice)
{
    m_own.simulator->FailFunction("QueueSubmit2", VK_ERROR_DEVICE_LOST);
    EXPECT_EQ(m_own.vk.DeviceWaitIdle(m_own.device), VK_SUCCESS);
    EXPECT_EQ(m_own.Submit(m_own.Queue(0), VK_NULL_HANDLE, VK_NULL_HANDLE, 0, VK_NULL_HANDLE, 0), VK_ERROR_DEVICE_LOST);
    EXPECT_EQ(m_own.vk.DeviceWaitIdle(m_own.device), VK_ERROR_DEVICE_LOST);
}

TEST(DeviceSimulatorTest, SoManyAtOnceAndNoMore)
{
    std::vector<std::unique_ptr<simulator::DeviceSimulator>> all;
    for (;;)
    {
        auto made = simulator::DeviceSimulator::Create(OwnLayout("unified"));
        if (!made)
        {
            EXPECT_EQ(made.error().code, ErrorCode::LimitExceeded);
            EXPECT_NE(made.error().message.find("64"), std::string::npos) << made.error().message;
            break;
        }
        all.push_back(std::move(*made));
        ASSERT_LE(all.size(), simulator::DeviceSimulator::kMaxSimulators);
    }
    all.pop_back();
    EXPECT_TRUE(simulator::DeviceSimulator::Create(OwnLayout("unified"))); // a place is free again
}

TEST(DeviceSimulatorTest, EachPresentsItsOwnDevice)
{
    SimulatedDevice first;
    SimulatedDevice second;
    ASSERT_TRUE(first.Create(OwnLayout("unified")));
    ASSERT_TRUE(second.Create(OwnLayout("card_2gib")));
    VkPhysicalDeviceProperties ofFirst{};
    VkPhysicalDeviceProperties ofSecond{};
    first.vk.GetPhysicalDeviceProperties(first.physicalDevice, &ofFirst);
    second.vk.GetPhysicalDeviceProperties(second.physicalDevice, &ofSecond);
    EXPECT_EQ(ofFirst.deviceType, VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU);
    EXPECT_EQ(ofSecond.deviceType, VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU);
    first.simulator->LoseDevice();
    EXPECT_EQ(second.vk.DeviceWaitIdle(second.device), VK_SUCCESS);
}
} // namespace
} // namespace sedx::test
