// Report: every number, and that they add up.
#include "support/gpu_test.h"

#include <atomic>
#include <thread>

namespace sedx::test
{
namespace
{
class ReportTest : public GpuLayoutTest
{};

INSTANTIATE_TEST_SUITE_P(Layouts, ReportTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::SmallBar()),
                         LayoutName);

TEST_P(ReportTest, NewSystemIsEmpty)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    const Report report = system->GetReport();
    EXPECT_EQ(report.framesBegun, 0u);
    EXPECT_EQ(report.framesCompleted, 0u);
    EXPECT_EQ(report.liveBuffers, 0u);
    EXPECT_EQ(report.createdBuffers, 0u);
    EXPECT_EQ(report.gpu.bytes + report.cpu.bytes, 0u);
    EXPECT_EQ(report.pendingDestroyed, 0u);
    EXPECT_EQ(report.writes + report.uploadedBytes + report.submissions + report.readbackBytes, 0u);
    for (const WaitReport& wait : report.waits)
    {
        EXPECT_EQ(wait.count, 0u);
        EXPECT_EQ(wait.nanoseconds, 0u);
    }
}

TEST_P(ReportTest, BuffersAreCountedByMemoryType)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    std::vector<Buffer> buffers;
    const auto make = [&](uint64_t bytes, MemoryType memory) {
        auto made = system->CreateBuffer(bytes, BufferUsage::Storage, memory, "counted");
        EXPECT_TRUE(Ok(made));
        if (made)
            buffers.push_back(*made);
    };
    make(1000, MemoryType::GPU);
    make(2000, MemoryType::GPU);
    make(3000, MemoryType::CPU);
    make(4000, MemoryType::Readback);
    Report report = system->GetReport();
    EXPECT_EQ(report.liveBuffers, 4u);
    EXPECT_EQ(report.createdBuffers, 4u);
    EXPECT_EQ(report.gpu.buffers, 2u);
    EXPECT_EQ(report.cpu.buffers, 1u);
    EXPECT_EQ(report.readback.buffers, 1u);
    EXPECT_GE(report.gpu.bytes, 3000u);
    EXPECT_GE(report.cpu.bytes, 3000u);
    EXPECT_GE(report.readback.bytes, 4000u);
    EXPECT_GE(report.gpu.peakBytes, report.gpu.bytes);
    if (Layout().name != "Native")
    {
        EXPECT_GE(report.deviceLocal.bytes, 3000u);
    }
    EXPECT_LE(report.deviceLocal.bytes,
              report.gpu.bytes + report.cpu.bytes + report.readback.bytes + report.staging.bytes);

    buffers.clear();
    system->Poll();
    report = system->GetReport();
    EXPECT_EQ(report.liveBuffers, 0u);
    EXPECT_EQ(report.createdBuffers, 4u);
    EXPECT_EQ(report.gpu.buffers + report.cpu.buffers + report.readback.buffers, 0u);
    EXPECT_EQ(report.gpu.bytes + report.cpu.bytes, 0u);
    EXPECT_GE(report.gpu.peakBytes, 3000u);
    EXPECT_GE(report.cpu.peakBytes, 3000u);
}

// The guide's fault: totals that never go down. Peers' mistake: a report that overwrites instead of adding.
TEST_P(ReportTest, BytesGoUpAndDownWithBuffers)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    uint64_t last = 0;
    std::vector<Buffer> buffers;
    for (int i = 0; i < 10; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(1 << 20, BufferUsage::Storage, MemoryType::GPU));
        buffers.push_back(std::move(buffer));
        const uint64_t now = system->GetReport().gpu.bytes;
        EXPECT_GE(now, last + (1 << 20));
        last = now;
    }
    while (!buffers.empty())
    {
        buffers.pop_back();
        system->Poll();
        const uint64_t now = system->GetReport().gpu.bytes;
        EXPECT_LE(now + (1 << 20), last);
        last = now;
    }
    EXPECT_EQ(last, 0u);
    EXPECT_GE(system->GetReport().gpu.peakBytes, 10u << 20);
}

TEST_P(ReportTest, FramesAndTraffic)
{
    auto system = MakeSystem({.framesInFlight = 3});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU));
    for (int i = 0; i < 7; ++i)
    {
        ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, Pattern(1, 100))));
        commands.UseInFrame(*system, buffer);
    }
    EXPECT_EQ(ReadBack(*system, {buffer, 0, 300}).size(), 300u);
    commands.WaitIdle();
    system->Poll();
    const Report report = system->GetReport();
    EXPECT_EQ(report.framesBegun, 7u);
    EXPECT_EQ(report.framesCompleted, 7u);
    EXPECT_EQ(report.writes, 7u);
    EXPECT_EQ(report.uploadedBytes, 700u);
    EXPECT_LE(report.directBytes, report.uploadedBytes);
    EXPECT_EQ(report.readbackBytes, 300u);
    EXPECT_GE(report.submissions, 1u); // the read-back's at least
    EXPECT_EQ(report.supersededBytes, 0u);
}

TEST_P(ReportTest, HeapsAreTheDevices)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(1 << 20, BufferUsage::Storage, MemoryType::GPU));
    const Report report = system->GetReport();
    const VkPhysicalDeviceMemoryProperties& memory = TheDevice().MemoryProperties();
    ASSERT_EQ(report.heapCount, memory.memoryHeapCount);
    uint64_t used = 0;
    for (uint32_t i = 0; i < report.heapCount; ++i)
    {
        EXPECT_EQ(report.heaps[i].sizeBytes, memory.memoryHeaps[i].size);
        EXPECT_EQ(report.heaps[i].deviceLocal, (memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0);
        EXPECT_LE(report.heaps[i].budgetBytes, report.heaps[i].sizeBytes);
        EXPECT_GT(report.heaps[i].budgetBytes, 0u);
        used += report.heaps[i].usageBytes;
    }
    EXPECT_GE(used, 1u << 20);
}

// Peers' mistake: the first device-local heap is taken to be heap 0.
TEST_P(ReportTest, GpuBuffersLieInADeviceLocalHeapWhereverItIs)
{
    if (Layout().name == "Native")
        return;
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(8 << 20, BufferUsage::Storage, MemoryType::GPU));
    EXPECT_GE(system->GetReport().deviceLocal.bytes, 8u << 20);
    EXPECT_TRUE(Calls().Violations().empty());
}

TEST_P(ReportTest, ReadWhileThreadsWork)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    std::atomic<bool> stop{false};
    std::thread reader([&] {
        while (!stop)
        {
            const Report report = system->GetReport();
            EXPECT_LE(report.directBytes, report.uploadedBytes + 4096);
        }
    });
    for (uint64_t i = 0; i < 200; ++i)
    {
        SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(1000, BufferUsage::Storage, MemoryType::GPU));
        ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, Pattern(i, 100))));
        system->Poll();
    }
    stop = true;
    reader.join();
}
} // namespace
} // namespace sedx::test
