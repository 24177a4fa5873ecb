// The choice of memory: a pure function, looked at with the layouts of real devices.
#include "memory/memory_strategy.h"

#include "support/bytes.h"
#include "support/real_layouts.h"
#include "support/skip.h"

#include <algorithm>
#include <map>
#include <set>

namespace sedx::test
{
namespace
{
constexpr VkMemoryPropertyFlags kLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
constexpr VkMemoryPropertyFlags kVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
constexpr VkMemoryPropertyFlags kCoherent = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;

VkMemoryPropertyFlags FlagsOf(const VkPhysicalDeviceMemoryProperties& memory, uint32_t type)
{
    return memory.memoryTypes[type].propertyFlags;
}

// What must hold for every device, real or invented.
void ExpectSound(const VkPhysicalDeviceMemoryProperties& memory, const MemoryStrategy& strategy)
{
    for (const MemoryType use : {MemoryType::GPU, MemoryType::CPU, MemoryType::Readback})
    {
        const Placement& placement = strategy.For(use);
        EXPECT_FALSE(placement.reason.empty());
        EXPECT_EQ(std::set(placement.types.begin(), placement.types.end()).size(), placement.types.size());
        for (const uint32_t type : placement.types)
        {
            ASSERT_LT(type, memory.memoryTypeCount);
            const VkMemoryPropertyFlags flags = FlagsOf(memory, type);
            // Memory for special purposes is never taken.
            EXPECT_EQ(flags & ~(kLocal | kVisible | kCoherent | kCached), 0u) << "type " << type;
            if (use != MemoryType::GPU)
            {
                EXPECT_NE(flags & kVisible, 0u) << "type " << type << " cannot be mapped";
            }
        }
        // All device memory comes before any host memory for the GPU.
        if (use == MemoryType::GPU)
        {
            EXPECT_TRUE(std::ranges::is_partitioned(
                placement.types, [&](uint32_t type) { return (FlagsOf(memory, type) & kLocal) != 0; }));
        }
        // Cached memory comes before uncached for the CPU's reading.
        if (use == MemoryType::Readback)
        {
            EXPECT_TRUE(std::ranges::is_partitioned(
                placement.types, [&](uint32_t type) { return (FlagsOf(memory, type) & kCached) != 0; }));
        }
    }
}

TEST(MemoryStrategy, RealDevicesAreClassified)
{
    const std::vector<RealLayout> layouts = LoadRealLayouts();
    if (layouts.empty())
        SEDX_SKIP("no memory layouts in " + RealLayoutFolder());
    const std::map<std::string, MemoryClass> expected{
        // A window of 256 MiB, whatever the device type says.
        {"amd_igpu_win_22_20_three_heaps", MemoryClass::SmallBar},
        {"amd_renoir_apu_radv_mesa24_2", MemoryClass::Unified},
        {"amd_rx6600_win_bar256_8types", MemoryClass::SmallBar},
        {"amd_rx6600xt_win_full_sam", MemoryClass::FullBar},
        {"apple_m2_moltenvk_1_2_11", MemoryClass::Unified},
        {"arm_mali_g52_winlator_vortek", MemoryClass::Unified},
        {"intel_iris_xe_linux_uma", MemoryClass::Unified},
        {"intel_uhd630_cfl_anv_dxvk1971", MemoryClass::Unified},
        {"lavapipe_mesa25_0_llvm15_local", MemoryClass::Software},
        {"nvidia_gtx1080_linux525_bar246", MemoryClass::SmallBar},
        {"nvidia_h200_linux580_full_bar", MemoryClass::FullBar},
        {"nvidia_rtx2080ti_linux440_two_heaps", MemoryClass::None},
        {"nvidia_rtx3060_win_bar214_xplane12", MemoryClass::SmallBar},
        {"nvidia_rtx3090_win_rebar_xplane12", MemoryClass::FullBar},
        {"swiftshader_chromium156_local", MemoryClass::Software},
    };
    for (const RealLayout& real : layouts)
    {
        const auto found = expected.find(real.file);
        if (found == expected.end())
            continue;
        const MemoryClass actual = ClassifyMemory(real.layout.MemoryProperties(), real.layout.deviceType);
        EXPECT_EQ(actual, found->second) << real.file << " is " << ToString(actual) << ", not "
                                         << ToString(found->second);
    }
}

TEST(MemoryStrategy, RealDevicesArePlacedSoundly)
{
    const std::vector<RealLayout> layouts = LoadRealLayouts();
    if (layouts.empty())
        SEDX_SKIP("no memory layouts in " + RealLayoutFolder());
    for (const RealLayout& real : layouts)
    {
        SCOPED_TRACE(real.file);
        const VkPhysicalDeviceMemoryProperties memory = real.layout.MemoryProperties();
        const MemoryStrategy strategy = ChooseMemory(memory, real.layout.deviceType);
        ExpectSound(memory, strategy);
        ASSERT_FALSE(strategy.gpu.types.empty());
        ASSERT_FALSE(strategy.cpu.types.empty());
        ASSERT_FALSE(strategy.readback.types.empty());
        const VkMemoryPropertyFlags gpu = FlagsOf(memory, strategy.gpu.types.front());
        const VkMemoryHeap& heap = memory.memoryHeaps[memory.memoryTypes[strategy.gpu.types.front()].heapIndex];
        EXPECT_NE(gpu & kLocal, 0u);
        // Peers' mistake: the first device-local heap is taken, or the small window filled until the system stalls.
        VkDeviceSize largest = 0;
        for (uint32_t i = 0; i < memory.memoryHeapCount; ++i)
        {
            if ((memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0)
                largest = std::max(largest, memory.memoryHeaps[i].size);
        }
        EXPECT_EQ(heap.size, largest);
        if (strategy.memoryClass == MemoryClass::SmallBar || strategy.memoryClass == MemoryClass::None)
        {
            EXPECT_EQ(gpu & kVisible, 0u);
        }
        else
        {
            EXPECT_NE(gpu & kVisible, 0u) << "could be written in place";
        }
        // Ordinary writes of the CPU do not fill the small window either.
        if (strategy.memoryClass == MemoryClass::SmallBar)
        {
            EXPECT_EQ(FlagsOf(memory, strategy.cpu.types.front()) & kLocal, 0u);
        }
        EXPECT_NE(FlagsOf(memory, strategy.cpu.types.front()) & kCoherent, 0u);
    }
}

TEST(MemoryStrategy, DeviceTypeBreaksTiesOnly)
{
    const std::vector<RealLayout> layouts = LoadRealLayouts();
    if (layouts.empty())
        SEDX_SKIP("no memory layouts in " + RealLayoutFolder());
    for (const RealLayout& real : layouts)
    {
        const MemoryClass discrete = ClassifyMemory(real.layout.MemoryProperties(), VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU);
        const MemoryClass integrated = ClassifyMemory(real.layout.MemoryProperties(), VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU);
        const MemoryClass other = ClassifyMemory(real.layout.MemoryProperties(), VK_PHYSICAL_DEVICE_TYPE_OTHER);
        EXPECT_EQ(discrete, other) << real.file;
        // A host heap beside a fully mappable device heap is the one case where they may differ.
        EXPECT_TRUE(discrete == integrated || (discrete == MemoryClass::FullBar && integrated == MemoryClass::Unified))
            << real.file;
    }
}

TEST(MemoryStrategy, InventedDevicesArePlacedSoundly)
{
    Random random(0x3E3ull);
    SCOPED_TRACE(random.Trace());
    for (int i = 0; i < 2000; ++i)
    {
        VkPhysicalDeviceMemoryProperties memory{};
        memory.memoryHeapCount = static_cast<uint32_t>(random.Between(1, 4));
        for (uint32_t heap = 0; heap < memory.memoryHeapCount; ++heap)
        {
            memory.memoryHeaps[heap] = {random.Between(1, 64) << random.Between(20, 33),
                                        random.Chance(1, 2) ? VkMemoryHeapFlags{VK_MEMORY_HEAP_DEVICE_LOCAL_BIT} : 0u};
        }
        memory.memoryTypeCount = static_cast<uint32_t>(random.Between(1, 12));
        for (uint32_t type = 0; type < memory.memoryTypeCount; ++type)
        {
            const auto heap = static_cast<uint32_t>(random.Between(0, memory.memoryHeapCount - 1));
            auto flags = static_cast<VkMemoryPropertyFlags>(random.Between(0, 15));
            flags &= (memory.memoryHeaps[heap].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0 ? ~0u : ~kLocal;
            if (random.Chance(1, 8))
                flags |= VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT;
            memory.memoryTypes[type] = {flags, heap};
        }
        const auto deviceType = static_cast<VkPhysicalDeviceType>(random.Between(0, 4));
        ExpectSound(memory, ChooseMemory(memory, deviceType));
    }
}

TEST(MemoryStrategy, NoMemoryAtAllIsSurvived)
{
    const VkPhysicalDeviceMemoryProperties none{};
    const MemoryStrategy strategy = ChooseMemory(none, VK_PHYSICAL_DEVICE_TYPE_OTHER);
    EXPECT_TRUE(strategy.gpu.types.empty());
    EXPECT_EQ(strategy.memoryClass, MemoryClass::None);
}
} // namespace
} // namespace sedx::test
