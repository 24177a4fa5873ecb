// Suballocation: a million random creations and drops against a model, on one thread and on four.
#include "gpu/memory/allocation_model.h"

#include <algorithm>
#include <barrier>
#include <thread>

namespace sedx::test
{
namespace
{
#if defined(__SANITIZE_THREAD__)
constexpr uint64_t kOperations = 100'000; // it takes ten times as long there
#else
constexpr uint64_t kOperations = 1'000'000;
#endif
constexpr uint64_t kMiB = 1ull << 20;
const std::vector<MemoryType> kAllMemories{MemoryType::GPU, MemoryType::CPU, MemoryType::Readback,
                                           MemoryType::GPUUpload};

class SuballocationModelTest : public GpuLayoutTest
{
  protected:
    uint64_t Atom() const
    {
        return Layout().name == "NonCoherent" ? TheDevice().Properties().limits.nonCoherentAtomSize : 1;
    }

    // Everything dropped: as it was at the start. `warmAllocations`: VkDeviceMemory that VMA may keep for itself.
    void ExpectNothingLeft(BufferSystem& system, const Report& before, uint64_t memoryBefore, uint64_t warmAllocations)
    {
        system.Poll();
        system.ReleaseWarmMemory();
        const Report after = system.GetReport();
        EXPECT_EQ(after.liveBuffers, 0u);
        EXPECT_EQ(after.pendingDestroyed, 0u);
        EXPECT_EQ(after.gpu.buffers + after.cpu.buffers + after.readback.buffers, 0u);
        EXPECT_EQ(after.gpu.bytes + after.cpu.bytes + after.readback.bytes + after.deviceLocal.bytes, 0u);
        EXPECT_EQ(after.blocks, 0u);
        EXPECT_EQ(after.blockBytes, 0u);
        EXPECT_EQ(after.blockFreeBytes, 0u);
        EXPECT_LE(Calls().AliveObjects("Memory"), memoryBefore + warmAllocations);
        EXPECT_LE(after.committedBytes, before.committedBytes + warmAllocations * 64 * kMiB);
    }

    // What the report says of memory must agree with itself and with what is live.
    static void ExpectSaneNumbers(const Report& report, uint64_t liveBytes, uint64_t live)
    {
        const uint64_t bytes = report.gpu.bytes + report.cpu.bytes + report.readback.bytes;
        EXPECT_EQ(report.liveBuffers, live);
        EXPECT_GE(bytes, liveBytes);
        EXPECT_GE(report.committedBytes, bytes);
        EXPECT_GE(report.committedBytes, report.blockBytes);
        EXPECT_LE(report.blockFreeBytes, report.blockBytes);
        uint64_t used = 0;
        for (uint32_t heap = 0; heap < report.heapCount; ++heap)
            used += report.heaps[heap].usedBytes;
        EXPECT_EQ(used, report.committedBytes);
    }

    // The bound for blocks without warm ones: most of a block is in use, give or take a block for each group (three
    // usage classes, three priorities, in at most four memory types). The worst that was seen is 1.8 times plus 9 MiB.
    static uint64_t MostCommitted(uint64_t liveBytes) { return liveBytes * 5 / 2 + 36 * kMiB; }

    // One thread. `operations` creations and drops together, `liveCap` bytes at most (and one batch).
    void RunModel(BufferSystem& system, Random& random, uint64_t operations, uint64_t liveCap, uint64_t warmAllocations)
    {
        const Report before = system.GetReport();
        const uint64_t memoryBefore = Calls().AliveObjects("Memory");
        RandomDescs descs(random, kAllMemories);
        AllocationModel model(TheDevice(), Atom());
        std::vector<LiveBuffer> live;
        uint64_t liveBytes = 0;
        uint64_t done = 0;
        uint64_t bounds = 0;
        const auto drop = [&](size_t victim) {
            model.Remove(live[victim]);
            liveBytes -= live[victim].buffer.GetSize();
            std::swap(live[victim], live.back());
            live.pop_back();
            ++done;
        };
        while (done < operations)
        {
            // A batch is created without a frame, and looked at in a frame that some are dropped in.
            const size_t first = live.size();
            for (uint64_t i = random.Between(1, 96); i != 0; --i, ++done)
            {
                const BufferDesc desc = descs.Next();
                auto made = system.CreateBuffer(desc);
                ASSERT_TRUE(Ok(made)) << desc.bytes << " bytes";
                liveBytes += desc.bytes;
                live.push_back({std::move(*made), desc.alignment, {}});
            }
            SEDX_REQUIRE(const Frame frame, system.BeginFrame());
            for (size_t i = first; i < live.size(); ++i)
                ASSERT_TRUE(model.Add(live[i], frame.Resolve(live[i].buffer)));
            for (uint64_t i = random.Between(0, 32); i != 0 && !live.empty(); --i)
                drop(random.Between(0, live.size() - 1));
            ASSERT_TRUE(Ok(system.AbandonFrame(frame)));
            while (liveBytes > liveCap || (!live.empty() && random.Chance(2, 3)))
                drop(random.Between(0, live.size() - 1));
            if (random.Chance(1, 500)) // blocks come and go
                while (!live.empty())
                    drop(live.size() - 1);
            if (!random.Chance(1, 20))
                continue;
            ExpectSaneNumbers(system.GetReport(), liveBytes, live.size());
            if (liveBytes > liveCap * 3 / 4 && random.Chance(1, 4))
            {
                system.ReleaseWarmMemory();
                EXPECT_LE(system.GetReport().committedBytes, MostCommitted(liveBytes)) << "after " << done;
                ++bounds;
            }
        }
        EXPECT_GT(bounds, operations / 100'000) << "the bound was hardly looked at";
        while (!live.empty())
            drop(live.size() - 1);
        EXPECT_EQ(model.VkBuffers(), 0u);
        ExpectNothingLeft(system, before, memoryBefore, warmAllocations);
    }
};

INSTANTIATE_TEST_SUITE_P(Layouts, SuballocationModelTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::SmallBar(), MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(SuballocationModelTest, RandomBuffersNeverOverlapAndNothingLeaks)
{
    auto system = MakeSystem({.sharing = BufferSharing::Shared});
    ASSERT_TRUE(system);
    Random random(0xA110C);
    SCOPED_TRACE(random.Trace());
    RunModel(*system, random, !Layout().IsSimulated() ? kOperations : kOperations / 10, 96 * kMiB, 0);
}

// Checked mode. VMA cuts small ones from blocks of its own and keeps the last of each memory type.
TEST_P(SuballocationModelTest, TheSameWithVkBuffersOfTheirOwn)
{
    auto system = MakeSystem({.sharing = BufferSharing::Own});
    ASSERT_TRUE(system);
    Random random(0x04);
    SCOPED_TRACE(random.Trace());
    RunModel(*system, random, 20'000, 32 * kMiB, TheDevice().MemoryProperties().memoryTypeCount);
}

// ---- four threads --------------------------------------------------------------------------------------------------

class SuballocationThreadsTest : public SuballocationModelTest
{
  protected:
    static constexpr size_t kThreads = 4;
    struct Worker
    {
        Random random{0};
        std::unique_ptr<AllocationModel> model;
        std::vector<LiveBuffer> live;
        uint64_t liveBytes = 0;
        std::vector<LiveBuffer> gifts; // for the next thread

        LiveBuffer Take(size_t victim)
        {
            LiveBuffer taken = std::move(live[victim]);
            model->Remove(taken);
            liveBytes -= taken.buffer.GetSize();
            std::swap(live[victim], live.back());
            live.pop_back();
            return taken;
        }
        void Drop() { Take(random.Between(0, live.size() - 1)); }
    };

    // Creates and drops while no frame is open; some buffers go to the next thread.
    void WorkWithoutFrame(BufferSystem& system, Worker& worker)
    {
        RandomDescs descs(worker.random, kAllMemories);
        for (int i = 0; i < 60; ++i)
        {
            const BufferDesc desc = descs.Next();
            auto made = system.CreateBuffer(desc);
            ASSERT_TRUE(Ok(made)) << desc.bytes << " bytes";
            worker.liveBytes += desc.bytes;
            worker.live.push_back({std::move(*made), desc.alignment, {}});
            if (worker.random.Chance(1, 3))
                worker.Drop();
        }
        for (int i = 0; i < 10 && !worker.live.empty(); ++i)
            worker.gifts.push_back(worker.Take(worker.random.Between(0, worker.live.size() - 1)));
        while (worker.liveBytes > kLiveCap)
            worker.Drop();
    }

    // Resolves and drops while a frame is open, also what another thread has made.
    void WorkInFrame(BufferSystem& system, const Frame& frame, Worker& worker, Worker& giver)
    {
        for (LiveBuffer& live : worker.live)
        {
            if (live.place)
                continue;
            ASSERT_TRUE(worker.model->Add(live, frame.Resolve(live.buffer)));
        }
        for (LiveBuffer& gift : giver.gifts)
        {
            if (worker.random.Chance(1, 2))
                continue; // dropped here
            ASSERT_TRUE(worker.model->Add(gift, frame.Resolve(gift.buffer)));
            worker.liveBytes += gift.buffer.GetSize();
            worker.live.push_back(std::move(gift));
        }
        giver.gifts.clear();
        RandomDescs descs(worker.random, kAllMemories);
        for (int i = 0; i < 60; ++i)
        {
            const BufferDesc desc = descs.Next();
            auto made = system.CreateBuffer(desc);
            ASSERT_TRUE(Ok(made)) << desc.bytes << " bytes";
            worker.liveBytes += desc.bytes;
            worker.live.push_back({std::move(*made), desc.alignment, {}});
            ASSERT_TRUE(worker.model->Add(worker.live.back(), frame.Resolve(worker.live.back().buffer)));
            if (worker.random.Chance(1, 3))
                worker.Drop();
        }
    }

    // Those of all threads together. All must have been resolved.
    static testing::AssertionResult AreDisjoint(const std::vector<Worker>& workers, uint64_t atom)
    {
        std::vector<const LiveBuffer*> all;
        for (const Worker& worker : workers)
            for (const LiveBuffer& live : worker.live)
                all.push_back(&live);
        std::ranges::sort(all, {}, [](const LiveBuffer* live) {
            return std::pair(reinterpret_cast<uint64_t>(live->place.buffer), live->place.offset);
        });
        for (size_t i = 1; i < all.size(); ++i)
        {
            const ResolvedBuffer& a = all[i - 1]->place;
            const ResolvedBuffer& b = all[i]->place;
            if (a.buffer == b.buffer && (a.offset + a.size + atom - 1) / atom * atom > b.offset)
                return testing::AssertionFailure() << "two threads have bytes " << a.offset << " + " << a.size
                                                   << " and " << b.offset << " + " << b.size << " of one VkBuffer";
        }
        return testing::AssertionSuccess();
    }

    void RunThreads(BufferSystem& system, uint64_t rounds)
    {
        const Report before = system.GetReport();
        const uint64_t memoryBefore = Calls().AliveObjects("Memory");
        std::vector<Worker> workers(kThreads);
        for (size_t i = 0; i < kThreads; ++i)
        {
            workers[i].random = Random(0x7000 + i);
            workers[i].model = std::make_unique<AllocationModel>(TheDevice(), Atom());
        }
        SCOPED_TRACE(workers[0].random.Trace());
        Frame frame;
        uint64_t arrivals = 0;
        bool stop = false; // written while all threads wait
        std::barrier barrier(kThreads, [&]() noexcept {
            if (++arrivals % 2 != 0)
            {
                const auto begun = system.BeginFrame();
                EXPECT_TRUE(Ok(begun));
                frame = begun ? *begun : Frame();
                return;
            }
            if (arrivals % 8 == 0)
            {
                EXPECT_TRUE(AreDisjoint(workers, Atom()));
            }
            EXPECT_TRUE(Ok(system.AbandonFrame(frame)));
            stop = HasFailure();
        });
        std::vector<std::thread> threads;
        for (size_t i = 0; i < kThreads; ++i)
            threads.emplace_back([&, i] {
                for (uint64_t round = 0; round < rounds && !stop; ++round)
                {
                    WorkWithoutFrame(system, workers[i]);
                    barrier.arrive_and_wait();
                    WorkInFrame(system, frame, workers[i], workers[(i + 1) % kThreads]);
                    barrier.arrive_and_wait();
                }
            });
        for (std::thread& thread : threads)
            thread.join();
        uint64_t liveBytes = 0;
        uint64_t live = 0;
        for (const Worker& worker : workers)
        {
            liveBytes += worker.liveBytes;
            live += worker.live.size();
        }
        ExpectSaneNumbers(system.GetReport(), liveBytes, live);
        for (Worker& worker : workers) // by a thread that made none of them
            worker.live.clear();
        ExpectNothingLeft(system, before, memoryBefore, 0);
    }

    static constexpr uint64_t kLiveCap = 24 * kMiB; // of each thread
};

INSTANTIATE_TEST_SUITE_P(Layouts, SuballocationThreadsTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::SmallBar(), MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(SuballocationThreadsTest, FourThreadsNeverShareBytes)
{
    auto system = MakeSystem({.sharing = BufferSharing::Shared});
    ASSERT_TRUE(system);
    constexpr uint64_t kPerRound = kThreads * 2 * 120; // creations, and as many drops
    RunThreads(*system, (!Layout().IsSimulated() ? kOperations : kOperations / 10) / kPerRound);
}
} // namespace
} // namespace sedx::test
