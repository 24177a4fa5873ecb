// What the tests of a queue for transfers alone share: a device that has one beside queue 0.
#pragma once

#include "support/gpu_test.h"

#include <algorithm>

namespace sedx::test
{
class TransferQueueDeviceTest : public GpuTest
{
  protected:
    static constexpr uint64_t kLong = 2 << 20; // worth another queue

    MemoryLayout Layout() const override
    {
        MemoryLayout layout = MemoryLayout::Discrete(); // uploads need a submission
        layout.name = "DiscreteWithThreeFamilies";
        layout.device->queues = {.compute = 1, .transfer = 1, .transferGranularity = {8, 8, 1}};
        return layout;
    }
    void SetUp() override
    {
        GpuTest::SetUp();
        const auto find = [&](VkQueueFlags flags) {
            const auto& queues = TheDevice().Queues();
            constexpr VkQueueFlags kWork = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT;
            const auto found = std::ranges::find_if(
                queues, [flags](const QueueInfo& queue) { return (queue.flags & kWork) == flags; });
            return static_cast<uint32_t>(found - queues.begin());
        };
        m_compute = find(VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT);
        m_transfer = find(VK_QUEUE_TRANSFER_BIT);
        ASSERT_LT(m_compute, TheDevice().Queues().size());
        ASSERT_LT(m_transfer, TheDevice().Queues().size());
    }
    void TearDown() override
    {
        m_commands.reset();
        m_system.reset();
        GpuTest::TearDown();
    }
    void Start(BufferSystemDesc desc)
    {
        m_system = MakeSystem(std::move(desc));
        ASSERT_TRUE(m_system);
        m_commands.emplace(TheDevice());
    }
    // Whether the simulator made the queue: it looks at who owns what only where its own queues are used.
    bool IsSimulated(uint32_t queue) const
    {
        uint32_t families = 0;
        TheDevice().InstanceFunctions().GetPhysicalDeviceQueueFamilyProperties(TheDevice().PhysicalDevice(), &families,
                                                                               nullptr);
        return TheDevice().Queues()[queue].family + 2 >= families; // it adds two
    }
    // Whatever the profile of the device says.
    static BufferSystemDesc WithProfile(bool useTransferQueue)
    {
        BufferSystemDesc desc;
        desc.profile.given = TransferProfile{.scatterMaxBytes = 512, .scatterMinWrites = 16};
        desc.profile.given->useTransferQueue = useTransferQueue;
        return desc;
    }

    UploadQueue& Uploads() { return m_system->Uploads(); }
    Buffer Make(uint64_t bytes, BufferDesc desc = {})
    {
        desc.bytes = bytes;
        desc.usage = BufferUsage::Storage;
        desc.name = desc.name.empty() ? "destination" : desc.name;
        const auto made = m_system->CreateBuffer(desc);
        EXPECT_TRUE(Ok(made));
        return made ? *made : Buffer{};
    }
    UploadTicket Write(const Buffer& buffer, uint64_t offset, std::span<const std::byte> bytes)
    {
        const auto ticket = Uploads().Write(buffer, offset, bytes);
        EXPECT_TRUE(Ok(ticket));
        return ticket ? *ticket : UploadTicket{};
    }
    // Sends what was collected. Which queue it went to.
    uint32_t Send()
    {
        Calls().TakeSubmissions();
        EXPECT_TRUE(Ok(Uploads().Submit()));
        return SentTo();
    }
    // The queue of the one submission since the last look, and what it waited for.
    uint32_t SentTo()
    {
        const auto submissions = Calls().TakeSubmissions();
        EXPECT_EQ(submissions.size(), 1u);
        if (submissions.empty())
            return ~0u;
        m_last = submissions.back();
        const auto& queues = TheDevice().Queues();
        return static_cast<uint32_t>(std::ranges::find(queues, m_last.queue, &QueueInfo::queue) - queues.begin());
    }
    bool LastWaitsFor(const VkSemaphoreSubmitInfo& signal) const
    {
        return std::ranges::any_of(m_last.waits, [&](const VkSemaphoreSubmitInfo& wait) {
            return wait.semaphore == signal.semaphore && wait.value >= signal.value;
        });
    }
    // Ends a frame that resolves the buffer and that the GPU does not begin before the gate opens.
    SubmitSync UseBehind(Gate& gate, const Buffer& buffer)
    {
        SubmitSync sync;
        const auto frame = m_system->BeginFrame();
        EXPECT_TRUE(Ok(frame));
        if (!frame)
            return sync;
        EXPECT_TRUE(frame->Resolve(buffer));
        sync = m_commands->Submit(m_commands->Begin(), *frame, gate.Waits());
        EXPECT_TRUE(Ok(m_system->EndFrame(*frame)));
        return sync;
    }

    std::unique_ptr<BufferSystem> m_system;
    std::optional<TestCommands> m_commands;
    SubmissionRecord m_last;
    uint32_t m_compute = 0;
    uint32_t m_transfer = 0;
};
} // namespace sedx::test
