// Blocks: who shares one, what stays warm and for how long, contents of neighbours, and descs that are refused.
#include "support/gpu_test.h"
#include "support/test_clock.h"

#include <algorithm>

namespace sedx::test
{
namespace
{
constexpr uint64_t kKiB = 1ull << 10;
constexpr uint64_t kMiB = 1ull << 20;

ResolvedBuffer PlaceOf(BufferSystem& system, const Buffer& buffer)
{
    const auto frame = system.BeginFrame();
    EXPECT_TRUE(Ok(frame));
    if (!frame)
        return {};
    const ResolvedBuffer place = frame->Resolve(buffer);
    EXPECT_TRUE(Ok(system.AbandonFrame(*frame)));
    return place;
}

class BlocksTest : public GpuLayoutTest
{
  protected:
    std::unique_ptr<BufferSystem> Make(BudgetDesc budget = {})
    {
        return MakeSystem({.sharing = BufferSharing::Shared,
                           .warmMemoryNs = kWarmNs,
                           .budget = std::move(budget),
                           .clock = m_clock.Function()});
    }
    static Buffer Create(BufferSystem& system, uint64_t bytes, BufferUsage usage = BufferUsage::Storage,
                         MemoryType memory = MemoryType::GPU, BufferPriority priority = BufferPriority::Normal)
    {
        auto made = system.CreateBuffer(
            {.bytes = bytes, .usage = usage, .memory = memory, .name = "block test", .priority = priority});
        EXPECT_TRUE(Ok(made));
        return made ? *made : Buffer();
    }

    static constexpr uint64_t kWarmNs = 1'000'000;
    TestClock m_clock;
};

INSTANTIATE_TEST_SUITE_P(Layouts, BlocksTest,
                         testing::Values(MemoryLayout::Native(), MemoryLayout::Discrete(), MemoryLayout::SmallBar(),
                                         MemoryLayout::NonCoherent()),
                         LayoutName);

// ---- who shares ----------------------------------------------------------------------------------------------------

TEST_P(BlocksTest, SmallAndMediumBuffersShareLargeOnesDoNot)
{
    auto system = Make();
    ASSERT_TRUE(system);
    const Buffer a = Create(*system, 100);
    const Buffer b = Create(*system, 100, BufferUsage::Vertex);
    const Buffer c = Create(*system, 100 * kKiB);
    const Buffer large = Create(*system, 100 * kMiB);
    EXPECT_EQ(PlaceOf(*system, a).buffer, PlaceOf(*system, b).buffer);
    EXPECT_EQ(PlaceOf(*system, a).buffer, PlaceOf(*system, c).buffer);
    EXPECT_NE(PlaceOf(*system, a).buffer, PlaceOf(*system, large).buffer);
    EXPECT_EQ(PlaceOf(*system, large).offset, 0u);
    EXPECT_EQ(system->GetReport().blocks, 1u);
}

TEST_P(BlocksTest, UsageClassesDoNotMix)
{
    auto system = Make();
    ASSERT_TRUE(system);
    for (const uint64_t bytes : {uint64_t{100}, 100 * kKiB})
    {
        const Buffer general = Create(*system, bytes, BufferUsage::Storage);
        const Buffer transfer = Create(*system, bytes, BufferUsage::TransferSrc);
        const Buffer scratch = Create(*system, bytes, BufferUsage::Scratch);
        EXPECT_NE(PlaceOf(*system, general).buffer, PlaceOf(*system, transfer).buffer);
        EXPECT_NE(PlaceOf(*system, general).buffer, PlaceOf(*system, scratch).buffer);
        EXPECT_NE(PlaceOf(*system, transfer).buffer, PlaceOf(*system, scratch).buffer);
        EXPECT_NE(PlaceOf(*system, scratch).address, 0u);
        EXPECT_EQ(PlaceOf(*system, transfer).address, 0u);
    }
    EXPECT_EQ(system->GetReport().blocks, 3u);
}

TEST_P(BlocksTest, PlacementsDoNotMix)
{
    if (Layout().name != "Discrete")
        return; // elsewhere they may share a memory type
    auto system = Make();
    ASSERT_TRUE(system);
    const Buffer gpu = Create(*system, 100, BufferUsage::Storage, MemoryType::GPU);
    const Buffer cpu = Create(*system, 100, BufferUsage::Storage, MemoryType::CPU);
    const Buffer read = Create(*system, 100, BufferUsage::Storage, MemoryType::Readback);
    EXPECT_NE(PlaceOf(*system, gpu).buffer, PlaceOf(*system, cpu).buffer);
    EXPECT_NE(PlaceOf(*system, gpu).buffer, PlaceOf(*system, read).buffer);
    EXPECT_NE(PlaceOf(*system, cpu).buffer, PlaceOf(*system, read).buffer);
    EXPECT_EQ(PlaceOf(*system, gpu).mapped, nullptr);
    EXPECT_NE(PlaceOf(*system, cpu).mapped, nullptr);
    EXPECT_NE(PlaceOf(*system, read).mapped, nullptr);
}

TEST_P(BlocksTest, PrioritiesMixOnlyWhereTheDeviceHasNone)
{
    auto system = Make();
    ASSERT_TRUE(system);
    const bool byPriority = TheDevice().IsExtensionEnabled(VK_EXT_MEMORY_PRIORITY_EXTENSION_NAME) ||
                            TheDevice().IsExtensionEnabled(VK_EXT_PAGEABLE_DEVICE_LOCAL_MEMORY_EXTENSION_NAME);
    for (const uint64_t bytes : {uint64_t{100}, 100 * kKiB})
    {
        const auto place = [&](BufferPriority priority) {
            const Buffer buffer = Create(*system, bytes, BufferUsage::Storage, MemoryType::GPU, priority);
            return PlaceOf(*system, buffer).buffer;
        };
        const VkBuffer low = place(BufferPriority::Low);
        const VkBuffer normal = place(BufferPriority::Normal);
        const VkBuffer high = place(BufferPriority::High);
        EXPECT_EQ(low != normal, byPriority);
        EXPECT_EQ(normal != high, byPriority);
        EXPECT_EQ(low != high, byPriority);
    }
    EXPECT_EQ(system->GetReport().blocks, byPriority ? 3u : 1u);
}

// ---- numbers -------------------------------------------------------------------------------------------------------

TEST_P(BlocksTest, TheReportCountsBlocksAndTheirFreeBytes)
{
    auto system = Make();
    ASSERT_TRUE(system);
    EXPECT_EQ(system->GetReport().blocks, 0u);
    const Buffer first = Create(*system, 100 * kKiB);
    const Report one = system->GetReport();
    EXPECT_EQ(one.blocks, 1u);
    EXPECT_GE(one.blockBytes, 100 * kKiB);
    EXPECT_EQ(one.blockFreeBytes, one.blockBytes - 100 * kKiB);
    EXPECT_EQ(one.committedBytes, one.blockBytes);
    EXPECT_GE(one.gpu.bytes, 100 * kKiB);
    EXPECT_LT(one.gpu.bytes, 101 * kKiB);

    Buffer second = Create(*system, 200 * kKiB);
    EXPECT_EQ(system->GetReport().blockFreeBytes, one.blockFreeBytes - 200 * kKiB);
    second = {};
    EXPECT_EQ(system->GetReport().blockFreeBytes, one.blockFreeBytes);

    // One of its own is committed, but no block.
    const Buffer large = Create(*system, 100 * kMiB);
    const Report two = system->GetReport();
    EXPECT_EQ(two.blocks, 1u);
    EXPECT_EQ(two.blockBytes, one.blockBytes);
    EXPECT_GE(two.committedBytes, one.committedBytes + 100 * kMiB);
}

// Blocks grow with what their group holds, so that little use takes little memory and much use few allocations.
TEST_P(BlocksTest, FewBuffersTakeLittleAndManyTakeFewBlocks)
{
    auto system = Make();
    ASSERT_TRUE(system);
    std::vector<Buffer> buffers{Create(*system, 100)};
    EXPECT_LE(system->GetReport().committedBytes, kMiB);
    uint64_t bytes = 0;
    while (bytes < 200 * kMiB)
    {
        buffers.push_back(Create(*system, 60 * kKiB));
        bytes += 60 * kKiB;
        ASSERT_FALSE(HasFailure());
    }
    const Report report = system->GetReport();
    EXPECT_LE(report.committedBytes, bytes + bytes / 4);
    EXPECT_LT(report.blocks, 60u);
}

// ---- warm ----------------------------------------------------------------------------------------------------------

TEST_P(BlocksTest, AnEmptyBlockStaysWarmAndServesAgain)
{
    auto system = Make();
    ASSERT_TRUE(system);
    for (const uint64_t bytes : {uint64_t{100}, 100 * kKiB})
    {
        Create(*system, bytes); // and dropped
        EXPECT_EQ(system->GetReport().blocks, 1u);
        const uint64_t allocations = Calls().Calls(Fn::AllocateMemory);
        for (int i = 0; i < 10; ++i)
            Create(*system, bytes);
        EXPECT_EQ(Calls().Calls(Fn::AllocateMemory), allocations);
        system->ReleaseWarmMemory();
        EXPECT_EQ(system->GetReport().blocks, 0u);
    }
}

TEST_P(BlocksTest, TimeTrimsThroughPollWithoutFrames)
{
    auto system = Make();
    ASSERT_TRUE(system);
    Create(*system, 100 * kKiB);
    m_clock.Advance(kWarmNs - 1);
    system->Poll();
    EXPECT_EQ(system->GetReport().blocks, 1u) << "trimmed too early";
    m_clock.Advance(kWarmNs / 4 + 1); // it is looked at four times in that span
    system->Poll();
    EXPECT_EQ(system->GetReport().blocks, 0u);
    EXPECT_EQ(system->GetReport().committedBytes, 0u);
    EXPECT_EQ(Calls().AliveObjects("Memory"), 0u);
}

// A small one lies in a chunk of a block: both have to be empty for that long.
TEST_P(BlocksTest, ChunksOfSmallBuffersAreTrimmedToo)
{
    auto system = Make();
    ASSERT_TRUE(system);
    Create(*system, 100);
    uint64_t passed = 0;
    while (system->GetReport().blocks != 0 && passed < 10 * kWarmNs)
    {
        m_clock.Advance(kWarmNs / 8);
        passed += kWarmNs / 8;
        system->Poll();
    }
    EXPECT_GE(passed, kWarmNs);
    EXPECT_LE(passed, 2 * (kWarmNs + kWarmNs / 4));
}

TEST_P(BlocksTest, WhatIsInUseIsNeverTrimmed)
{
    auto system = Make();
    ASSERT_TRUE(system);
    const Bytes bytes = Pattern(5, 100);
    const Buffer small = Create(*system, 100);
    ASSERT_TRUE(Ok(system->Uploads().Write(small, 0, bytes)));
    for (int i = 0; i < 20; ++i)
    {
        m_clock.Advance(kWarmNs);
        system->Poll();
    }
    EXPECT_EQ(system->GetReport().blocks, 1u);
    EXPECT_EQ(system->ReleaseWarmMemory(), 0u);
    EXPECT_EQ(system->GetReport().blocks, 1u);
    EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, small)));
}

TEST_P(BlocksTest, UseStartsTheTimeAnew)
{
    auto system = Make();
    ASSERT_TRUE(system);
    Create(*system, 100 * kKiB);
    for (int i = 0; i < 10; ++i)
    {
        m_clock.Advance(kWarmNs * 3 / 4);
        system->Poll();
        ASSERT_EQ(system->GetReport().blocks, 1u) << i;
        Create(*system, 100 * kKiB);
    }
    EXPECT_EQ(Calls().AliveObjects("Memory"), 1u);
}

TEST_P(BlocksTest, ReleaseWarmMemoryGivesItBackAndSaysHowMuch)
{
    auto system = Make();
    ASSERT_TRUE(system);
    EXPECT_EQ(system->ReleaseWarmMemory(), 0u);
    const Buffer stays = Create(*system, 100);
    const uint64_t before = system->GetReport().committedBytes;
    Create(*system, 3 * kMiB);
    Create(*system, 100, BufferUsage::TransferSrc);
    const uint64_t warm = system->GetReport().committedBytes;
    EXPECT_GT(warm, before);
    EXPECT_EQ(system->ReleaseWarmMemory(), warm - before);
    EXPECT_EQ(system->GetReport().committedBytes, before);
    EXPECT_EQ(system->ReleaseWarmMemory(), 0u);
}

// Not only blocks: what is too large for one, and rings, must not leave memory behind in some other cache.
TEST_P(BlocksTest, BuffersOfTheirOwnLeaveNothingBehind)
{
    auto system = Make();
    ASSERT_TRUE(system);
    const std::string before = Calls().Alive();
    for (const uint64_t bytes : {600 * kKiB, 9 * kMiB, 100 * kMiB})
        for (const MemoryType memory : {MemoryType::GPU, MemoryType::GPUUpload, MemoryType::CPU})
            Create(*system, bytes, BufferUsage::Storage, memory);
    {
        SEDX_REQUIRE(RingBuffer ring, RingBuffer::Create(*system, {.blockBytes = 64 * kKiB}));
        SEDX_REQUIRE(const Frame frame, system->BeginFrame());
        EXPECT_TRUE(Ok(ring.Allocate(frame, 1000)));
        ASSERT_TRUE(Ok(system->AbandonFrame(frame)));
    }
    system->Poll();
    system->ReleaseWarmMemory();
    EXPECT_EQ(Calls().Alive(), before);
    EXPECT_EQ(system->GetReport().committedBytes, 0u);
}

TEST_P(BlocksTest, PressureReleasesWarmBlocks)
{
    if (Layout().name != "Native" && Layout().name != "NonCoherent")
        return; // with other heaps the limit makes the buffer fall back instead
    auto system = Make({.limitBytes = 4 * kMiB});
    ASSERT_TRUE(system);
    Create(*system, 3 * kMiB, BufferUsage::TransferSrc); // warm, in a group of its own
    ASSERT_GE(system->GetReport().committedBytes, 3 * kMiB);
    const Buffer buffer = Create(*system, 2 * kMiB);
    EXPECT_TRUE(buffer);
    EXPECT_LE(system->GetReport().committedBytes, 4 * kMiB);
}

// ---- contents ------------------------------------------------------------------------------------------------------

// Every byte of every buffer is known while neighbours of odd sizes are written in all ways, created and dropped.
TEST_P(BlocksTest, NeighboursKeepTheirBytes)
{
    auto system = Make();
    ASSERT_TRUE(system);
    TestCommands commands(TheDevice());
    Random random(0xB17E5);
    SCOPED_TRACE(random.Trace());
    struct Known
    {
        Buffer buffer;
        Bytes bytes;
    };
    std::vector<Known> all;
    constexpr std::array kMemories{MemoryType::GPU, MemoryType::CPU, MemoryType::Readback, MemoryType::GPUUpload};
    constexpr std::array kUsages{BufferUsage::Storage, BufferUsage::Uniform, BufferUsage::Vertex,
                                 BufferUsage::TransferSrc};
    uint64_t seed = 1;
    const auto make = [&] {
        const uint64_t bytes = random.Chance(1, 10) ? random.Between(16'000, 60'001) : random.Between(1, 1500);
        Buffer buffer = Create(*system, bytes, kUsages[random.Between(0, 3)], kMemories[random.Between(0, 3)]);
        ASSERT_TRUE(buffer);
        Bytes pattern = Pattern(++seed, bytes);
        ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, pattern)));
        all.push_back({std::move(buffer), std::move(pattern)});
    };
    const auto writePart = [&](Known& known) {
        const uint64_t size = known.bytes.size();
        const uint64_t offset = random.Between(0, size - 1);
        const Bytes part = Pattern(++seed, random.Between(1, size - offset));
        ASSERT_TRUE(Ok(system->Uploads().Write(known.buffer, offset, part)));
        std::ranges::copy(part, known.bytes.begin() + static_cast<ptrdiff_t>(offset));
    };
    const auto mapWhole = [&](Known& known) {
        if (known.buffer.Memory() == MemoryType::GPU)
            return;
        const Bytes pattern = Pattern(++seed, known.bytes.size());
        auto mapping = system->MapWritable<std::byte>(known.buffer, MapMode::WriteDiscard);
        ASSERT_TRUE(Ok(mapping));
        std::ranges::copy(pattern, mapping->Span().begin());
        known.bytes = pattern;
    };
    for (int i = 0; i < 60; ++i)
        ASSERT_NO_FATAL_FAILURE(make());
    for (int round = 0; round < 12; ++round)
    {
        for (int i = 0; i < 25; ++i)
        {
            Known& known = all[random.Between(0, all.size() - 1)];
            switch (random.Between(0, 3))
            {
            case 0:
                std::swap(known, all.back());
                all.pop_back();
                ASSERT_NO_FATAL_FAILURE(make());
                break;
            case 1: ASSERT_NO_FATAL_FAILURE(mapWhole(known)); break;
            default: ASSERT_NO_FATAL_FAILURE(writePart(known));
            }
        }
        if (round % 3 == 0) // some are in flight while the next round writes
            commands.RunFrame(*system, [&](const Frame& frame, VkCommandBuffer) {
                for (size_t i = 0; i < all.size(); i += 2)
                    frame.Resolve(all[i].buffer);
            });
        for (const Known& known : all)
            ASSERT_TRUE(SameBytes(known.bytes, ReadBack(*system, known.buffer)))
                << "round " << round << ", " << system->Explain(known.buffer);
    }
    commands.WaitIdle();
}

// A flush or an invalidation must not reach into the atom of a neighbour.
TEST_P(BlocksTest, FlushesStayWithinTheBuffer)
{
    if (Layout().name != "NonCoherent")
        return;
    auto system = Make();
    ASSERT_TRUE(system);
    const uint64_t atom = TheDevice().Properties().limits.nonCoherentAtomSize;
    std::vector<Buffer> buffers;
    for (int i = 0; i < 20; ++i)
        buffers.push_back(Create(*system, 3 + static_cast<uint64_t>(i) * 41, BufferUsage::Vertex, MemoryType::CPU));
    for (const Buffer& buffer : buffers)
    {
        const ResolvedBuffer place = PlaceOf(*system, buffer);
        Calls().TakeFlushes();
        SEDX_REQUIRE(std::byte* const data, system->MapBuffer(buffer));
        std::fill_n(data, buffer.GetSize(), std::byte{1});
        system->UnmapBuffer(buffer);
        const std::vector<FlushRecord> flushes = Calls().TakeFlushes();
        ASSERT_FALSE(flushes.empty());
        for (const FlushRecord& flush : flushes) // blocks are VkDeviceMemory of their own: offsets agree
        {
            EXPECT_GE(flush.offset, place.offset);
            EXPECT_LE(flush.offset + flush.bytes, place.offset + (buffer.GetSize() + atom - 1) / atom * atom);
        }
    }
}

// ---- descs that are refused ----------------------------------------------------------------------------------------

class BufferDescTest : public GpuTest, public testing::WithParamInterface<BufferSharing>
{
  protected:
    static BufferDesc Good()
    {
        return {.bytes = 1000, .usage = BufferUsage::Storage, .memory = MemoryType::GPU, .name = "wished"};
    }
};

INSTANTIATE_TEST_SUITE_P(Sharing, BufferDescTest, testing::Values(BufferSharing::Shared, BufferSharing::Own),
                         [](const testing::TestParamInfo<BufferSharing>& tested) {
                             return tested.param == BufferSharing::Shared ? "Shared" : "Own";
                         });

TEST_P(BufferDescTest, AlignmentsThatAreNone)
{
    auto system = MakeSystem({.sharing = GetParam()});
    ASSERT_TRUE(system);
    for (const uint64_t alignment : {uint64_t{3}, uint64_t{48}, uint64_t{65'535}, uint64_t{65'537}, 128 * kKiB,
                                     uint64_t{1} << 32, uint64_t{1} << 63, ~uint64_t{0}})
    {
        BufferDesc desc = Good();
        desc.alignment = alignment;
        EXPECT_TRUE(FailsWith(system->CreateBuffer(desc), ErrorCode::InvalidArgument, "'wished'")) << alignment;
        EXPECT_TRUE(FailsWith(system->CreateBuffer(desc), ErrorCode::InvalidArgument, std::to_string(alignment)));
    }
    EXPECT_EQ(system->GetReport().createdBuffers, 0u);
}

TEST_P(BufferDescTest, EveryAlignmentUpTo64KiBIsKept)
{
    auto system = MakeSystem({.sharing = GetParam()});
    ASSERT_TRUE(system);
    std::vector<Buffer> buffers;
    for (const uint64_t bytes : {uint64_t{1}, uint64_t{1000}, 20 * kKiB, kMiB, 20 * kMiB})
        for (uint64_t alignment = 1; alignment <= 64 * kKiB; alignment *= 2)
        {
            BufferDesc desc = Good();
            desc.bytes = bytes;
            desc.alignment = alignment;
            SEDX_REQUIRE(const Buffer buffer, system->CreateBuffer(desc));
            const ResolvedBuffer place = PlaceOf(*system, buffer);
            EXPECT_EQ(place.offset % alignment, 0u) << bytes << " bytes, alignment " << alignment;
            EXPECT_EQ(place.address % std::min<uint64_t>(alignment, 4096), 0u)
                << bytes << " bytes, alignment " << alignment;
            buffers.push_back(buffer);
        }
}

TEST_P(BufferDescTest, PrioritiesOutOfRange)
{
    auto system = MakeSystem({.sharing = GetParam()});
    ASSERT_TRUE(system);
    for (const uint32_t priority : {3u, 4u, 1000u, ~0u})
    {
        BufferDesc desc = Good();
        desc.priority = static_cast<BufferPriority>(priority);
        EXPECT_TRUE(FailsWith(system->CreateBuffer(desc), ErrorCode::InvalidArgument, "'wished'")) << priority;
    }
}

TEST_P(BufferDescTest, MemoryTypesThatAreNone)
{
    auto system = MakeSystem({.sharing = GetParam()});
    ASSERT_TRUE(system);
    for (const uint32_t memory : {0u, 3u, 16u, 1u << 31})
    {
        BufferDesc desc = Good();
        desc.memory = static_cast<MemoryType>(memory);
        EXPECT_TRUE(FailsWith(system->CreateBuffer(desc), ErrorCode::InvalidArgument, "'wished'")) << memory;
    }
}

TEST_P(BufferDescTest, RayTracingWithoutItsExtension)
{
    auto system = MakeSystem({.sharing = GetParam()});
    ASSERT_TRUE(system);
    const auto expectMissing = [&](BufferUsage usage, const char* extension) {
        if (TheDevice().IsExtensionEnabled(extension))
            return;
        BufferDesc desc = Good();
        desc.usage = usage | BufferUsage::Storage;
        EXPECT_TRUE(FailsWith(system->CreateBuffer(desc), ErrorCode::MissingFeature, extension));
        EXPECT_TRUE(FailsWith(system->CreateBuffer(desc), ErrorCode::MissingFeature, "'wished'"));
    };
    expectMissing(BufferUsage::AccelerationStructure, "VK_KHR_acceleration_structure");
    expectMissing(BufferUsage::AccelerationStructureInput, "VK_KHR_acceleration_structure");
    expectMissing(BufferUsage::ShaderBindingTable, "VK_KHR_ray_tracing_pipeline");
    // Scratch needs none: it is storage, aligned.
    BufferDesc desc = Good();
    desc.usage = BufferUsage::Scratch;
    EXPECT_TRUE(Ok(system->CreateBuffer(desc)));
}
} // namespace
} // namespace sedx::test
