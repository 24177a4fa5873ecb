#include "support/test_commands.h"

#include <gtest/gtest.h>

namespace sedx::test
{
TestCommands::TestCommands(const Device& device, uint32_t queue)
    : m_device(device), m_queue(queue), m_functions(RawFunctions::Load(device))
{
    const VkCommandPoolCreateInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                       .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
                                       .queueFamilyIndex = device.Queues()[queue].family};
    EXPECT_EQ(m_functions.CreateCommandPool(device.Handle(), &info, nullptr, &m_pool), VK_SUCCESS);
}

TestCommands::~TestCommands()
{
    WaitIdle();
    m_functions.DestroyCommandPool(m_device.Handle(), m_pool, nullptr);
}

VkCommandBuffer TestCommands::Begin()
{
    const VkCommandBufferAllocateInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                           .commandPool = m_pool,
                                           .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                           .commandBufferCount = 1};
    VkCommandBuffer cmd = VK_NULL_HANDLE;
    EXPECT_EQ(m_functions.AllocateCommandBuffers(m_device.Handle(), &info, &cmd), VK_SUCCESS);
    const VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                         .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    EXPECT_EQ(m_functions.BeginCommandBuffer(cmd, &begin), VK_SUCCESS);
    return cmd;
}

void TestCommands::Submit(VkCommandBuffer cmd, std::span<const VkSemaphoreSubmitInfo> waits,
                          std::span<const VkSemaphoreSubmitInfo> signals)
{
    EXPECT_EQ(m_functions.EndCommandBuffer(cmd), VK_SUCCESS);
    const VkCommandBufferSubmitInfo commandBuffer{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
                                                  .commandBuffer = cmd};
    const VkSubmitInfo2 submit{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
                               .waitSemaphoreInfoCount = static_cast<uint32_t>(waits.size()),
                               .pWaitSemaphoreInfos = waits.data(),
                               .commandBufferInfoCount = 1,
                               .pCommandBufferInfos = &commandBuffer,
                               .signalSemaphoreInfoCount = static_cast<uint32_t>(signals.size()),
                               .pSignalSemaphoreInfos = signals.data()};
    const auto result = m_device.Submit(m_queue, {&submit, 1});
    EXPECT_TRUE(result) << result.error().message;
}

SubmitSync TestCommands::Submit(VkCommandBuffer cmd, const Frame& frame,
                                std::span<const VkSemaphoreSubmitInfo> extraWaits)
{
    const Result<SubmitSync> sync = frame.SubmitSync(m_queue);
    if (!sync)
    {
        ADD_FAILURE() << sync.error().message;
        return {};
    }
    std::vector<VkSemaphoreSubmitInfo> waits(sync->Waits().begin(), sync->Waits().end());
    waits.insert(waits.end(), extraWaits.begin(), extraWaits.end());
    Submit(cmd, waits, sync->Signals());
    return *sync;
}

Frame TestCommands::RunFrame(BufferSystem& system, const Record& record,
                             std::span<const VkSemaphoreSubmitInfo> extraWaits)
{
    const Result<Frame> frame = system.BeginFrame();
    if (!frame)
    {
        ADD_FAILURE() << frame.error().message;
        return {};
    }
    VkCommandBuffer cmd = Begin();
    record(*frame, cmd);
    Submit(cmd, *frame, extraWaits);
    const Result<void> ended = system.EndFrame(*frame);
    EXPECT_TRUE(ended) << ended.error().message;
    return *frame;
}

Frame TestCommands::UseInFrame(BufferSystem& system, const Buffer& buffer,
                               std::span<const VkSemaphoreSubmitInfo> extraWaits)
{
    return RunFrame(
        system, [&](const Frame& frame, VkCommandBuffer) { EXPECT_TRUE(frame.Resolve(buffer)); }, extraWaits);
}

void TestCommands::WaitIdle() { m_functions.DeviceWaitIdle(m_device.Handle()); }

void TestCommands::Barrier(VkCommandBuffer cmd) const
{
    const VkMemoryBarrier2 barrier{.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
                                   .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                                   .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT | VK_ACCESS_2_MEMORY_READ_BIT,
                                   .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_2_HOST_BIT,
                                   .dstAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT | VK_ACCESS_2_MEMORY_READ_BIT};
    const VkDependencyInfo info{
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO, .memoryBarrierCount = 1, .pMemoryBarriers = &barrier};
    m_functions.CmdPipelineBarrier2(cmd, &info);
}

void TestCommands::Copy(VkCommandBuffer cmd, VkBuffer source, uint64_t sourceOffset, VkBuffer destination,
                        uint64_t destinationOffset, uint64_t bytes) const
{
    const VkBufferCopy region{sourceOffset, destinationOffset, bytes};
    m_functions.CmdCopyBuffer(cmd, source, destination, 1, &region);
}

// ---- Gate ----------------------------------------------------------------------------------------------------------
Gate::Gate(const Device& device) : m_device(device.Handle()), m_functions(RawFunctions::Load(device))
{
    const VkSemaphoreTypeCreateInfo type{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                         .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
    const VkSemaphoreCreateInfo info{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
    VkSemaphore semaphore = VK_NULL_HANDLE;
    EXPECT_EQ(m_functions.CreateSemaphore(m_device, &info, nullptr, &semaphore), VK_SUCCESS);
    m_wait = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
              .semaphore = semaphore,
              .value = 1,
              .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
}

Gate::~Gate()
{
    Open();
    m_functions.DeviceWaitIdle(m_device);
    m_functions.DestroySemaphore(m_device, m_wait.semaphore, nullptr);
}

void Gate::Open()
{
    if (m_isOpen)
        return;
    m_isOpen = true;
    const VkSemaphoreSignalInfo info{
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO, .semaphore = m_wait.semaphore, .value = 1};
    EXPECT_EQ(m_functions.SignalSemaphore(m_device, &info), VK_SUCCESS);
}

// ---- TestImage -----------------------------------------------------------------------------------------------------
TestImage::TestImage(const Device& device, const Desc& desc)
    : m_device(device.Handle()), m_functions(RawFunctions::Load(device)), m_desc(desc)
{
    const VkImageCreateInfo info{
        .sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
        .imageType = desc.type,
        .format = desc.format,
        .extent = desc.extent,
        .mipLevels = desc.mips,
        .arrayLayers = desc.layers,
        .samples = VK_SAMPLE_COUNT_1_BIT,
        .tiling = VK_IMAGE_TILING_OPTIMAL,
        .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT | VK_IMAGE_USAGE_SAMPLED_BIT,
    };
    EXPECT_EQ(m_functions.CreateImage(m_device, &info, nullptr, &m_image), VK_SUCCESS);
    VkMemoryRequirements requirements{};
    m_functions.GetImageMemoryRequirements(m_device, m_image, &requirements);
    // Real memory types: the library may be shown others.
    uint32_t type = 0;
    while ((requirements.memoryTypeBits & (1u << type)) == 0)
        ++type;
    const VkMemoryAllocateInfo allocate{
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = requirements.size, .memoryTypeIndex = type};
    EXPECT_EQ(m_functions.AllocateMemory(m_device, &allocate, nullptr, &m_memory), VK_SUCCESS);
    EXPECT_EQ(m_functions.BindImageMemory(m_device, m_image, m_memory, 0), VK_SUCCESS);
}

TestImage::~TestImage()
{
    m_functions.DeviceWaitIdle(m_device);
    m_functions.DestroyImage(m_device, m_image, nullptr);
    m_functions.FreeMemory(m_device, m_memory, nullptr);
}

ImageTarget TestImage::Target(VkImageLayout oldLayout) const
{
    return {.image = m_image,
            .format = m_desc.format,
            .extent = m_desc.extent,
            .oldLayout = oldLayout,
            .newLayout = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL,
            .range = {VK_IMAGE_ASPECT_COLOR_BIT, 0, m_desc.mips, 0, m_desc.layers}};
}
} // namespace sedx::test
