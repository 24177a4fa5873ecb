// BufferPoolManager and the GPU, and threads: what somebody uses has no other owner.
#include "buffer_pool_test.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <thread>

namespace sedx::test
{
namespace
{
using BufferPoolReuseTest = BufferPoolTest;

INSTANTIATE_TEST_SUITE_P(Layouts, BufferPoolReuseTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::SmallBar(),
                                         MemoryLayout::NonCoherent()),
                         LayoutName);

// ---- what the GPU may still use ------------------------------------------------------------------------------------

TEST_P(BufferPoolReuseTest, AFrameInFlightKeepsItsBuffers)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    BufferPoolManager& pools = Attach(*system);
    for (const BufferPoolKind kind : kKinds)
    {
        pools.ReleaseUnused(); // of the other pools
        Gate gate(TheDevice());
        SEDX_REQUIRE(PooledBuffer lease, pools.Acquire(kind, 4096));
        const BufferId id = lease->ID();
        commands.UseInFrame(*system, *lease, gate.Waits());
        lease.Release();
        system->Poll();
        EXPECT_EQ(pools.GetReport(kind).waiting, 1u);
        SEDX_REQUIRE(PooledBuffer other, pools.Acquire(kind, 4096));
        EXPECT_FALSE(other->ID() == id);
        EXPECT_EQ(pools.ReleaseUnused(), 0u); // neither leased nor waiting
        gate.Open();
        commands.WaitIdle();
        SEDX_REQUIRE(const PooledBuffer again, pools.Acquire(kind, 4096)); // polls by itself
        EXPECT_EQ(again->ID(), id);
        EXPECT_EQ(pools.GetReport(kind).buffers, 2u);
    }
}

TEST_P(BufferPoolReuseTest, AnOpenFrameKeepsItsBuffersUntilItIsGivenUp)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    BufferPoolManager& pools = Attach(*system);
    SEDX_REQUIRE(PooledBuffer lease, pools.AcquireStorageBuffer(4096));
    const BufferId id = lease->ID();
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    ASSERT_TRUE(frame.Resolve(*lease));
    lease.Release();
    {
        SEDX_REQUIRE(const PooledBuffer other, pools.AcquireStorageBuffer(4096));
        EXPECT_FALSE(other->ID() == id);
    }
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Storage).ready, 2u);
}

TEST_P(BufferPoolReuseTest, AnUploadKeepsItsBuffer)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    BufferPoolManager& pools = Attach(*system);
    SEDX_REQUIRE(PooledBuffer lease, pools.AcquireStorageBuffer(4096));
    const BufferId id = lease->ID();
    // In flight, so that the write cannot go straight to memory.
    Gate gate(TheDevice());
    commands.UseInFrame(*system, *lease, gate.Waits());
    SEDX_REQUIRE(const UploadTicket ticket, system->Uploads().Write(*lease, 0, Pattern(1, 4096)));
    gate.Open();
    commands.WaitIdle(); // the frame has passed, the upload was not even submitted
    lease.Release();
    SEDX_REQUIRE(PooledBuffer other, pools.AcquireStorageBuffer(4096));
    EXPECT_FALSE(other->ID() == id);
    ASSERT_TRUE(Ok(ticket.Wait()));
    SEDX_REQUIRE(const PooledBuffer again, pools.AcquireStorageBuffer(4096));
    EXPECT_EQ(again->ID(), id);
}

TEST_P(BufferPoolReuseTest, AReadBackKeepsItsBuffer)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    BufferPoolManager& pools = Attach(*system);
    SEDX_REQUIRE(PooledBuffer lease, pools.AcquireStorageBuffer(4096));
    const BufferId id = lease->ID();
    const Bytes bytes = Pattern(7, 4096);
    ASSERT_TRUE(Ok(system->Uploads().Write(*lease, 0, bytes)));
    SEDX_REQUIRE(const ReadbackTicket ticket, system->Readbacks().Request(*lease));
    lease.Release();
    SEDX_REQUIRE(const PooledBuffer other, pools.AcquireStorageBuffer(4096));
    EXPECT_FALSE(other->ID() == id);
    ASSERT_TRUE(Ok(system->Uploads().Write(*other, 0, Filled(0, 4096))));
    SEDX_REQUIRE(const auto read, ticket.Wait());
    EXPECT_TRUE(SameBytes(bytes, read));
}

// One upload that nobody sends must not keep what was released after it.
TEST_P(BufferPoolReuseTest, AnUploadKeepsItsBufferOnly)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    BufferPoolManager& pools = Attach(*system);
    SEDX_REQUIRE(PooledBuffer written, pools.AcquireStorageBuffer(4096));
    SEDX_REQUIRE(PooledBuffer plain, pools.AcquireStorageBuffer(4096));
    const BufferId id = plain->ID();
    Gate gate(TheDevice());
    commands.RunFrame(
        *system,
        [&](const Frame& frame, VkCommandBuffer) {
            EXPECT_TRUE(frame.Resolve(*written));
            EXPECT_TRUE(frame.Resolve(*plain));
        },
        gate.Waits());
    ASSERT_TRUE(Ok(system->Uploads().Write(*written, 0, Pattern(1, 4096))));
    written.Release();
    plain.Release();
    gate.Open();
    commands.WaitIdle();
    SEDX_REQUIRE(const PooledBuffer again, pools.AcquireStorageBuffer(4096));
    EXPECT_EQ(again->ID(), id);
}

// A frame that resolved a buffer before WriteDiscard goes on to see the old memory; the next owner must not share that.
TEST_P(BufferPoolReuseTest, WriteDiscardInAnOpenFrameIsNotHandedOnWithinIt)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    BufferPoolManager& pools = Attach(*system);
    SEDX_REQUIRE(PooledBuffer lease, pools.AcquireUniformBuffer(256));
    const BufferId id = lease->ID();
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    ASSERT_TRUE(frame.Resolve(*lease));
    SEDX_REQUIRE(std::byte* const mapped, system->MapBuffer(*lease, MapMode::WriteDiscard));
    std::memset(mapped, 1, 256);
    system->UnmapBuffer(*lease);
    lease.Release();
    SEDX_REQUIRE(const PooledBuffer next, pools.AcquireUniformBuffer(256));
    EXPECT_FALSE(next->ID() == id);
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
    system->Poll();
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Uniform).ready, 1u);
}

TEST_P(BufferPoolReuseTest, AReusedBufferIsFresh)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    BufferPoolManager& pools = Attach(*system);
    SEDX_REQUIRE(PooledBuffer lease, pools.AcquireUniformBuffer(256));
    const BufferId id = lease->ID();
    {
        SEDX_REQUIRE(const auto mapping, system->MapWritable<std::byte>(*lease, MapMode::WriteNoOverwrite));
        mapping.Span()[0] = std::byte{1};
    }
    commands.UseInFrame(*system, *lease);
    lease.Release();
    commands.WaitIdle();
    system->Poll();
    SEDX_REQUIRE(const Frame frame, system->BeginFrame()); // in flight for whatever was used before
    SEDX_REQUIRE(const PooledBuffer again, pools.AcquireUniformBuffer(256));
    EXPECT_EQ(again->ID(), id);
    EXPECT_FALSE(system->IsInFlight(*again));
    EXPECT_TRUE(Ok(system->MapWritable<std::byte>(*again, MapMode::Write)));
    EXPECT_TRUE(Ok(system->MapWritable<std::byte>(*again, MapMode::WriteNoOverwrite))); // no promise is broken
    EXPECT_EQ(m_log.Count(), 0u);
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

// Checked mode remembers who wrote what for which frame; the next owner has made no promise yet.
TEST_P(BufferPoolReuseTest, PromisesEndWithTheLease)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    BufferPoolManager& pools = Attach(*system);
    SEDX_REQUIRE(const Frame first, system->BeginFrame());
    SEDX_REQUIRE(PooledBuffer lease, pools.AcquireUniformBuffer(256));
    const BufferId id = lease->ID();
    ASSERT_TRUE(Ok(system->MapWritable<std::byte>(*lease, MapMode::WriteNoOverwrite)));
    lease.Release();
    SEDX_REQUIRE(const Frame second, system->BeginFrame());
    SEDX_REQUIRE(const PooledBuffer again, pools.AcquireUniformBuffer(256));
    EXPECT_EQ(again->ID(), id);
    ASSERT_TRUE(Ok(system->MapWritable<std::byte>(*again, MapMode::WriteNoOverwrite)));
    EXPECT_EQ(m_log.Count(), 0u) << m_log.Text();
    ASSERT_TRUE(Ok(system->EndFrame(first)));
    ASSERT_TRUE(Ok(system->EndFrame(second)));
}

TEST_P(BufferPoolReuseTest, AMapEndsWithTheLease)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    BufferPoolManager& pools = Attach(*system);
    SEDX_REQUIRE(PooledBuffer lease, pools.AcquireStagingBuffer(256));
    ASSERT_TRUE(Ok(system->MapBuffer(*lease)));
    lease.Release();
    EXPECT_TRUE(m_log.Contains("released while it was mapped"));
    SEDX_REQUIRE(const PooledBuffer next, pools.AcquireStagingBuffer(256));
    ASSERT_TRUE(Ok(system->MapBuffer(*next)));
    system->UnmapBuffer(*next);
}

// ---- threads -------------------------------------------------------------------------------------------------------

TEST_P(BufferPoolReuseTest, ManyThreadsNeverShareABuffer)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    BufferPoolManagerDesc desc = Plain();
    desc.cleanupInterval = 2;
    desc.maxUnusedFrames = 3;
    BufferPoolManager& pools = Attach(*system, desc);
    constexpr uint32_t kThreads = 4;
    constexpr int kRounds = 300;
    std::atomic<uint32_t> running{kThreads};
    std::vector<std::thread> threads;
    for (uint32_t thread = 0; thread < kThreads; ++thread)
        threads.emplace_back([&, thread] {
            Random random(0x71EEull + thread);
            std::vector<PooledBuffer> leases;
            for (int round = 0; round < kRounds; ++round)
            {
                const BufferPoolKind kind = random.Chance(1, 2) ? BufferPoolKind::Staging : BufferPoolKind::Uniform;
                auto lease = pools.Acquire(kind, random.Between(1, 20'000));
                EXPECT_TRUE(Ok(lease));
                if (!lease)
                    break;
                const uint32_t mark = thread << 16 | static_cast<uint32_t>(round);
                {
                    auto mapping = system->MapWritable<uint32_t>({**lease, 0, (*lease)->GetSize() / 4 * 4});
                    EXPECT_TRUE(Ok(mapping));
                    if (!mapping)
                        break;
                    std::ranges::fill(mapping->Span(), mark);
                }
                leases.push_back(std::move(*lease));
                if (leases.size() < 5)
                    continue;
                PooledBuffer& oldest = leases.front();
                {
                    auto mapping = system->MapReadable<uint32_t>({*oldest, 0, oldest->GetSize() / 4 * 4});
                    EXPECT_TRUE(Ok(mapping));
                    if (mapping && !mapping->Span().empty())
                    {
                        const uint32_t first = mapping->Span().front();
                        EXPECT_EQ(first >> 16, thread);
                        EXPECT_TRUE(
                            std::ranges::all_of(mapping->Span(), [&](uint32_t value) { return value == first; }));
                    }
                }
                leases.erase(leases.begin());
            }
            leases.clear();
            --running;
        });
    while (running.load() != 0)
    {
        RunFrames(*system, 1);
        pools.GetReport(BufferPoolKind::Uniform);
        std::this_thread::yield();
    }
    for (std::thread& thread : threads)
        thread.join();
    for (const BufferPoolKind kind : {BufferPoolKind::Staging, BufferPoolKind::Uniform})
    {
        const BufferPoolReport report = pools.GetReport(kind);
        EXPECT_EQ(report.leased, 0u);
        EXPECT_EQ(report.leasedBytes, 0u);
        ExpectConsistent(report);
    }
    const uint64_t acquired =
        pools.GetReport(BufferPoolKind::Staging).acquired + pools.GetReport(BufferPoolKind::Uniform).acquired;
    EXPECT_EQ(acquired, uint64_t{kThreads} * kRounds);
    RunFrames(*system, 10);
    EXPECT_EQ(pools.GetReport(BufferPoolKind::Staging).buffers, 0u);
}

// Random acquisitions and releases against frames whose submissions are held back: a buffer comes back only when the last
// frame that resolved it has passed.
TEST_P(BufferPoolReuseTest, RandomUseAgainstAModel)
{
    Random random(0xB0FFull);
    SCOPED_TRACE(random.Trace());
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    BufferPoolManager& pools = Attach(*system);
    std::vector<std::pair<BufferId, uint64_t>> lastUse; // of what was released, the frame that resolved it last
    std::vector<std::pair<PooledBuffer, uint64_t>> leases;
    for (int i = 0; i < 60; ++i)
    {
        std::optional<Gate> gate;
        if (random.Chance(1, 2))
            gate.emplace(TheDevice());
        commands.RunFrame(
            *system,
            [&](const Frame& frame, VkCommandBuffer) {
                for (auto& [lease, used] : leases)
                    if (random.Chance(1, 2))
                    {
                        EXPECT_TRUE(frame.Resolve(*lease));
                        used = frame.Number();
                    }
            },
            gate ? gate->Waits() : std::span<const VkSemaphoreSubmitInfo>());
        for (uint64_t n = random.Between(0, 4); n-- > 0;)
        {
            const BufferPoolKind kind = kKinds[random.Between(0, 2)];
            SEDX_REQUIRE(PooledBuffer lease, pools.Acquire(kind, random.Between(1000, 3000)));
            const auto known = std::ranges::find(lastUse, lease->ID(), &std::pair<BufferId, uint64_t>::first);
            if (known != lastUse.end())
            {
                EXPECT_LE(known->second, system->CompletedFrame());
                lastUse.erase(known);
            }
            for (const auto& [other, used] : leases)
                EXPECT_FALSE(other->ID() == lease->ID());
            leases.emplace_back(std::move(lease), 0);
        }
        while (leases.size() > 6)
        {
            const auto index = static_cast<std::ptrdiff_t>(random.Between(0, leases.size() - 1));
            auto& [lease, used] = leases[static_cast<size_t>(index)];
            lastUse.emplace_back(lease->ID(), used);
            leases.erase(leases.begin() + index);
        }
        gate.reset();
        if (random.Chance(1, 3))
            commands.WaitIdle();
    }
    commands.WaitIdle();
    leases.clear();
    system->Poll();
    uint64_t buffers = 0;
    for (const BufferPoolKind kind : kKinds)
    {
        ExpectConsistent(pools.GetReport(kind));
        EXPECT_EQ(pools.GetReport(kind).waiting, 0u);
        buffers += pools.GetReport(kind).buffers;
    }
    EXPECT_LT(buffers, 60u);
}

} // namespace
} // namespace sedx::test
