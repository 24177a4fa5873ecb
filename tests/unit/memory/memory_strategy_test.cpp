// The choice of memory: a pure function, looked at with the layouts of real devices and with a few invented ones. What
// must hold for every layout is in memory_strategy_random_test.cpp.
#include "unit/memory/known_layouts.h"

#include "support/real_layouts.h"
#include "support/skip.h"

#include <algorithm>
#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::ElementsAre;

constexpr uint64_t kMiB = 1ull << 20;
constexpr uint64_t kGiB = 1ull << 30;

MemoryFacts Invented(std::vector<VkMemoryHeap> heaps, std::vector<VkMemoryType> types)
{
    KnownLayout layout{};
    layout.heaps = std::move(heaps);
    layout.types = std::move(types);
    return layout.Facts();
}

const Types& TypesOf(const MemoryStrategy& strategy, PlacementKind kind) { return strategy.For(kind).types; }

void ExpectKnown(const KnownLayout& known, const MemoryStrategy& strategy)
{
    EXPECT_EQ(strategy.memoryClass, known.expectedClass) << ToString(strategy.memoryClass);
    EXPECT_FALSE(strategy.classReason.empty());
    for (size_t i = 0; i < known.expectedTypes.size(); ++i)
    {
        const auto kind = static_cast<PlacementKind>(i);
        EXPECT_EQ(TypesOf(strategy, kind), known.expectedTypes[i]) << ToString(kind);
        EXPECT_FALSE(strategy.For(kind).reason.empty());
    }
    ASSERT_EQ(strategy.heaps.size(), known.expectedCaps.size());
    for (uint32_t i = 0; i < strategy.heaps.size(); ++i)
    {
        EXPECT_EQ(strategy.heaps[i].capBytes, known.expectedCaps[i]) << "heap " << i;
        EXPECT_EQ(strategy.heaps[i].isSmallBar, std::ranges::count(known.expectedWindows, i) == 1) << "heap " << i;
    }
    EXPECT_EQ(strategy.writesInPlace,
              known.expectedClass != MemoryClass::SmallBar && known.expectedClass != MemoryClass::None);
}

TEST(MemoryStrategy, RealDevicesGetTheirTable)
{
    ASSERT_EQ(KnownLayouts().size(), 15u);
    for (const KnownLayout& known : KnownLayouts())
    {
        SCOPED_TRACE(known.name);
        ExpectKnown(known, ChooseMemory(known.Facts()));
    }
}

TEST(MemoryStrategy, TheDataFolderSaysTheSame)
{
    const std::vector<RealLayout> layouts = LoadRealLayouts();
    if (layouts.empty())
        SEDX_SKIP("no memory layouts in " + RealLayoutFolder());
    for (const RealLayout& real : layouts)
    {
        SCOPED_TRACE(real.file);
        const auto known = std::ranges::find(KnownLayouts(), real.file, &KnownLayout::name);
        MemoryFacts facts;
        facts.memory = real.layout.MemoryProperties();
        facts.deviceType = real.layout.deviceType;
        const MemoryStrategy strategy = ChooseMemory(facts);
        if (known != KnownLayouts().end())
            ExpectKnown(*known, strategy);
        else // a new file without a row in the table: at least it gets something
            EXPECT_FALSE(TypesOf(strategy, PlacementKind::Device).empty());
    }
}

TEST(MemoryStrategy, EveryMemoryTypeHasItsPlacement)
{
    EXPECT_EQ(PlacementOf(MemoryType::GPU), PlacementKind::Device);
    EXPECT_EQ(PlacementOf(MemoryType::CPU), PlacementKind::HostWrite);
    EXPECT_EQ(PlacementOf(MemoryType::Readback), PlacementKind::HostRead);
    EXPECT_EQ(PlacementOf(MemoryType::GPUUpload), PlacementKind::DeviceAndHost);
    const MemoryStrategy strategy = ChooseMemory(KnownLayouts().front().Facts());
    EXPECT_EQ(&strategy.For(MemoryType::Readback), &strategy.For(PlacementKind::HostRead));
}

TEST(MemoryStrategy, AtomsAreThoseOfMappableMemoryThatIsNotCoherent)
{
    // Visible and cached; visible and coherent; visible only; not visible.
    MemoryFacts facts = Invented({{kGiB, 1}}, {{11, 0}, {7, 0}, {3, 0}, {1, 0}});
    facts.nonCoherentAtomSize = 128;
    EXPECT_THAT(ChooseMemory(facts).atomBytes, ElementsAre(128, 1, 128, 1));
    facts.nonCoherentAtomSize = 0; // a driver that doesn't say
    EXPECT_THAT(ChooseMemory(facts).atomBytes, ElementsAre(1, 1, 1, 1));
}

TEST(MemoryStrategy, NothingAtAllIsSurvived)
{
    for (const MemoryFacts& facts :
         {MemoryFacts{}, Invented({{kGiB, 1}}, {}), Invented({}, {{7, 0}}), Invented({{kGiB, 1}}, {{7, 9}}),
          Invented({{0, 1}}, {{7, 0}}), Invented({{kGiB, 1}}, {{1 | 0x20, 0}, {1 | 0x10, 0}})})
    {
        const MemoryStrategy strategy = ChooseMemory(facts);
        EXPECT_EQ(strategy.memoryClass, MemoryClass::None);
        EXPECT_FALSE(strategy.writesInPlace);
        for (const Placement& placement : strategy.placements)
        {
            EXPECT_TRUE(placement.types.empty());
            EXPECT_THAT(placement.reason, testing::StartsWith("nowhere"));
        }
        for (const HeapRules& rules : strategy.heaps)
        {
            EXPECT_EQ(rules.capBytes, 0u);
        }
    }
}

TEST(MemoryStrategy, SpecialPurposeMemoryIsLeftAlone)
{
    // Lazily allocated, protected, AMD's device-coherent, RDMA, a flag of the future; last, a heap of Adreno's tile memory.
    const MemoryStrategy strategy = ChooseMemory(
        Invented({{4 * kGiB, 1}, {3 * kMiB, 1 | 8}},
                 {{1 | 0x10, 0}, {1 | 0x20, 0}, {7 | 0xC0, 0}, {7 | 0x100, 0}, {7 | 0x4000, 0}, {1, 1}, {7, 0}}));
    for (const Placement& placement : strategy.placements)
    {
        EXPECT_THAT(placement.types, ElementsAre(6));
    }
    EXPECT_EQ(strategy.memoryClass, MemoryClass::Unified);
    EXPECT_EQ(strategy.heaps[1].capBytes, 0u);
}

TEST(MemoryStrategy, DuplicatesKeepTheOrderOfTheDriver)
{
    std::vector<VkMemoryType> types;
    for (uint32_t i = 0; i < 16; ++i)
        types.push_back({i % 2 == 0 ? 1u : 6u, i % 2});
    const MemoryStrategy strategy = ChooseMemory(Invented({{8 * kGiB, 1}, {16 * kGiB, 0}}, types));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::Device),
                ElementsAre(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::HostRead), ElementsAre(1, 3, 5, 7, 9, 11, 13, 15));
}

TEST(MemoryStrategy, TwoWindowsOfTheSameSizeAsTheRest)
{
    // An integrated AMD GPU with 512 MiB, half of it mappable: a window, though no heap is larger than it.
    MemoryFacts facts = Invented({{256 * kMiB, 1}, {6 * kGiB, 0}, {256 * kMiB, 1}}, {{1, 0}, {6, 1}, {7, 2}, {14, 1}});
    facts.deviceType = VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU;
    const MemoryStrategy strategy = ChooseMemory(facts);
    EXPECT_EQ(strategy.memoryClass, MemoryClass::SmallBar);
    EXPECT_THAT(TypesOf(strategy, PlacementKind::Device), ElementsAre(0, 1, 3, 2));
    EXPECT_EQ(strategy.heaps[2].capBytes, 128 * kMiB);
}

TEST(MemoryStrategy, ALargeWindowOntoMuchLargerMemoryIsStillAWindow)
{
    const MemoryStrategy strategy =
        ChooseMemory(Invented({{12 * kGiB, 1}, {32 * kGiB, 0}, {4 * kGiB, 1}}, {{1, 0}, {6, 1}, {14, 1}, {7, 2}}));
    EXPECT_EQ(strategy.memoryClass, MemoryClass::SmallBar);
    EXPECT_EQ(strategy.heaps[2].capBytes, 2 * kGiB);
    EXPECT_THAT(TypesOf(strategy, PlacementKind::Device), ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::HostWrite), ElementsAre(1, 2, 3));
}

TEST(MemoryStrategy, NineTenthsMappableIsAFullBar)
{
    const std::vector<VkMemoryType> types{{1, 0}, {7, 1}, {6, 2}};
    EXPECT_EQ(ChooseMemory(Invented({{kGiB, 1}, {9 * kGiB, 1}, {kGiB, 0}}, types)).memoryClass, MemoryClass::FullBar);
    EXPECT_EQ(ChooseMemory(Invented({{2 * kGiB, 1}, {9 * kGiB, 1}, {kGiB, 0}}, types)).memoryClass,
              MemoryClass::SmallBar);
}

TEST(MemoryStrategy, AWindowBesideAFullBarIsKeptForTheEnd)
{
    const MemoryStrategy strategy =
        ChooseMemory(Invented({{246 * kMiB, 1}, {16 * kGiB, 1}, {16 * kGiB, 0}}, {{7, 0}, {7, 1}, {6, 2}, {14, 2}}));
    EXPECT_EQ(strategy.memoryClass, MemoryClass::FullBar);
    EXPECT_TRUE(strategy.heaps[0].isSmallBar);
    EXPECT_EQ(strategy.heaps[0].capBytes, 123 * kMiB);
    EXPECT_THAT(TypesOf(strategy, PlacementKind::Device), ElementsAre(1, 2, 3, 0));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::HostWrite), ElementsAre(2, 3, 1, 0));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::HostRead), ElementsAre(3, 2, 1, 0));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::DeviceAndHost), ElementsAre(1, 0, 2, 3));
}

TEST(MemoryStrategy, WithoutHostMemoryTheWindowIsTheLastResort)
{
    const MemoryStrategy strategy = ChooseMemory(Invented({{8 * kGiB, 1}, {256 * kMiB, 1}}, {{1, 0}, {7, 1}}));
    EXPECT_EQ(strategy.memoryClass, MemoryClass::SmallBar);
    EXPECT_THAT(TypesOf(strategy, PlacementKind::Device), ElementsAre(0, 1));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::HostWrite), ElementsAre(1));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::HostRead), ElementsAre(1));
}

TEST(MemoryStrategy, MemoryThatIsNeverCoherentIsUsedAllTheSame)
{
    // A card with "managed" memory: mappable, but not coherent.
    MemoryFacts facts = Invented({{8 * kGiB, 1}, {16 * kGiB, 0}}, {{1, 0}, {11, 0}, {10, 1}});
    const MemoryStrategy strategy = ChooseMemory(facts);
    EXPECT_EQ(strategy.memoryClass, MemoryClass::FullBar);
    EXPECT_THAT(TypesOf(strategy, PlacementKind::Device), ElementsAre(0, 1, 2));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::HostWrite), ElementsAre(2, 1));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::HostRead), ElementsAre(2, 1));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::DeviceAndHost), ElementsAre(1, 2));
    EXPECT_THAT(strategy.atomBytes, ElementsAre(1, 64, 64));
    EXPECT_FALSE(strategy.writesInPlace);
    EXPECT_THAT(strategy.For(PlacementKind::HostRead).reason, testing::HasSubstr("invalidated"));
}

TEST(MemoryStrategy, OnlyTheNonCoherentTypeIsCached)
{
    const MemoryStrategy strategy = ChooseMemory(Invented({{8 * kGiB, 1}, {16 * kGiB, 0}}, {{1, 0}, {6, 1}, {10, 1}}));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::HostRead), ElementsAre(2, 1));
    EXPECT_THAT(TypesOf(strategy, PlacementKind::HostWrite), ElementsAre(1, 2));
}

TEST(MemoryStrategy, BlocksFitTheHeapAndTheLimits)
{
    const auto blocks = [](uint64_t heapBytes, uint64_t allocation = 0, uint64_t buffer = 0, uint64_t count = 0) {
        MemoryFacts facts = Invented({{heapBytes, 1}}, {{15, 0}});
        facts.maxMemoryAllocationSize = allocation;
        facts.maxBufferSize = buffer;
        facts.maxMemoryAllocationCount = count;
        return ChooseMemory(facts).heaps[0].blockBytes;
    };
    EXPECT_EQ(blocks(16 * kGiB), 64 * kMiB);
    EXPECT_EQ(blocks(2 * kGiB), 64 * kMiB);
    EXPECT_EQ(blocks(kGiB), 32 * kMiB);
    EXPECT_EQ(blocks(1000 * kMiB), 16 * kMiB); // a power of two
    EXPECT_EQ(blocks(kMiB), kMiB / 4);
    EXPECT_EQ(blocks(100000), 65536u);
    EXPECT_EQ(blocks(1), 1u);
    EXPECT_EQ(blocks(16 * kGiB, 10 * kMiB), 8 * kMiB);
    EXPECT_EQ(blocks(16 * kGiB, 0, 3 * kMiB), 2 * kMiB);
    EXPECT_EQ(blocks(16 * kGiB, 2 * kGiB, 2 * kGiB, 4096), 64 * kMiB);
    EXPECT_EQ(blocks(16 * kGiB, 0, 0, 16), 4 * kGiB); // few allocations: four fill the heap, and there are eight
    EXPECT_EQ(blocks(16 * kGiB, 2 * kGiB, 0, 1), 2 * kGiB);
    EXPECT_EQ(blocks(~uint64_t{0}, 0, 0, 1), uint64_t{1} << 63);
}

TEST(MemoryStrategy, AWindowTakesTinyBuffersOnly)
{
    const MemoryStrategy strategy =
        ChooseMemory(Invented({{8 * kGiB, 1}, {16 * kGiB, 0}, {256 * kMiB, 1}}, {{1, 0}, {6, 1}, {7, 2}}));
    EXPECT_EQ(strategy.heaps[2].blockBytes, 4 * kMiB);
    EXPECT_EQ(strategy.heaps[2].maxBufferBytes, kMiB);
    EXPECT_EQ(strategy.heaps[0].maxBufferBytes, 8 * kGiB);
}

TEST(MemoryStrategy, ExtensionsAreNamedAndNeverChangeTheOrder)
{
    MemoryFacts facts = KnownLayouts().front().Facts();
    const MemoryStrategy without = ChooseMemory(facts);
    facts.memoryBudget = facts.memoryPriority = facts.pageableDeviceLocalMemory = true;
    const MemoryStrategy with = ChooseMemory(facts);
    for (size_t i = 0; i < with.placements.size(); ++i)
    {
        EXPECT_EQ(with.placements[i].types, without.placements[i].types);
    }
    EXPECT_TRUE(with.blocksByPriority);
    EXPECT_FALSE(without.blocksByPriority);
    EXPECT_NE(with.heaps[0].reason, without.heaps[0].reason);
}
} // namespace
} // namespace sedx::test
