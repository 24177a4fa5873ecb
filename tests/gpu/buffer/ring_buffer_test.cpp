// RingBuffer: memory that lives one frame. Slices never overlap with what a frame in flight may still read.
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
INSTANTIATE_TEST_SUITE_P(Layouts, RingBufferTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::SmallBar(),
                                         MemoryLayout::NonCoherent()),
                         LayoutName);

TEST_P(RingBufferTest, EmptyRingRefuses)
{
    RingBuffer empty;
    EXPECT_EQ(empty.CapacityBytes(), 0u);
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    EXPECT_FALSE(empty.Allocate(frame, 16));
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

TEST_P(RingBufferTest, InvalidDescriptions)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    EXPECT_FALSE(RingBuffer::Create(*system, {.usage = BufferUsage::None}));
    EXPECT_FALSE(RingBuffer::Create(*system, {.blockBytes = 0}));
    EXPECT_FALSE(RingBuffer::Create(*system, {.blockBytes = 4096, .maxBytes = 1024}));
}

TEST_P(RingBufferTest, ScratchOfTheGpuNeedNotBeMappable)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(RingBuffer ring,
                 RingBuffer::Create(*system, {.usage = BufferUsage::Storage, .memory = MemoryType::GPU}));
    for (int i = 0; i < 3; ++i)
    {
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        SEDX_REQUIRE(const BufferSlice a, ring.Allocate(frame, 1000));
        SEDX_REQUIRE(const BufferSlice b, ring.Allocate(frame, 1'000'000)); // more than a block
        EXPECT_NE(a.address, 0u);
        EXPECT_NE(b.address, 0u);
        Ranges ranges;
        ranges.Add(a);
        ranges.Add(b);
        ASSERT_TRUE(Ok(frame.SubmitSync(0)));
        for (const FlushRecord& record : Calls().TakeFlushes())
            EXPECT_TRUE(record.isInvalidate) << "of new memory, which can be mapped by chance";
        ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
    }
}

TEST_P(RingBufferTest, SlicesAreAlignedAndApart)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.usage = BufferUsage::Uniform | BufferUsage::Storage,
                                                               .blockBytes = 65536}));
    const VkPhysicalDeviceLimits& limits = TheDevice().Properties().limits;
    const uint64_t natural = std::max(limits.minUniformBufferOffsetAlignment, limits.minStorageBufferOffsetAlignment);
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    Ranges ranges;
    for (const uint64_t bytes : {1ull, 3ull, 4ull, 5ull, 64ull, 100ull, 255ull, 256ull, 257ull, 5000ull})
    {
        SEDX_REQUIRE(const BufferSlice plain, ring.Allocate(frame, bytes));
        ExpectSane(plain, bytes, natural);
        ranges.Add(plain);
        for (const uint64_t alignment : {1ull, 2ull, 16ull, 1024ull, 4096ull})
        {
            SEDX_REQUIRE(const BufferSlice slice, ring.Allocate(frame, bytes, alignment));
            ExpectSane(slice, bytes, alignment);
            ranges.Add(slice);
        }
    }
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
}

TEST_P(RingBufferTest, InvalidRequests)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.name = "constants ring"}));
    EXPECT_TRUE(FailsWith(ring.Allocate(Frame(), 16), ErrorCode::WrongState));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    EXPECT_TRUE(FailsWith(ring.Allocate(frame, 0), ErrorCode::OutOfRange));
    EXPECT_TRUE(FailsWith(ring.Allocate(frame, 16, 3), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(ring.Allocate(frame, 16, 48), ErrorCode::InvalidArgument));
    EXPECT_TRUE(FailsWith(ring.Allocate(frame, UINT64_MAX), ErrorCode::LimitExceeded, "constants ring"));
    EXPECT_TRUE(FailsWith(ring.Allocate(frame, UINT64_MAX - 100, 256), ErrorCode::LimitExceeded));
    ASSERT_TRUE(Ok(system->EndFrame(frame)));
    EXPECT_TRUE(FailsWith(ring.Allocate(frame, 16), ErrorCode::WrongState));
}

TEST_P(RingBufferTest, BytesReachTheGpuInTheirFrame)
{
    auto system = MakeSystem({.framesInFlight = 3});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 4096}));
    SEDX_REQUIRE(const Buffer target, system->CreateBuffer(60 * 100, BufferUsage::Storage, MemoryType::GPU));
    Bytes expected;
    for (uint64_t i = 0; i < 60; ++i)
    {
        const Bytes bytes = Pattern(i, 100);
        expected.insert(expected.end(), bytes.begin(), bytes.end());
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
            const auto slice = ring.Allocate(frame, 100);
            EXPECT_TRUE(Ok(slice));
            if (!slice)
                return;
            std::copy(bytes.begin(), bytes.end(), slice->mapped);
            const ResolvedBuffer to = frame.Resolve(target);
            commands.Copy(cmd, slice->buffer, slice->offset, to.buffer, to.offset + 100 * i, 100);
        });
    }
    EXPECT_TRUE(SameBytes(expected, ReadBack(*system, target)));
    EXPECT_LE(ring.CapacityBytes(), 4u * 4096u);
}

TEST_P(RingBufferTest, MemoryOfAFrameInFlightIsNotHandedOut)
{
    auto system = MakeSystem({.framesInFlight = 8});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 4096}));
    HeldTimelines held(Calls());
    Ranges ranges;
    for (int i = 0; i < 8; ++i)
    {
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
            for (int slice = 0; slice < 5; ++slice)
            {
                const auto made = ring.Allocate(frame, 1000);
                EXPECT_TRUE(Ok(made));
                if (made)
                    ranges.Add(*made);
            }
        });
    }
    EXPECT_EQ(held.Waits(), 0u);
    EXPECT_GE(ring.CapacityBytes(), 40000u);
}

// Peers' mistake: a ring that is exactly full hands out live memory.
TEST_P(RingBufferTest, ExactlyFullRingDoesNotHandOutLiveMemory)
{
    auto system = MakeSystem({.framesInFlight = 8});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 4096}));
    HeldTimelines held(Calls());
    Ranges ranges;
    for (const std::vector<uint64_t>& sizes :
         {std::vector<uint64_t>{4096}, {2048, 2048}, {1024, 1024, 1024, 1024}, {4096}, {4095, 1}, {1}, {4096}})
    {
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
            for (const uint64_t bytes : sizes)
            {
                const auto slice = ring.Allocate(frame, bytes, 1);
                EXPECT_TRUE(Ok(slice));
                if (slice)
                    ranges.Add(*slice);
            }
        });
    }
    EXPECT_EQ(held.Waits(), 0u);
}

TEST_P(RingBufferTest, RandomSizesNeverOverlapWhatIsInFlight)
{
    Random random(0x51172ull);
    SCOPED_TRACE(random.Trace());
    auto system = MakeSystem({.framesInFlight = 3});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 8192}));
    for (int run = 0; run < 30; ++run)
    {
        Ranges ranges;
        {
            HeldTimelines held(Calls());
            for (int frameIndex = 0; frameIndex < 3; ++frameIndex)
            {
                commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
                    const uint64_t count = random.Between(0, 12);
                    for (uint64_t i = 0; i < count; ++i)
                    {
                        const uint64_t bytes =
                            random.Chance(1, 3) ? 1ull << random.Between(0, 13) : random.Between(1, 9000);
                        const auto slice = ring.Allocate(frame, bytes, 1ull << random.Between(0, 8));
                        EXPECT_TRUE(Ok(slice));
                        if (slice)
                            ranges.Add(*slice);
                    }
                });
            }
            EXPECT_EQ(held.Waits(), 0u);
        }
        commands.WaitIdle();
    }
}

// Peers' mistake: a request larger than a block returns a range past the end.
TEST_P(RingBufferTest, RequestLargerThanABlock)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 4096, .maxBytes = 1 << 20}));
    const Bytes bytes = Pattern(1, 100001);
    SEDX_REQUIRE(const Buffer target, system->CreateBuffer(100001, BufferUsage::Storage, MemoryType::GPU));
    commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer cmd) {
        const auto slice = ring.Allocate(frame, 100001);
        EXPECT_TRUE(Ok(slice));
        if (!slice)
            return;
        ExpectSane(*slice, 100001, 4);
        std::copy(bytes.begin(), bytes.end(), slice->mapped);
        const ResolvedBuffer to = frame.Resolve(target);
        commands.Copy(cmd, slice->buffer, slice->offset, to.buffer, to.offset, 100001);
    });
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, target)));
    for (const uint64_t size : {4095ull, 4096ull, 4097ull, 8192ull})
    {
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
            const auto slice = ring.Allocate(frame, size, 256);
            EXPECT_TRUE(Ok(slice));
            if (slice)
                ExpectSane(*slice, size, 256);
        });
    }
}

TEST_P(RingBufferTest, MemoryIsUsedAgainWhenFramesHavePassed)
{
    auto system = MakeSystem({.framesInFlight = 2});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 4096}));
    for (int i = 0; i < 200; ++i)
    {
        commands.RunFrame(*system,
                          [&](const Frame& frame, VkCommandBuffer) { EXPECT_TRUE(Ok(ring.Allocate(frame, 3000))); });
    }
    EXPECT_LE(ring.CapacityBytes(), 4u * 4096u); // two frames in flight, one being recorded, one to spare
}

TEST_P(RingBufferTest, AbandonedFrameGivesItsMemoryBack)
{
    auto system = MakeSystem({.framesInFlight = 2});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 4096, .maxBytes = 16384}));
    for (int i = 0; i < 50; ++i)
    {
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        ASSERT_TRUE(Ok(ring.Allocate(frame, 4000)));
        ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
    }
    EXPECT_LE(ring.CapacityBytes(), 16384u);
}

TEST_P(RingBufferTest, LimitIsAnErrorAndTheRingRecovers)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    SEDX_REQUIRE(RingBuffer ring,
                 RingBuffer::Create(*system, {.blockBytes = 4096, .maxBytes = 16384, .name = "small ring"}));
    {
        HeldTimelines held(Calls());
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
            for (int i = 0; i < 4; ++i)
                EXPECT_TRUE(Ok(ring.Allocate(frame, 4096, 1)));
            EXPECT_TRUE(FailsWith(ring.Allocate(frame, 4096, 1), ErrorCode::LimitExceeded, "small ring"));
            EXPECT_TRUE(FailsWith(ring.Allocate(frame, 16385, 1), ErrorCode::LimitExceeded));
        });
        commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
            EXPECT_TRUE(FailsWith(ring.Allocate(frame, 1, 1), ErrorCode::LimitExceeded));
        });
        EXPECT_LE(ring.CapacityBytes(), 16384u);
        EXPECT_EQ(held.Waits(), 0u);
    }
    commands.WaitIdle();
    commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
        for (int i = 0; i < 4; ++i)
            EXPECT_TRUE(Ok(ring.Allocate(frame, 4096, 1)));
    });
}

// Peers' mistake: counters that are not rolled back when the driver refuses, until nothing is left of the limit.
TEST_P(RingBufferTest, AFailedBlockLeavesTheLimitWhole)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 4096, .maxBytes = 16384}));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    for (int i = 0; i < 20; ++i)
    {
        Calls().FailFunction(Fn::CreateBuffer, VK_ERROR_OUT_OF_HOST_MEMORY, 1, 1000);
        EXPECT_FALSE(ring.Allocate(frame, 4096, 1));
        Calls().StopFailing();
    }
    EXPECT_EQ(0u, ring.CapacityBytes());
    for (int i = 0; i < 4; ++i)
        EXPECT_TRUE(Ok(ring.Allocate(frame, 4096, 1)));
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
}

TEST_P(RingBufferTest, DestroyedWhileItsFrameIsInFlight)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    const Bytes bytes = Pattern(1, 4096);
    SEDX_REQUIRE(const Buffer target, system->CreateBuffer(4096, BufferUsage::Storage, MemoryType::GPU));
    Gate gate(TheDevice());
    VkBuffer raw = VK_NULL_HANDLE;
    {
        SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 4096}));
        commands.RunFrame(
            *system,
            [&](const Frame& frame, VkCommandBuffer cmd) {
                const auto slice = ring.Allocate(frame, 4096);
                EXPECT_TRUE(Ok(slice));
                if (!slice)
                    return;
                std::copy(bytes.begin(), bytes.end(), slice->mapped);
                const ResolvedBuffer to = frame.Resolve(target);
                commands.Copy(cmd, slice->buffer, slice->offset, to.buffer, to.offset, 4096);
                raw = slice->buffer;
            },
            gate.Waits());
        RingBuffer moved = std::move(ring);
        EXPECT_EQ(ring.CapacityBytes(), 0u); // NOLINT: a moved-from ring is empty
    }
    system->Poll();
    EXPECT_TRUE(Calls().IsAlive(raw));
    gate.Open();
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, target)));
}

TEST_P(RingBufferTest, TwoOpenFramesKeepApart)
{
    auto system = MakeSystem({.framesInFlight = 4});
    ASSERT_TRUE(system);
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 4096}));
    SEDX_REQUIRE(const Frame slow, system->BeginFrame());
    Ranges live; // of the frame that stays open
    for (int i = 0; i < 3; ++i)
    {
        SEDX_REQUIRE(const Frame quick, system->BeginFrame());
        Ranges both = live;
        for (int slice = 0; slice < 10; ++slice)
        {
            SEDX_REQUIRE(const BufferSlice kept, ring.Allocate(slow, 300));
            SEDX_REQUIRE(const BufferSlice gone, ring.Allocate(quick, 300));
            live.Add(kept);
            both.Add(kept);
            both.Add(gone);
        }
        ASSERT_TRUE(Ok(system->AbandonFrame(quick)));
        EXPECT_TRUE(FailsWith(ring.Allocate(quick, 300), ErrorCode::WrongState));
    }
    ASSERT_TRUE(Ok(system->AbandonFrame(slow)));
}

// A frame of another system is not open here, even if it has the number of one that is.
TEST_P(RingBufferTest, FramesOfOtherSystemsAreRefused)
{
    auto system = MakeSystem();
    auto other = MakeSystem();
    ASSERT_TRUE(system && other);
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {}));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    SEDX_REQUIRE(const Frame foreign, other->BeginFrame());
    ASSERT_EQ(frame.Number(), foreign.Number());
    EXPECT_TRUE(Ok(ring.Allocate(frame, 16)));
    EXPECT_TRUE(FailsWith(ring.Allocate(foreign, 16), ErrorCode::WrongState));
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
    ASSERT_TRUE(Ok(other->AbandonFrame(foreign)));
}

// Slices of whole lines are written in one go where memory is write-combined.
TEST_P(RingBufferTest, SlicesOfWholeLinesBeginAtOne)
{
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.usage = BufferUsage::Vertex}));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    for (int i = 0; i < 10; ++i)
    {
        EXPECT_TRUE(Ok(ring.Allocate(frame, 20)));
        SEDX_REQUIRE(const BufferSlice slice, ring.Allocate(frame, 256));
        EXPECT_EQ(slice.offset % 64, 0u);
    }
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
}

TEST_P(RingBufferTest, FlushedBeforeTheFrameIsSubmitted)
{
    if (Layout().name != "NonCoherent")
        return; // coherent memory needs no flush
    auto system = MakeSystem();
    ASSERT_TRUE(system);
    SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {}));
    SEDX_REQUIRE(const Frame frame, system->BeginFrame());
    SEDX_REQUIRE(const BufferSlice slice, ring.Allocate(frame, 100));
    Calls().TakeFlushes();
    std::memset(slice.mapped, 1, 100);
    ASSERT_TRUE(Ok(frame.SubmitSync(0)));
    const std::vector<FlushRecord> flushes = Calls().TakeFlushes();
    EXPECT_GE(std::ranges::count(flushes, false, &FlushRecord::isInvalidate), 1);
    ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
}
} // namespace
} // namespace sedx::test
