// BufferPoolManager gives back: what nobody used for some frames or some time, and whatever is idle when memory is short.
#include "buffer_pool_test.h"

#include <atomic>

namespace sedx::test
{
namespace
{
using BufferPoolTrimTest = BufferPoolTest;

INSTANTIATE_TEST_SUITE_P(Layouts, BufferPoolTrimTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::SmallBar(),
                                         MemoryLayout::NonCoherent()),
                         LayoutName);

// ---- trimming ------------------------------------------------------------------------------------------------------

TEST_P(BufferPoolTrimTest, UnusedBuffersGoAfterSoManyFrames)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    BufferPoolManagerDesc desc = Plain();
    desc.cleanupInterval = 10;
    desc.maxUnusedFrames = 30;
    BufferPoolManager& pools = Attach(*system, desc);
    RunFrames(*system, 100); // time before a buffer was made does not count against it
    for (const BufferPoolKind kind : kKinds)
        ASSERT_TRUE(Ok(pools.WarmUp(kind, 4096, 2)));
    RunFrames(*system, 29);
    for (const BufferPoolKind kind : kKinds)
    {
        EXPECT_EQ(pools.GetReport(kind).ready, 2u);
        SEDX_REQUIRE(const PooledBuffer used, pools.Acquire(kind, 4096)); // and released
    }
    RunFrames(*system, 20); // 49
    for (const BufferPoolKind kind : kKinds)
    {
        EXPECT_EQ(pools.GetReport(kind).ready, 1u) << "the one that was used is still there";
        EXPECT_EQ(pools.GetReport(kind).trimmed, 1u);
    }
    RunFrames(*system, 30);
    for (const BufferPoolKind kind : kKinds)
    {
        EXPECT_EQ(pools.GetReport(kind).buffers, 0u);
        EXPECT_EQ(pools.GetReport(kind).bytes, 0u);
        ExpectConsistent(pools.GetReport(kind));
    }
}

TEST_P(BufferPoolTrimTest, TheDefaultsAreTheGuides)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    BufferPoolManagerDesc desc;
    desc.warmHeapShare = 0.0;
    BufferPoolManager& pools = Attach(*system, desc);
    ASSERT_TRUE(Ok(pools.WarmUp(BufferPoolKind::Staging, 64 * kKiB, 1)));
    RunFrames(*system, 300);
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Staging).ready, 1u);
    RunFrames(*system, 120);
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Staging).ready, 0u);
}

TEST_P(BufferPoolTrimTest, LeasesAreNeverTrimmed)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    BufferPoolManagerDesc desc = Plain();
    desc.cleanupInterval = 1;
    desc.maxUnusedFrames = 1;
    BufferPoolManager& pools = Attach(*system, desc);
    SEDX_REQUIRE(PooledBuffer lease, pools.AcquireStorageBuffer(4096));
    const BufferId id = lease->ID();
    RunFrames(*system, 20);
    EXPECT_TRUE(Ok(system->Find(id)));
    lease.Release(); // counts from now
    RunFrames(*system, 1);
    EXPECT_TRUE(Ok(system->Find(id)));
    RunFrames(*system, 2);
    EXPECT_FALSE(system->Find(id));
}

TEST_P(BufferPoolTrimTest, ADisabledModuleDoesNotTrimByFrames)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    BufferPoolManagerDesc desc = Plain();
    desc.cleanupInterval = 1;
    desc.maxUnusedFrames = 1;
    BufferPoolManager& pools = Attach(*system, desc);
    pools.SetEnabled(false);
    ASSERT_TRUE(Ok(pools.WarmUp(BufferPoolKind::Storage, 4096, 1)));
    RunFrames(*system, 10);
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Storage).ready, 1u);
    pools.SetEnabled(true);
    RunFrames(*system, 1);
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Storage).ready, 0u);
}

TEST_P(BufferPoolTrimTest, UnusedBuffersGoByTimeWhereNoFramesRun)
{
    std::atomic<uint64_t> now{5'000'000'000};
    auto system = MakeSystem({.clock = [&now] { return now.load(); }});
    ASSERT_TRUE(system);
    BufferPoolManager& pools = Attach(*system);
    ASSERT_TRUE(Ok(pools.WarmUp(BufferPoolKind::Storage, 4096, 2)));
    now += 29'000'000'000;
    system->Poll();
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Storage).ready, 2u);
    {
        SEDX_REQUIRE(const PooledBuffer used, pools.AcquireStorageBuffer(4096));
    }
    now += 4'000'000'000;
    system->Poll();
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Storage).ready, 1u);
    now += 29'000'000'000;
    system->Poll();
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Storage).buffers, 0u);
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Storage).trimmed, 2u);
}

TEST_P(BufferPoolTrimTest, NeverMeansNever)
{
    std::atomic<uint64_t> now{0};
    auto system = MakeSystem({.clock = [&now] { return now.load(); }});
    ASSERT_TRUE(system);
    BufferPoolManagerDesc desc = Plain();
    desc.cleanupInterval = 1;
    desc.maxUnusedFrames = kNever;
    desc.maxUnusedNs = kNever;
    BufferPoolManager& pools = Attach(*system, desc);
    ASSERT_TRUE(Ok(pools.WarmUp(BufferPoolKind::Storage, 4096, 3)));
    now = kNever - 1;
    system->Poll();
    RunFrames(*system, 10);
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Storage).ready, 3u);
    EXPECT_EQ(pools.ReleaseUnused(), 3u * 4096u);
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Storage).buffers, 0u);
}

// ---- pressure ------------------------------------------------------------------------------------------------------

TEST_P(BufferPoolTrimTest, PoolsGiveWayWhenMemoryIsShort)
{
    BufferSystemDesc desc;
    desc.sharing = BufferSharing::Own;
    desc.budget.limitBytes = 34 * kMiB;
    auto system = MakeSystem(desc);
    ASSERT_TRUE(system);
    BufferPoolManager& pools = Attach(*system);
    ASSERT_TRUE(Ok(pools.WarmUp(BufferPoolKind::Storage, 4 * kMiB, 3)));
    SEDX_REQUIRE(PooledBuffer lease, pools.AcquireStorageBuffer(4 * kMiB));
    // The limit is spread over the device's heaps: what counts is the one that the buffers lie in.
    uint32_t heap = 0;
    while (system->GetBudget(heap).usedBytes < 12 * kMiB)
    {
        ASSERT_LT(++heap, VK_MAX_MEMORY_HEAPS);
    }
    std::vector<Buffer> buffers;
    while (system->GetBudget(heap).usedBytes + 4 * kMiB <= system->GetBudget(heap).hardBytes)
    {
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(4 * kMiB, BufferUsage::Storage, MemoryType::GPU, "large"));
        buffers.push_back(std::move(buffer));
    }
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Storage).ready, 2u);
    for (int i = 0; i < 2; ++i)
    {
        SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(4 * kMiB, BufferUsage::Storage, MemoryType::GPU, "one more"));
        buffers.push_back(std::move(buffer));
    }
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Storage).ready, 0u);
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Storage).leased, 1u);
    EXPECT_TRUE(Ok(system->Uploads().Write(*lease, 0, Pattern(1, 100)))); // the lease is untouched
}
} // namespace
} // namespace sedx::test
