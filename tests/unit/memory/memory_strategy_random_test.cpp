// What must hold for every memory layout, real or invented.
#include "unit/memory/known_layouts.h"

#include "support/bytes.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace sedx::test
{
namespace
{
constexpr VkMemoryPropertyFlags kLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
constexpr VkMemoryPropertyFlags kVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
constexpr VkMemoryPropertyFlags kCoherent = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
constexpr int kRounds = 3000;

VkMemoryPropertyFlags FlagsOf(const MemoryFacts& facts, uint32_t type)
{
    return facts.memory.memoryTypes[type].propertyFlags;
}

const HeapRules& RulesOf(const MemoryFacts& facts, const MemoryStrategy& strategy, uint32_t type)
{
    return strategy.heaps[facts.memory.memoryTypes[type].heapIndex];
}

void ExpectSound(const MemoryFacts& facts, const MemoryStrategy& strategy)
{
    ASSERT_EQ(strategy.heaps.size(), facts.memory.memoryHeapCount);
    ASSERT_EQ(strategy.atomBytes.size(), facts.memory.memoryTypeCount);
    for (uint32_t kind = 0; kind < strategy.placements.size(); ++kind)
    {
        SCOPED_TRACE(ToString(static_cast<PlacementKind>(kind)));
        const bool device = static_cast<PlacementKind>(kind) == PlacementKind::Device;
        const Types& types = strategy.placements[kind].types;
        EXPECT_FALSE(strategy.placements[kind].reason.empty());
        EXPECT_EQ(std::set(types.begin(), types.end()).size(), types.size());
        for (const uint32_t type : types)
        {
            ASSERT_LT(type, facts.memory.memoryTypeCount);
            EXPECT_EQ(FlagsOf(facts, type) & ~(kLocal | kVisible | kCoherent | kCached), 0u) << "type " << type;
            EXPECT_TRUE(device || (FlagsOf(facts, type) & kVisible) != 0) << "type " << type << " cannot be mapped";
            EXPECT_GT(RulesOf(facts, strategy, type).capBytes, 0u);
        }
        // Nothing that could be used is forgotten.
        for (uint32_t type = 0; type < facts.memory.memoryTypeCount; ++type)
        {
            const bool ordinary = (FlagsOf(facts, type) & ~(kLocal | kVisible | kCoherent | kCached)) == 0;
            const bool fits = ordinary && (device || (FlagsOf(facts, type) & kVisible) != 0);
            EXPECT_EQ(std::ranges::count(types, type) == 1, fits) << "type " << type;
        }
    }
    const auto isWindow = [&](uint32_t type) { return RulesOf(facts, strategy, type).isSmallBar; };
    EXPECT_TRUE(std::ranges::is_partitioned(strategy.For(PlacementKind::Device).types, std::not_fn(isWindow)));
    EXPECT_TRUE(std::ranges::is_partitioned(strategy.For(PlacementKind::HostWrite).types, std::not_fn(isWindow)));
    EXPECT_TRUE(std::ranges::is_partitioned(strategy.For(PlacementKind::HostRead).types,
                                            [&](uint32_t type) { return (FlagsOf(facts, type) & kCached) != 0; }));
    for (uint32_t heap = 0; heap < strategy.heaps.size(); ++heap)
    {
        const HeapRules& rules = strategy.heaps[heap];
        EXPECT_LE(rules.capBytes, facts.memory.memoryHeaps[heap].size / (rules.isSmallBar ? 2 : 1));
        EXPECT_LE(rules.blockBytes, rules.capBytes);
        EXPECT_LE(rules.maxBufferBytes, rules.capBytes);
        EXPECT_FALSE(rules.reason.empty());
    }
}

// Flags as the specification allows them: a type is device-local if its heap is.
MemoryFacts RandomFacts(Random& random)
{
    MemoryFacts facts;
    VkPhysicalDeviceMemoryProperties& memory = facts.memory;
    memory.memoryHeapCount = static_cast<uint32_t>(random.Between(1, 5));
    for (uint32_t heap = 0; heap < memory.memoryHeapCount; ++heap)
        memory.memoryHeaps[heap] = {random.Between(1, 64) << random.Between(20, 33),
                                    static_cast<VkMemoryHeapFlags>(random.Between(0, 1))};
    memory.memoryTypeCount = static_cast<uint32_t>(random.Between(1, 16));
    for (uint32_t type = 0; type < memory.memoryTypeCount; ++type)
    {
        const auto heap = static_cast<uint32_t>(random.Between(0, memory.memoryHeapCount - 1));
        auto flags = static_cast<VkMemoryPropertyFlags>(random.Between(0, 7)) << 1;
        flags |= memory.memoryHeaps[heap].flags;
        if ((flags & kVisible) == 0)
            flags &= kLocal;
        if (random.Chance(1, 8))
            flags |= 1u << random.Between(4, 9);
        memory.memoryTypes[type] = {flags, heap};
    }
    facts.deviceType = static_cast<VkPhysicalDeviceType>(random.Between(0, 4));
    facts.nonCoherentAtomSize = uint64_t{1} << random.Between(0, 8);
    facts.maxMemoryAllocationCount = random.Chance(1, 2) ? 4096 : 0;
    return facts;
}

TEST(MemoryStrategyRandom, EveryLayoutIsPlacedSoundly)
{
    for (const KnownLayout& known : KnownLayouts())
    {
        SCOPED_TRACE(known.name);
        ExpectSound(known.Facts(), ChooseMemory(known.Facts()));
    }
    Random random(0x3E3ull);
    SCOPED_TRACE(random.Trace());
    for (int i = 0; i < kRounds && !testing::Test::HasFailure(); ++i)
    {
        SCOPED_TRACE(i);
        const MemoryFacts facts = RandomFacts(random);
        ExpectSound(facts, ChooseMemory(facts));
    }
}

// The device type decides two ties between classes. It never moves a buffer.
void ExpectTypeBreaksTiesOnly(MemoryFacts facts)
{
    facts.deviceType = VK_PHYSICAL_DEVICE_TYPE_OTHER;
    const MemoryStrategy other = ChooseMemory(facts);
    for (const VkPhysicalDeviceType type :
         {VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU, VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU,
          VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU, VK_PHYSICAL_DEVICE_TYPE_CPU})
    {
        facts.deviceType = type;
        const MemoryStrategy strategy = ChooseMemory(facts);
        const bool tie = (type == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU && other.memoryClass == MemoryClass::FullBar &&
                          strategy.memoryClass == MemoryClass::Unified) ||
                         (type == VK_PHYSICAL_DEVICE_TYPE_CPU && other.memoryClass == MemoryClass::Unified &&
                          strategy.memoryClass == MemoryClass::Software);
        EXPECT_TRUE(tie || strategy.memoryClass == other.memoryClass) << ToString(strategy.memoryClass);
        EXPECT_EQ(strategy.writesInPlace, other.writesInPlace);
        for (size_t kind = 0; kind < strategy.placements.size(); ++kind)
        {
            EXPECT_EQ(strategy.placements[kind].types, other.placements[kind].types);
            EXPECT_EQ(strategy.placements[kind].reason, other.placements[kind].reason);
        }
        for (size_t heap = 0; heap < strategy.heaps.size(); ++heap)
        {
            EXPECT_EQ(strategy.heaps[heap].capBytes, other.heaps[heap].capBytes);
            EXPECT_EQ(strategy.heaps[heap].isSmallBar, other.heaps[heap].isSmallBar);
        }
    }
}

TEST(MemoryStrategyRandom, DeviceTypeBreaksTiesOnly)
{
    for (const KnownLayout& known : KnownLayouts())
    {
        SCOPED_TRACE(known.name);
        ExpectTypeBreaksTiesOnly(known.Facts());
    }
    Random random(0x7E5ull);
    SCOPED_TRACE(random.Trace());
    for (int i = 0; i < kRounds && !testing::Test::HasFailure(); ++i)
        ExpectTypeBreaksTiesOnly(RandomFacts(random));
}

// Peers' mistake: heap 0 is taken to be the device's.
void ExpectOrderOfHeapsDoesNotMatter(const MemoryFacts& facts, Random& random)
{
    const uint32_t count = facts.memory.memoryHeapCount;
    std::vector<uint32_t> to(count);
    std::iota(to.begin(), to.end(), 0u);
    for (uint32_t i = count; i > 1; --i)
        std::swap(to[i - 1], to[random.Between(0, i - 1)]);
    MemoryFacts shuffled = facts;
    for (uint32_t i = 0; i < count; ++i)
        shuffled.memory.memoryHeaps[to[i]] = facts.memory.memoryHeaps[i];
    for (uint32_t i = 0; i < facts.memory.memoryTypeCount; ++i)
        shuffled.memory.memoryTypes[i].heapIndex = to[facts.memory.memoryTypes[i].heapIndex];

    const MemoryStrategy a = ChooseMemory(facts);
    const MemoryStrategy b = ChooseMemory(shuffled);
    EXPECT_EQ(a.memoryClass, b.memoryClass);
    EXPECT_EQ(a.classReason, b.classReason);
    EXPECT_EQ(a.atomBytes, b.atomBytes);
    for (size_t kind = 0; kind < a.placements.size(); ++kind)
    {
        EXPECT_EQ(a.placements[kind].types, b.placements[kind].types);
        EXPECT_EQ(a.placements[kind].reason, b.placements[kind].reason);
    }
    for (uint32_t i = 0; i < count; ++i)
    {
        EXPECT_EQ(a.heaps[i].capBytes, b.heaps[to[i]].capBytes);
        EXPECT_EQ(a.heaps[i].blockBytes, b.heaps[to[i]].blockBytes);
        EXPECT_EQ(a.heaps[i].isSmallBar, b.heaps[to[i]].isSmallBar);
    }
}

TEST(MemoryStrategyRandom, OrderOfHeapsDoesNotMatter)
{
    Random random(0x5Bull);
    SCOPED_TRACE(random.Trace());
    for (const KnownLayout& known : KnownLayouts())
    {
        SCOPED_TRACE(known.name);
        for (int i = 0; i < 6; ++i)
            ExpectOrderOfHeapsDoesNotMatter(known.Facts(), random);
    }
    for (int i = 0; i < kRounds && !testing::Test::HasFailure(); ++i)
        ExpectOrderOfHeapsDoesNotMatter(RandomFacts(random), random);
}

TEST(MemoryStrategyRandom, RubbishIsSurvived)
{
    Random random(0xBADull);
    SCOPED_TRACE(random.Trace());
    for (int i = 0; i < kRounds; ++i)
    {
        MemoryFacts facts;
        facts.memory.memoryHeapCount = static_cast<uint32_t>(random.Between(0, 40));
        facts.memory.memoryTypeCount = static_cast<uint32_t>(random.Between(0, 80));
        for (VkMemoryHeap& heap : facts.memory.memoryHeaps)
            heap = {random.Between(0, ~uint64_t{0}) >> random.Between(0, 63),
                    static_cast<VkMemoryHeapFlags>(random.Between(0, 15))};
        for (VkMemoryType& type : facts.memory.memoryTypes)
            type = {static_cast<VkMemoryPropertyFlags>(random.Between(0, 300)),
                    static_cast<uint32_t>(random.Between(0, 20))};
        facts.nonCoherentAtomSize = random.Between(0, 300);
        facts.maxMemoryAllocationCount = random.Between(0, 5);
        facts.maxMemoryAllocationSize = random.Between(0, 1ull << 40) >> random.Between(0, 40);
        facts.maxBufferSize = random.Between(0, 1ull << 40) >> random.Between(0, 40);
        const MemoryStrategy strategy = ChooseMemory(facts);
        for (const Placement& placement : strategy.placements)
        {
            for (const uint32_t type : placement.types)
            {
                ASSERT_LT(type, strategy.atomBytes.size());
                ASSERT_LT(facts.memory.memoryTypes[type].heapIndex, strategy.heaps.size());
            }
        }
    }
}
} // namespace
} // namespace sedx::test
