// UploadQueue::Copy on devices as they are: copies of gigabytes, and a queue without compute.
#include "support/gpu_test.h"

#include <algorithm>

namespace sedx::test
{
namespace
{
// By the shader, on the driver's own device: pages of gigabytes take seconds to be touched for the first time.
class LongDeviceCopyTest : public GpuTest
{
  protected:
    void SetUp() override
    {
        GpuTest::SetUp();
        m_system = MakeSystem({.transferPath = TransferPath::Scatter});
        ASSERT_TRUE(m_system);
    }
    void TearDown() override
    {
        m_system.reset();
        GpuTest::TearDown();
    }
    std::unique_ptr<BufferSystem> m_system;
};

// Sizes and offsets beyond 32 bits: the last bytes of a buffer of more than 4 GiB go to its front, and back.
TEST_F(LongDeviceCopyTest, BeyondFourGiB)
{
    const uint64_t bytes = (4ull << 30) + 4096;
    const auto made = m_system->CreateBuffer(bytes, BufferUsage::Storage, MemoryType::GPU, "large");
    if (!made)
        SEDX_SKIP("the device cannot hold a buffer of 4 GiB: " + made.error().message);
    const Bytes tail = Pattern(1, 4001);
    ASSERT_TRUE(Ok(m_system->Uploads().Write(*made, bytes - 4095, tail)));
    ASSERT_TRUE(Ok(m_system->Uploads().Copy({*made, bytes - 4095, 4001}, *made, 17)));
    ASSERT_TRUE(Ok(m_system->Uploads().Copy({*made, 18, 4000}, *made, bytes - 8192 + 3)));
    EXPECT_TRUE(SameBytes(tail, ReadBack(*m_system, {*made, 17, 4001})));
    EXPECT_TRUE(SameBytes(std::span(tail).subspan(1), ReadBack(*m_system, {*made, bytes - 8192 + 3, 4000})));
}

// More than a dispatch covers: its pieces meet without a gap.
TEST_F(LongDeviceCopyTest, MoreThanADispatch)
{
    constexpr uint64_t kBytes = (1ull << 30) + 100'003;
    const auto source = m_system->CreateBuffer(kBytes, BufferUsage::Storage, MemoryType::GPU, "long source");
    const auto target = m_system->CreateBuffer(kBytes + 16, BufferUsage::Storage, MemoryType::GPU, "long target");
    if (!source || !target)
        SEDX_SKIP("the device cannot hold two buffers of 1 GiB");
    // Something recognisable around the seam and at both ends.
    const uint64_t seam = 1ull << 30;
    const Bytes first = Pattern(1, 4096), middle = Pattern(2, 4096), last = Pattern(3, 4096);
    ASSERT_TRUE(Ok(m_system->Uploads().Write(*source, 0, first)));
    ASSERT_TRUE(Ok(m_system->Uploads().Write(*source, seam - 2048, middle)));
    ASSERT_TRUE(Ok(m_system->Uploads().Write(*source, kBytes - 4096, last)));
    ASSERT_TRUE(Ok(m_system->Uploads().Write(*target, 0, Filled(7, 16))));
    ASSERT_TRUE(Ok(m_system->Uploads().Write(*target, kBytes, Filled(7, 16))));
    ASSERT_TRUE(Ok(m_system->Uploads().Copy(*source, *target, 5)));
    EXPECT_TRUE(SameBytes(first, ReadBack(*m_system, {*target, 5, 4096})));
    EXPECT_TRUE(SameBytes(middle, ReadBack(*m_system, {*target, seam - 2048 + 5, 4096})));
    EXPECT_TRUE(SameBytes(last, ReadBack(*m_system, {*target, kBytes - 4096 + 5, 4096})));
    EXPECT_TRUE(SameBytes(Filled(7, 5), ReadBack(*m_system, {*target, 0, 5})));
    EXPECT_TRUE(SameBytes(Filled(7, 11), ReadBack(*m_system, {*target, kBytes + 5, 11})));
}

// A queue for transfers alone beside the one for everything.
class DeviceCopyQueueTest : public GpuTest
{
  protected:
    MemoryLayout Layout() const override
    {
        MemoryLayout layout = MemoryLayout::Discrete();
        layout.name = "DiscreteWithTransferQueue";
        layout.device->queues = {.compute = 0, .transfer = 1};
        return layout;
    }
};

TEST_F(DeviceCopyQueueTest, WithoutComputeCommandsDoTheWork)
{
    const auto& queues = TheDevice().Queues();
    const auto transfer = std::ranges::find_if(queues, [](const QueueInfo& queue) {
        return (queue.flags & (VK_QUEUE_COMPUTE_BIT | VK_QUEUE_GRAPHICS_BIT)) == 0;
    });
    ASSERT_NE(transfer, queues.end());
    const auto index = static_cast<uint32_t>(transfer - queues.begin());
    auto system = MakeSystem({.submitMode = SubmitMode::Recorded, .transferPath = TransferPath::Scatter});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice(), index);
    const Bytes bytes = Pattern(1, 500'001);
    const auto source = system->CreateBuffer(bytes.size(), BufferUsage::Storage, MemoryType::GPU, "source");
    const auto target = system->CreateBuffer(bytes.size(), BufferUsage::Storage, MemoryType::GPU, "target");
    ASSERT_TRUE(source && target);
    ASSERT_TRUE(Ok(system->Uploads().Write(*source, 0, bytes)));
    SEDX_REQUIRE(const UploadTicket ticket, system->Uploads().Copy(*source, *target));
    {
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        VkCommandBuffer cmd = commands.Begin();
        ASSERT_TRUE(Ok(system->Uploads().CmdFlush(frame, cmd, index)));
        commands.Submit(cmd, frame);
        ASSERT_TRUE(Ok(system->EndFrame(frame)));
    }
    EXPECT_TRUE(Ok(ticket.Wait()));
    EXPECT_EQ(system->GetReport().copiedByShader, 0u);
    EXPECT_EQ(system->GetReport().copiedBytes, bytes.size());
    TestCommands onMain(TheDevice());
    EXPECT_TRUE(SameBytes(bytes, ReadInFrame(*system, onMain, {*target})));
}
} // namespace
} // namespace sedx::test
