// RingBuffer from many threads: slices keep apart, their bytes reach the GPU, and a frame may end meanwhile.
#include "ring_buffer_test.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstring>
#include <thread>

namespace sedx::test
{
namespace
{
using RingBufferThreadsTest = RingBufferTest;

INSTANTIATE_TEST_SUITE_P(Layouts, RingBufferThreadsTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::SmallBar(),
                                         MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(RingBufferThreadsTest, ThreadsAllocateInOneFrame)
{
    auto system = MakeSystem({.framesInFlight = 2});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 16384}));
    for (int frameIndex = 0; frameIndex < 10; ++frameIndex)
    {
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
            std::vector<std::vector<BufferSlice>> made(4);
            std::vector<std::thread> threads;
            for (size_t thread = 0; thread < made.size(); ++thread)
            {
                threads.emplace_back([&, thread] {
                    for (uint64_t i = 0; i < 50; ++i)
                    {
                        const auto slice = ring.Allocate(frame, 1 + (i * 37 + thread) % 500);
                        EXPECT_TRUE(Ok(slice));
                        if (slice)
                        {
                            std::memset(slice->mapped, static_cast<int>(thread), slice->size);
                            made[thread].push_back(*slice);
                        }
                    }
                });
            }
            for (std::thread& thread : threads)
                thread.join();
            Ranges ranges;
            for (size_t thread = 0; thread < made.size(); ++thread)
            {
                for (const BufferSlice& slice : made[thread])
                {
                    ranges.Add(slice);
                    EXPECT_TRUE(std::all_of(slice.mapped, slice.mapped + slice.size,
                                            [&](std::byte b) { return b == static_cast<std::byte>(thread); }));
                }
            }
        });
    }
}

// Every thread's bytes are on the GPU, in frames that are in flight together.
TEST_P(RingBufferThreadsTest, TheGpuSeesWhatSixThreadsWrite)
{
    constexpr uint64_t kThreads = 6;
    constexpr uint64_t kSlices = 40;
    constexpr uint64_t kStride = 512;
    constexpr uint64_t kFrames = 8;
    auto system = MakeSystem({.framesInFlight = 3});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 16384}));
    const uint64_t total = kFrames * kThreads * kSlices * kStride;
    SEDX_REQUIRE(const Buffer target, system->CreateBuffer(total, BufferUsage::Storage, MemoryType::GPU));
    Bytes expected(total);
    commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
        const ResolvedBuffer to = frame.Resolve(target);
        commands.Functions().CmdFillBuffer(cmd, to.buffer, to.offset, total, 0);
        commands.Barrier(cmd);
    });
    for (uint64_t number = 0; number < kFrames; ++number)
    {
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
            std::vector<std::vector<BufferSlice>> made(kThreads);
            std::vector<std::thread> threads;
            for (uint64_t thread = 0; thread < kThreads; ++thread)
            {
                threads.emplace_back([&, thread] {
                    for (uint64_t i = 0; i < kSlices; ++i)
                    {
                        const uint64_t id = (number * kThreads + thread) * kSlices + i;
                        const Bytes bytes = Pattern(id, 1 + (id * 37) % kStride);
                        const auto slice = ring.Allocate(frame, bytes.size(), id % 3 == 0 ? 4 : 0);
                        EXPECT_TRUE(Ok(slice));
                        if (!slice)
                            return;
                        std::copy(bytes.begin(), bytes.end(), slice->mapped);
                        std::copy(bytes.begin(), bytes.end(),
                                  expected.begin() + static_cast<std::ptrdiff_t>(id * kStride));
                        made[thread].push_back(*slice);
                    }
                });
            }
            for (std::thread& thread : threads)
                thread.join();
            const ResolvedBuffer to = frame.Resolve(target);
            for (uint64_t thread = 0; thread < kThreads; ++thread)
                for (uint64_t i = 0; i < made[thread].size(); ++i)
                {
                    const BufferSlice& slice = made[thread][i];
                    const uint64_t id = (number * kThreads + thread) * kSlices + i;
                    commands.Copy(cmd, slice.buffer, slice.offset, to.buffer, to.offset + id * kStride, slice.size);
                }
        });
    }
    EXPECT_TRUE(SameBytes(expected, ReadBack(*system, target)));
}

// Some of them have no share of their own then.
TEST_P(RingBufferThreadsTest, MoreThreadsAtOnceThanHaveAShare)
{
    constexpr size_t kThreads = 80;
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {}));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    std::vector<std::vector<BufferSlice>> made(kThreads);
    std::barrier<> together(kThreads);
    std::vector<std::thread> threads;
    for (size_t thread = 0; thread < kThreads; ++thread)
    {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 10; ++i)
            {
                const auto slice = ring.Allocate(frame, 200);
                EXPECT_TRUE(Ok(slice));
                if (slice)
                    made[thread].push_back(*slice);
                if (i == 0)
                    together.arrive_and_wait(); // all of them live now
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    Ranges ranges;
    for (const std::vector<BufferSlice>& slices : made)
    {
        EXPECT_EQ(slices.size(), 10u);
        for (const BufferSlice& slice : slices)
            ranges.Add(slice);
    }
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
}

// What a thread leaves behind is used by those that come after it.
TEST_P(RingBufferThreadsTest, ThreadsThatComeAndGoNeedNoMoreMemory)
{
    auto system = MakeSystem({.framesInFlight = 2});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 4096}));
    for (int i = 0; i < 200; ++i)
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
            std::thread([&] { EXPECT_TRUE(Ok(ring.Allocate(frame, 256))); }).join();
        });
    EXPECT_LE(ring.CapacityBytes(), 4u * 4096u);
}

// The frame is refused from the moment on at which it has ended, on every thread.
TEST_P(RingBufferThreadsTest, AFrameThatEndsWhileThreadsAllocate)
{
    auto system = MakeSystem({.framesInFlight = 2});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 65536, .maxBytes = 1 << 20}));
    for (int round = 0; round < 20; ++round)
    {
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        std::atomic<int> started{0};
        std::atomic<bool> hasEnded{false};
        std::vector<std::thread> threads;
        for (int thread = 0; thread < 4; ++thread)
        {
            threads.emplace_back([&] {
                bool isFirst = true;
                while (true)
                {
                    const bool mustFail = hasEnded.load();
                    const auto slice = ring.Allocate(frame, 64);
                    if (mustFail || (!slice && slice.error().code != ErrorCode::LimitExceeded))
                    {
                        EXPECT_TRUE(FailsWith(slice, ErrorCode::WrongState));
                        return;
                    }
                    if (std::exchange(isFirst, false))
                        ++started;
                }
            });
        }
        while (started.load() < 4)
            std::this_thread::yield();
        EXPECT_TRUE(Ok(round % 2 == 0 ? system->EndFrame(frame) : system->AbandonFrame(frame)));
        hasEnded.store(true);
        for (std::thread& thread : threads)
            thread.join();
    }
    EXPECT_LE(ring.CapacityBytes(), 1u << 20);
}
} // namespace
} // namespace sedx::test
