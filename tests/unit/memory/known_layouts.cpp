#include "unit/memory/known_layouts.h"

#include <algorithm>

namespace sedx::test
{
namespace
{
constexpr VkPhysicalDeviceType kIntegrated = VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU;
constexpr VkPhysicalDeviceType kDiscrete = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
constexpr VkPhysicalDeviceType kCpu = VK_PHYSICAL_DEVICE_TYPE_CPU;

// clang-format off
const std::vector<KnownLayout> kLayouts{
    {"amd_igpu_win_22_20_three_heaps", kIntegrated,
     {{1879048192, 1}, {7170162688, 0}, {268435456, 1}},
     {{1, 0}, {6, 1}, {7, 2}, {14, 1}, {193, 0}, {198, 1}, {199, 2}, {206, 1}},
     MemoryClass::SmallBar, {{0, 1, 3, 2}, {1, 3, 2}, {3, 1, 2}, {2, 1, 3}},
     {1879048192, 7170162688, 134217728}, {2}},
    {"amd_renoir_apu_radv_mesa24_2", kIntegrated,
     {{2777169920, 0}, {5554348032, 1}},
     {{1, 1}, {1, 1}, {6, 0}, {7, 1}, {7, 1}, {14, 0}, {14, 0}, {193, 1}, {198, 0}, {199, 1}, {206, 0}},
     MemoryClass::Unified, {{3, 4, 0, 1, 2, 5, 6}, {2, 5, 6, 3, 4}, {5, 6, 2, 3, 4}, {3, 4, 2, 5, 6}},
     {2777169920, 5554348032}, {}},
    {"amd_rx6600_win_bar256_8types", kDiscrete,
     {{8304721920, 1}, {16852713472, 0}, {268435456, 1}},
     {{1, 0}, {6, 1}, {7, 2}, {14, 1}, {193, 0}, {198, 1}, {199, 2}, {206, 1}},
     MemoryClass::SmallBar, {{0, 1, 3, 2}, {1, 3, 2}, {3, 1, 2}, {2, 1, 3}},
     {8304721920, 16852713472, 134217728}, {2}},
    {"amd_rx6600xt_win_full_sam", kDiscrete,
     {{16862150656, 0}, {8573157376, 1}},
     {{1, 1}, {6, 0}, {7, 1}, {14, 0}, {193, 1}, {198, 0}, {199, 1}, {206, 0}},
     MemoryClass::FullBar, {{2, 0, 1, 3}, {1, 3, 2}, {3, 1, 2}, {2, 1, 3}},
     {16862150656, 8573157376}, {}},
    {"apple_m2_moltenvk_1_2_11", kIntegrated,
     {{17179869184, 1}},
     {{1, 0}, {15, 0}, {17, 0}},
     MemoryClass::Unified, {{1, 0}, {1}, {1}, {1}},
     {17179869184}, {}},
    {"arm_mali_g52_winlator_vortek", kIntegrated,
     {{4294967296, 1}},
     {{7, 0}, {11, 0}, {17, 0}},
     MemoryClass::Unified, {{0, 1}, {0, 1}, {1, 0}, {0, 1}},
     {4294967296}, {}},
    {"intel_iris_xe_linux_uma", kIntegrated,
     {{8387096576, 1}},
     {{1, 0}, {7, 0}, {15, 0}},
     MemoryClass::Unified, {{1, 2, 0}, {1, 2}, {2, 1}, {1, 2}},
     {8387096576}, {}},
    {"intel_uhd630_cfl_anv_dxvk1971", kIntegrated,
     {{12464422912, 1}},
     {{15, 0}},
     MemoryClass::Unified, {{0}, {0}, {0}, {0}},
     {12464422912}, {}},
    {"lavapipe_mesa25_0_llvm15_local", kCpu,
     {{25276514304, 1}},
     {{15, 0}},
     MemoryClass::Software, {{0}, {0}, {0}, {0}},
     {25276514304}, {}},
    {"nvidia_gtx1080_linux525_bar246", kDiscrete,
     {{8589934592, 1}, {12520691712, 0}, {257949696, 1}},
     {{0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {1, 0}, {6, 1}, {14, 1}, {7, 2}},
     MemoryClass::SmallBar, {{7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 10}, {8, 9, 10}, {9, 8, 10}, {10, 8, 9}},
     {8589934592, 12520691712, 128974848}, {2}},
    {"nvidia_h200_linux580_full_bar", kDiscrete,
     {{150754820096, 1}, {101361647616, 0}},
     {{0, 1}, {1, 0}, {6, 1}, {14, 1}, {7, 0}},
     MemoryClass::FullBar, {{4, 1, 2, 3, 0}, {2, 3, 4}, {3, 2, 4}, {4, 2, 3}},
     {150754820096, 101361647616}, {}},
    {"nvidia_rtx2080ti_linux440_two_heaps", kDiscrete,
     {{11811160064, 1}, {25216204800, 0}},
     {{0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {1, 0}, {1, 0}, {6, 1}, {14, 1}},
     MemoryClass::None, {{7, 8, 9, 10, 0, 1, 2, 3, 4, 5, 6}, {9, 10}, {10, 9}, {9, 10}},
     {11811160064, 25216204800}, {}},
    {"nvidia_rtx3060_win_bar214_xplane12", kDiscrete,
     {{12718178304, 1}, {8440528896, 0}, {224395264, 1}},
     {{0, 1}, {1, 0}, {6, 1}, {14, 1}, {7, 2}},
     MemoryClass::SmallBar, {{1, 2, 3, 0, 4}, {2, 3, 4}, {3, 2, 4}, {4, 2, 3}},
     {12718178304, 8440528896, 112197632}, {2}},
    {"nvidia_rtx3090_win_rebar_xplane12", kDiscrete,
     {{25507659776, 1}, {34202394624, 0}},
     {{0, 1}, {1, 0}, {1, 0}, {6, 1}, {14, 1}, {7, 0}},
     MemoryClass::FullBar, {{5, 1, 2, 3, 4, 0}, {3, 4, 5}, {4, 3, 5}, {5, 3, 4}},
     {25507659776, 34202394624}, {}},
    {"swiftshader_chromium156_local", kCpu,
     {{2147483648, 1}},
     {{15, 0}},
     MemoryClass::Software, {{0}, {0}, {0}, {0}},
     {2147483648}, {}},
};
// clang-format on
} // namespace

const std::vector<KnownLayout>& KnownLayouts() { return kLayouts; }

MemoryFacts KnownLayout::Facts() const
{
    MemoryFacts facts;
    facts.deviceType = deviceType;
    facts.memory.memoryHeapCount = static_cast<uint32_t>(heaps.size());
    facts.memory.memoryTypeCount = static_cast<uint32_t>(types.size());
    std::ranges::copy(heaps, facts.memory.memoryHeaps);
    std::ranges::copy(types, facts.memory.memoryTypes);
    facts.nonCoherentAtomSize = 64;
    return facts;
}
} // namespace sedx::test
