// The simulator's check of queue family ownership: each release has its acquire, and no family uses a range that belongs
// to another one. The wrong uses are seeded here; the layers below see one family and say nothing.
#include "simulator/simulated_device.h"

#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint64_t kBytes = 4096;

class SimulatedOwnershipTest : public testing::Test
{
  protected:
    void SetUp() override { Make({}); }
    void Make(const simulator::SimulatorOptions& options, SimulatedDevice::Queues queues = SimulatedDevice::Queues::All)
    {
        m_own = std::make_unique<SimulatedDevice>();
        simulator::DeviceLayout layout = OwnLayout("three_queues");
        layout.queues.transferGranularity = {8, 8, 1};
        ASSERT_TRUE(m_own->Create(layout, options, queues));
        m_graphics = m_own->BaseFamily();
        m_compute = m_own->Family(VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT);
        m_transfer = m_own->Family(VK_QUEUE_TRANSFER_BIT);
        m_timeline = m_own->MakeTimeline();
        m_value = 0;
    }
    VkBuffer MakeBuffer(VkSharingMode sharing = VK_SHARING_MODE_EXCLUSIVE)
    {
        return m_own->MakeBuffer(0, kBytes, sharing).buffer;
    }

    // What `record` records is submitted to the first queue of a family, after everything before.
    template <class Record>
    void Run(uint32_t family, Record record)
    {
        const VkCommandBuffer cmd = m_own->Begin(family);
        m_own->Barrier(cmd);
        record(cmd);
        m_own->Barrier(cmd);
        EXPECT_EQ(m_own->Submit(m_own->Queue(family), cmd, m_timeline, m_value, m_timeline, m_value + 1), VK_SUCCESS);
        ++m_value;
    }
    void Fill(uint32_t family, VkBuffer buffer, uint64_t offset = 0, uint64_t bytes = VK_WHOLE_SIZE)
    {
        Run(family, [&](VkCommandBuffer cmd) { m_own->vk.CmdFillBuffer(cmd, buffer, offset, bytes, 7); });
    }
    void Read(uint32_t family, VkBuffer buffer, uint64_t offset = 0, uint64_t bytes = kBytes)
    {
        const VkBuffer target = MakeBuffer();
        Run(family, [&](VkCommandBuffer cmd) {
            const VkBufferCopy region{.srcOffset = offset, .size = bytes};
            m_own->vk.CmdCopyBuffer(cmd, buffer, target, 1, &region);
        });
    }
    // A release or an acquire, depending on the family that it runs on.
    void Transfer(uint32_t on, VkBuffer buffer, uint32_t from, uint32_t to, uint64_t offset = 0,
                  uint64_t bytes = VK_WHOLE_SIZE)
    {
        Run(on, [&](VkCommandBuffer cmd) { RecordTransfer(cmd, buffer, from, to, offset, bytes); });
    }
    void RecordTransfer(VkCommandBuffer cmd, VkBuffer buffer, uint32_t from, uint32_t to, uint64_t offset = 0,
                        uint64_t bytes = VK_WHOLE_SIZE)
    {
        const VkBufferMemoryBarrier2 barrier{.sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER_2,
                                             .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                                             .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
                                             .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                                             .dstAccessMask =
                                                 VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
                                             .srcQueueFamilyIndex = from,
                                             .dstQueueFamilyIndex = to,
                                             .buffer = buffer,
                                             .offset = offset,
                                             .size = bytes};
        const VkDependencyInfo info{.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
                                    .bufferMemoryBarrierCount = 1,
                                    .pBufferMemoryBarriers = &barrier};
        m_own->vk.CmdPipelineBarrier2(cmd, &info);
    }
    std::vector<std::string> Found() { return m_own->simulator->TakeViolations(); }
    static std::string On(uint32_t family) { return "on family " + std::to_string(family); }
    static std::string Family(uint32_t family) { return "family " + std::to_string(family); }

    std::unique_ptr<SimulatedDevice> m_own;
    uint32_t m_graphics = 0; // real; the others are simulated
    uint32_t m_compute = 0;
    uint32_t m_transfer = 0;
    VkSemaphore m_timeline = VK_NULL_HANDLE;
    uint64_t m_value = 0;
};

TEST_F(SimulatedOwnershipTest, AReleaseWithItsAcquireIsSilent)
{
    const VkBuffer buffer = MakeBuffer();
    Fill(m_transfer, buffer);
    Transfer(m_transfer, buffer, m_transfer, m_graphics);
    Transfer(m_graphics, buffer, m_transfer, m_graphics);
    Read(m_graphics, buffer);
    Transfer(m_graphics, buffer, m_graphics, m_compute);
    Transfer(m_compute, buffer, m_graphics, m_compute);
    Read(m_compute, buffer);
    EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(SimulatedOwnershipTest, ConcurrentSharingIsSilent)
{
    const VkBuffer buffer = MakeBuffer(VK_SHARING_MODE_CONCURRENT);
    Fill(m_transfer, buffer);
    for (const uint32_t family : {m_graphics, m_compute, m_transfer})
        Read(family, buffer);
    EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(SimulatedOwnershipTest, FirstUseAndOverwritingNeedNoTransfer)
{
    const VkBuffer buffer = MakeBuffer();
    Fill(m_graphics, buffer);
    Fill(m_transfer, buffer);
    Read(m_transfer, buffer);
    EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(SimulatedOwnershipTest, OverwritingIsReportedOnRequest)
{
    Make({.reportOverwrites = true});
    const VkBuffer buffer = MakeBuffer();
    Fill(m_graphics, buffer);
    Fill(m_transfer, buffer);
    EXPECT_THAT(Found(), ElementsAre(AllOf(HasSubstr("vkCmdFillBuffer " + On(m_transfer)),
                                           HasSubstr("belong to " + Family(m_graphics)))));
}

TEST_F(SimulatedOwnershipTest, UseByAnotherFamily)
{
    const VkBuffer buffer = MakeBuffer();
    const VkDebugUtilsObjectNameInfoEXT name{.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
                                             .objectType = VK_OBJECT_TYPE_BUFFER,
                                             .objectHandle = reinterpret_cast<uint64_t>(buffer),
                                             .pObjectName = "vertices"};
    m_own->vk.SetDebugUtilsObjectNameEXT(m_own->device, &name);
    Fill(m_transfer, buffer);
    Read(m_graphics, buffer, 0, 256);
    EXPECT_THAT(Found(), ElementsAre(AllOf(HasSubstr("vkCmdCopyBuffer " + On(m_graphics)),
                                           HasSubstr("bytes 0 to 255 of buffer 'vertices'"),
                                           HasSubstr("belong to " + Family(m_transfer)))));
    Read(m_graphics, buffer, 0, 256); // reported once
    EXPECT_THAT(Found(), IsEmpty());
    Read(m_graphics, buffer, 256, 256);
    EXPECT_EQ(Found().size(), 1u);
}

TEST_F(SimulatedOwnershipTest, OnlyTheRangeThatWasTransferredChangesHands)
{
    const VkBuffer buffer = MakeBuffer();
    Fill(m_transfer, buffer);
    Transfer(m_transfer, buffer, m_transfer, m_graphics, 1024, 1024);
    Transfer(m_graphics, buffer, m_transfer, m_graphics, 1024, 1024);
    Read(m_graphics, buffer, 1024, 1024);
    Read(m_transfer, buffer, 0, 1024);
    Read(m_transfer, buffer, 2048, 2048);
    EXPECT_THAT(Found(), IsEmpty());
    Read(m_graphics, buffer, 1024, 1025);
    EXPECT_EQ(Found().size(), 1u);
}

TEST_F(SimulatedOwnershipTest, AReleaseWithoutAcquireIsReportedAtTheNextUse)
{
    const VkBuffer buffer = MakeBuffer();
    Fill(m_transfer, buffer);
    Transfer(m_transfer, buffer, m_transfer, m_graphics);
    Read(m_graphics, buffer);
    EXPECT_THAT(Found(), ElementsAre(AllOf(HasSubstr(On(m_graphics)), HasSubstr("released by " + Family(m_transfer)),
                                           HasSubstr("which has not acquired them"))));
}

TEST_F(SimulatedOwnershipTest, AReleaseWithoutAcquireIsReportedWhenTheBufferGoes)
{
    const VkBuffer buffer = MakeBuffer();
    Fill(m_transfer, buffer);
    Transfer(m_transfer, buffer, m_transfer, m_graphics);
    EXPECT_THAT(Found(), IsEmpty());
    m_own->vk.DeviceWaitIdle(m_own->device);
    m_own->DestroyBuffers();
    EXPECT_THAT(Found(), ElementsAre(AllOf(HasSubstr(Family(m_transfer) + " released"), HasSubstr("never acquired"))));
}

TEST_F(SimulatedOwnershipTest, TheOldOwnerDoesNotUseWhatItReleased)
{
    const VkBuffer buffer = MakeBuffer();
    Fill(m_transfer, buffer);
    Transfer(m_transfer, buffer, m_transfer, m_graphics);
    Read(m_transfer, buffer);
    EXPECT_THAT(Found(), ElementsAre(HasSubstr("has not acquired them")));
}

TEST_F(SimulatedOwnershipTest, AnAcquireWithoutRelease)
{
    const VkBuffer buffer = MakeBuffer();
    Fill(m_transfer, buffer);
    Transfer(m_graphics, buffer, m_transfer, m_graphics);
    EXPECT_THAT(Found(), ElementsAre(AllOf(HasSubstr("vkCmdPipelineBarrier2 " + On(m_graphics)),
                                           HasSubstr("which has not released them"))));
    Read(m_graphics, buffer);
    EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(SimulatedOwnershipTest, AnAcquireThatDoesNotFit)
{
    const VkBuffer buffer = MakeBuffer();
    Fill(m_transfer, buffer);
    Transfer(m_transfer, buffer, m_transfer, m_graphics);
    Transfer(m_compute, buffer, m_transfer, m_compute);
    EXPECT_THAT(Found(), ElementsAre(HasSubstr("to " + Family(m_graphics))));
    Transfer(m_compute, buffer, m_compute, m_graphics);
    Transfer(m_graphics, buffer, m_compute, m_graphics, 0, 1024); // a part only
    Read(m_graphics, buffer);
    EXPECT_THAT(Found(), ElementsAre(HasSubstr("has not acquired them")));
}

TEST_F(SimulatedOwnershipTest, ATransferByNeitherFamily)
{
    const VkBuffer buffer = MakeBuffer();
    Transfer(m_compute, buffer, m_transfer, m_graphics);
    EXPECT_THAT(Found(), ElementsAre(HasSubstr("it is neither of them")));
}

TEST_F(SimulatedOwnershipTest, AReleaseOfWhatBelongsToAnother)
{
    const VkBuffer buffer = MakeBuffer();
    Fill(m_compute, buffer);
    Transfer(m_transfer, buffer, m_transfer, m_graphics);
    EXPECT_THAT(Found(), ElementsAre(HasSubstr("but belong to " + Family(m_compute))));
    Transfer(m_transfer, buffer, m_transfer, m_graphics);
    EXPECT_THAT(Found(), ElementsAre(HasSubstr("before")));
    Transfer(m_graphics, buffer, m_transfer, m_graphics);
}

TEST_F(SimulatedOwnershipTest, TheOrderIsThatOfExecution)
{
    // The acquire is submitted first, and held back until the release signals.
    const VkBuffer buffer = MakeBuffer();
    const VkSemaphore released = m_own->MakeTimeline();
    const VkCommandBuffer acquire = m_own->Begin(m_graphics);
    RecordTransfer(acquire, buffer, m_transfer, m_graphics);
    EXPECT_EQ(m_own->Submit(m_own->Queue(m_graphics), acquire, released, 1, VK_NULL_HANDLE, 0), VK_SUCCESS);
    const VkCommandBuffer release = m_own->Begin(m_transfer);
    m_own->vk.CmdFillBuffer(release, buffer, 0, VK_WHOLE_SIZE, 1);
    RecordTransfer(release, buffer, m_transfer, m_graphics);
    EXPECT_EQ(m_own->Submit(m_own->Queue(m_transfer), release, VK_NULL_HANDLE, 0, released, 1), VK_SUCCESS);
    EXPECT_THAT(Found(), IsEmpty());
}

// It may give away to any family of the physical device. The layers below know the real ones only, and would object.
TEST_F(SimulatedOwnershipTest, ADeviceWithoutAddedQueuesMayNameAddedFamilies)
{
    Make({}, SimulatedDevice::Queues::OfRealFamilies);
    const VkBuffer first = MakeBuffer();
    const VkBuffer second = MakeBuffer();
    Fill(m_graphics, first);
    Fill(m_graphics, second);
    Transfer(m_graphics, first, m_graphics, m_transfer);
    Run(m_graphics, [&](VkCommandBuffer cmd) {
        const VkBufferMemoryBarrier barrier{.sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_BARRIER,
                                            .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                            .srcQueueFamilyIndex = m_graphics,
                                            .dstQueueFamilyIndex = m_compute,
                                            .buffer = second,
                                            .size = VK_WHOLE_SIZE};
        m_own->vk.CmdPipelineBarrier(cmd, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0,
                                     nullptr, 1, &barrier, 0, nullptr);
    });
    EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(SimulatedOwnershipTest, SecondaryCommandBuffersCount)
{
    const VkBuffer buffer = MakeBuffer();
    Fill(m_graphics, buffer);
    const VkBuffer target = MakeBuffer();
    const VkCommandBuffer secondary = m_own->BeginSecondary(m_compute);
    const VkBufferCopy region{.size = 64};
    m_own->vk.CmdCopyBuffer(secondary, buffer, target, 1, &region);
    EXPECT_EQ(m_own->vk.EndCommandBuffer(secondary), VK_SUCCESS);
    EXPECT_THAT(Found(), IsEmpty()); // recorded only
    Run(m_compute, [&](VkCommandBuffer cmd) { m_own->vk.CmdExecuteCommands(cmd, 1, &secondary); });
    EXPECT_THAT(Found(), ElementsAre(HasSubstr("vkCmdCopyBuffer " + On(m_compute))));
}

// ---- images --------------------------------------------------------------------------------------------------------
class SimulatedImageOwnershipTest : public SimulatedOwnershipTest
{
  protected:
    static constexpr uint32_t kSize = 16;

    void SetUp() override
    {
        SimulatedOwnershipTest::SetUp();
        if (HasFatalFailure() || IsSkipped())
            return;
        const VkImageCreateInfo info{.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                     .imageType = VK_IMAGE_TYPE_2D,
                                     .format = VK_FORMAT_R8G8B8A8_UNORM,
                                     .extent = {kSize, kSize, 1},
                                     .mipLevels = 2,
                                     .arrayLayers = 3,
                                     .samples = VK_SAMPLE_COUNT_1_BIT,
                                     .tiling = VK_IMAGE_TILING_OPTIMAL,
                                     .usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT,
                                     .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
        ASSERT_EQ(m_own->vk.CreateImage(m_own->device, &info, nullptr, &m_image), VK_SUCCESS);
        VkMemoryRequirements needs{};
        m_own->vk.GetImageMemoryRequirements(m_own->device, m_image, &needs);
        ASSERT_EQ(m_own->Allocate(0, needs.size, m_memory), VK_SUCCESS);
        ASSERT_EQ(m_own->vk.BindImageMemory(m_own->device, m_image, m_memory, 0), VK_SUCCESS);
    }
    void TearDown() override
    {
        if (!m_own || m_own->device == VK_NULL_HANDLE) // there never was one
            return;
        m_own->vk.DeviceWaitIdle(m_own->device);
        m_own->vk.DestroyImage(m_own->device, m_image, nullptr);
        m_own->vk.FreeMemory(m_own->device, m_memory, nullptr);
    }
    void Change(uint32_t on, VkImageLayout before, VkImageLayout after, uint32_t from = VK_QUEUE_FAMILY_IGNORED,
                uint32_t to = VK_QUEUE_FAMILY_IGNORED, uint32_t mip = 0, uint32_t mips = VK_REMAINING_MIP_LEVELS)
    {
        Run(on, [&](VkCommandBuffer cmd) {
            const VkImageMemoryBarrier2 barrier{
                .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER_2,
                .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
                .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT,
                .oldLayout = before,
                .newLayout = after,
                .srcQueueFamilyIndex = from,
                .dstQueueFamilyIndex = to,
                .image = m_image,
                .subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, mip, mips, 0, VK_REMAINING_ARRAY_LAYERS}};
            const VkDependencyInfo info{.sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO,
                                        .imageMemoryBarrierCount = 1,
                                        .pImageMemoryBarriers = &barrier};
            m_own->vk.CmdPipelineBarrier2(cmd, &info);
        });
    }
    void Write(uint32_t on, uint32_t mip, VkOffset3D offset = {0, 0, 0}, VkExtent3D extent = {8, 8, 1})
    {
        const VkBuffer source = MakeBuffer();
        Fill(on, source);
        Run(on, [&](VkCommandBuffer cmd) {
            const VkBufferImageCopy region{.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, mip, 1, 1},
                                           .imageOffset = offset,
                                           .imageExtent = extent};
            m_own->vk.CmdCopyBufferToImage(cmd, source, m_image, VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL, 1, &region);
        });
    }

    VkImage m_image = VK_NULL_HANDLE;
    VkDeviceMemory m_memory = VK_NULL_HANDLE;
};

constexpr VkImageLayout kUndefined = VK_IMAGE_LAYOUT_UNDEFINED;
constexpr VkImageLayout kTarget = VK_IMAGE_LAYOUT_TRANSFER_DST_OPTIMAL;
constexpr VkImageLayout kSource = VK_IMAGE_LAYOUT_TRANSFER_SRC_OPTIMAL;

TEST_F(SimulatedImageOwnershipTest, AReleaseWithItsAcquireChangesTheLayoutOnce)
{
    Change(m_transfer, kUndefined, kTarget);
    Write(m_transfer, 0);
    Change(m_transfer, kTarget, kSource, m_transfer, m_graphics);
    Change(m_graphics, kTarget, kSource, m_transfer, m_graphics);
    Change(m_graphics, kSource, kTarget);
    Write(m_graphics, 1);
    EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(SimulatedImageOwnershipTest, ContentsThatAreGivenUpNeedNoTransfer)
{
    Change(m_transfer, kUndefined, kTarget);
    Write(m_transfer, 0);
    Change(m_graphics, kUndefined, kTarget);
    Write(m_graphics, 0);
    EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(SimulatedImageOwnershipTest, EachMipLevelHasAnOwner)
{
    Change(m_transfer, kUndefined, kTarget);
    Change(m_transfer, kTarget, kTarget, m_transfer, m_graphics, 0, 1);
    Change(m_graphics, kTarget, kTarget, m_transfer, m_graphics, 0, 1);
    Write(m_graphics, 0);
    Write(m_transfer, 1);
    EXPECT_THAT(Found(), IsEmpty());
    Write(m_graphics, 1);
    EXPECT_THAT(Found(), ElementsAre(AllOf(HasSubstr("vkCmdCopyBufferToImage " + On(m_graphics)),
                                           HasSubstr("mip level 1, layers 1 to 1 of image"),
                                           HasSubstr("belong to " + Family(m_transfer)))));
}

TEST_F(SimulatedImageOwnershipTest, ATransferFamilyCopiesInStepsOfItsGranularity)
{
    Change(m_transfer, kUndefined, kTarget);
    Write(m_transfer, 0, {8, 8, 0}, {8, 8, 1});
    EXPECT_THAT(Found(), IsEmpty());
    Write(m_transfer, 0, {4, 0, 0}, {8, 8, 1});
    EXPECT_THAT(Found(), ElementsAre(HasSubstr("disregards the granularity 8x8x1")));
}
} // namespace
} // namespace sedx::test
