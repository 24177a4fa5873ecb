// The simulator's queue families: they share the real queue without deadlock, and have no more abilities than they say.
#include "simulator/simulated_device.h"

#include <cstring>
#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// SPIR-V of: #version 450
//            void main() {}
constexpr uint32_t kEmptyComputeShader[] = {
    0x07230203,    0x00010000, 0,  6,          0,    // header: version 1.0, ids below 6
    2 << 16 | 17,  1,                                // OpCapability Shader
    3 << 16 | 14,  0,          1,                    // OpMemoryModel Logical GLSL450
    5 << 16 | 15,  5,          4,  0x6e69616d, 0,    // OpEntryPoint GLCompute %4 "main"
    6 << 16 | 16,  4,          17, 1,          1, 1, // OpExecutionMode %4 LocalSize 1 1 1
    2 << 16 | 19,  2,                                // %2 = OpTypeVoid
    3 << 16 | 33,  3,          2,                    // %3 = OpTypeFunction %2
    5 << 16 | 54,  2,          4,  0,          3,    // %4 = OpFunction %2 None %3
    2 << 16 | 248, 5,                                // %5 = OpLabel
    1 << 16 | 253,                                   // OpReturn
    1 << 16 | 56,                                    // OpFunctionEnd
};

class SimulatedQueuesTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        simulator::DeviceLayout layout = OwnLayout("three_queues");
        layout.queues = {.compute = 2, .transfer = 1, .transferGranularity = {4, 4, 1}};
        ASSERT_TRUE(m_own.Create(layout, {.patience = std::chrono::milliseconds(50)}));
        m_compute = m_own.Family(VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT);
        m_transfer = m_own.Family(VK_QUEUE_TRANSFER_BIT);
    }
    std::vector<std::string> Found() { return m_own.simulator->TakeViolations(); }

    SimulatedDevice m_own;
    uint32_t m_compute = 0;
    uint32_t m_transfer = 0;
};

TEST_F(SimulatedQueuesTest, FamiliesAreAddedAfterTheRealOnes)
{
    SimulatedDevice plain; // its families are the real ones, however many there are
    ASSERT_TRUE(plain.Create(OwnLayout("unified")));
    const size_t real = plain.families.size();
    ASSERT_EQ(m_own.families.size(), real + 2);
    for (size_t i = 0; i < real; ++i)
        EXPECT_EQ(m_own.families[i].queueFlags, plain.families[i].queueFlags) << "family " << i;
    EXPECT_EQ(m_compute, real);
    EXPECT_EQ(m_transfer, real + 1);
    EXPECT_EQ(m_own.families[m_compute].queueCount, 2u);
    EXPECT_EQ(m_own.families[m_transfer].queueCount, 1u);
    const VkQueue first = m_own.Queue(m_compute, 0);
    const VkQueue second = m_own.Queue(m_compute, 1);
    EXPECT_NE(first, VK_NULL_HANDLE);
    EXPECT_NE(first, second);
    EXPECT_NE(first, m_own.Queue(m_transfer));
    EXPECT_EQ(first, m_own.Queue(m_compute, 0));
}

TEST_F(SimulatedQueuesTest, ASubmissionIsHeldBackUntilItsWaitHasASubmittedSignal)
{
    const VkSemaphore timeline = m_own.MakeTimeline();
    const SimulatedDevice::Memory memory = m_own.MakeBuffer(1, 256, VK_SHARING_MODE_CONCURRENT);
    const std::byte* data = m_own.Map(memory);
    const auto fill = [&](uint32_t family, uint32_t value) {
        const VkCommandBuffer cmd = m_own.Begin(family);
        m_own.Barrier(cmd);
        m_own.vk.CmdFillBuffer(cmd, memory.buffer, 0, VK_WHOLE_SIZE, value);
        m_own.Barrier(cmd);
        return cmd;
    };
    // The last one first.
    EXPECT_EQ(m_own.Submit(m_own.Queue(0), fill(0, 3), timeline, 2, timeline, 3), VK_SUCCESS);
    EXPECT_EQ(m_own.Submit(m_own.Queue(m_compute), fill(m_compute, 2), timeline, 1, timeline, 2), VK_SUCCESS);
    EXPECT_EQ(m_own.simulator->HeldSubmissions(), 2u);
    EXPECT_EQ(m_own.Submit(m_own.Queue(m_transfer), fill(m_transfer, 1), VK_NULL_HANDLE, 0, timeline, 1), VK_SUCCESS);
    EXPECT_EQ(m_own.simulator->HeldSubmissions(), 0u);
    EXPECT_EQ(m_own.vk.DeviceWaitIdle(m_own.device), VK_SUCCESS);
    uint32_t value = 0;
    std::memcpy(&value, data, sizeof(value));
    EXPECT_EQ(value, 3u);
}

TEST_F(SimulatedQueuesTest, ASignalOfTheCpuLetsGo)
{
    const VkSemaphore timeline = m_own.MakeTimeline();
    EXPECT_EQ(m_own.Submit(m_own.Queue(m_transfer), VK_NULL_HANDLE, timeline, 1, timeline, 2), VK_SUCCESS);
    EXPECT_EQ(m_own.Submit(m_own.Queue(0), VK_NULL_HANDLE, VK_NULL_HANDLE, 0, VK_NULL_HANDLE, 0), VK_SUCCESS);
    EXPECT_EQ(m_own.simulator->HeldSubmissions(), 1u);
    const VkSemaphoreSignalInfo signal{
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = timeline, .value = 1};
    EXPECT_EQ(m_own.vk.SignalSemaphore(m_own.device, &signal), VK_SUCCESS);
    EXPECT_EQ(m_own.simulator->HeldSubmissions(), 0u);
    EXPECT_EQ(m_own.vk.QueueWaitIdle(m_own.Queue(m_transfer)), VK_SUCCESS);
    uint64_t value = 0;
    EXPECT_EQ(m_own.vk.GetSemaphoreCounterValue(m_own.device, timeline, &value), VK_SUCCESS);
    EXPECT_EQ(value, 2u);
}

TEST_F(SimulatedQueuesTest, ADeadlockIsReported)
{
    const VkSemaphore timeline = m_own.MakeTimeline();
    EXPECT_EQ(m_own.Submit(m_own.Queue(m_transfer), VK_NULL_HANDLE, timeline, 5, timeline, 6), VK_SUCCESS);
    EXPECT_EQ(m_own.vk.QueueWaitIdle(m_own.Queue(0)), VK_SUCCESS); // another queue
    EXPECT_EQ(m_own.vk.QueueWaitIdle(m_own.Queue(m_transfer)), VK_ERROR_DEVICE_LOST);
    EXPECT_THAT(Found(), ElementsAre(HasSubstr("deadlock")));
    EXPECT_EQ(m_own.Submit(m_own.Queue(m_compute), VK_NULL_HANDLE, VK_NULL_HANDLE, 0, timeline, 5), VK_SUCCESS);
    EXPECT_EQ(m_own.vk.QueueWaitIdle(m_own.Queue(m_transfer)), VK_SUCCESS);
}

TEST_F(SimulatedQueuesTest, WhatIsStillHeldBackIsReportedWhenTheDeviceGoes)
{
    const VkSemaphore timeline = m_own.MakeTimeline();
    EXPECT_EQ(m_own.Submit(m_own.Queue(m_transfer), VK_NULL_HANDLE, timeline, 5, timeline, 6), VK_SUCCESS);
    m_own.DestroyDevice(); // when it is idle, which it never is
    EXPECT_THAT(Found(), ElementsAre(HasSubstr("deadlock"), HasSubstr("still wait for a signal")));
}

TEST_F(SimulatedQueuesTest, ALostDeviceNeverRunsWhatIsHeldBack)
{
    const VkSemaphore timeline = m_own.MakeTimeline();
    EXPECT_EQ(m_own.Submit(m_own.Queue(m_transfer), VK_NULL_HANDLE, timeline, 5, timeline, 6), VK_SUCCESS);
    m_own.simulator->LoseDevice();
    const VkSemaphoreSignalInfo signal{
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = timeline, .value = 5};
    EXPECT_EQ(m_own.vk.SignalSemaphore(m_own.device, &signal), VK_SUCCESS); // can't tell
    EXPECT_EQ(m_own.simulator->HeldSubmissions(), 1u);
    m_own.DestroyDevice();
    EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(SimulatedQueuesTest, AFamilyRunsThePipelinesOfItsFlagsOnly)
{
    const VkShaderModuleCreateInfo moduleInfo{.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                              .codeSize = sizeof(kEmptyComputeShader),
                                              .pCode = kEmptyComputeShader};
    VkShaderModule module = VK_NULL_HANDLE;
    ASSERT_EQ(m_own.vk.CreateShaderModule(m_own.device, &moduleInfo, nullptr, &module), VK_SUCCESS);
    const VkPipelineLayoutCreateInfo layoutInfo{.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
    VkPipelineLayout layout = VK_NULL_HANDLE;
    ASSERT_EQ(m_own.vk.CreatePipelineLayout(m_own.device, &layoutInfo, nullptr, &layout), VK_SUCCESS);
    const VkComputePipelineCreateInfo info{.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
                                           .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                                                     .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                                                     .module = module,
                                                     .pName = "main"},
                                           .layout = layout};
    VkPipeline pipeline = VK_NULL_HANDLE;
    ASSERT_EQ(m_own.vk.CreateComputePipelines(m_own.device, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline), VK_SUCCESS);

    for (const uint32_t family : {m_own.BaseFamily(), m_compute})
        m_own.vk.CmdBindPipeline(m_own.Begin(family), VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
    EXPECT_THAT(Found(), IsEmpty());
    m_own.vk.CmdBindPipeline(m_own.Begin(m_transfer), VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
    EXPECT_THAT(Found(),
                ElementsAre("vkCmdBindPipeline on family " + std::to_string(m_transfer) + ", which cannot dispatch"));
    m_own.vk.DestroyPipeline(m_own.device, pipeline, nullptr);
    m_own.vk.DestroyPipelineLayout(m_own.device, layout, nullptr);
    m_own.vk.DestroyShaderModule(m_own.device, module, nullptr);
}

TEST_F(SimulatedQueuesTest, AFamilyHasTheStagesOfItsFlagsOnly)
{
    const VkCommandBuffer cmd = m_own.Begin(m_transfer);
    VkMemoryBarrier2 barrier{.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
                             .srcStageMask = VK_PIPELINE_STAGE_2_COPY_BIT,
                             .srcAccessMask = VK_ACCESS_2_TRANSFER_WRITE_BIT,
                             .dstStageMask = VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT,
                             .dstAccessMask = VK_ACCESS_2_TRANSFER_READ_BIT};
    const VkDependencyInfo info{
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO, .memoryBarrierCount = 1, .pMemoryBarriers = &barrier};
    m_own.vk.CmdPipelineBarrier2(cmd, &info);
    EXPECT_THAT(Found(), IsEmpty());
    barrier.dstStageMask = VK_PIPELINE_STAGE_2_FRAGMENT_SHADER_BIT;
    barrier.dstAccessMask = VK_ACCESS_2_SHADER_READ_BIT;
    m_own.vk.CmdPipelineBarrier2(cmd, &info);
    EXPECT_THAT(Found(), ElementsAre(HasSubstr("vkCmdPipelineBarrier2 on family " + std::to_string(m_transfer))));
    EXPECT_EQ(m_own.vk.EndCommandBuffer(cmd), VK_SUCCESS);
}
} // namespace
} // namespace sedx::test
