// CustomMemoryPoolManager on devices of its own: small heaps, and an engine's allocator without pools.
#if defined(__GNUC__)
#    pragma GCC diagnostic push
#    pragma GCC diagnostic ignored "-Wundef"
#endif
#define VMA_STATIC_VULKAN_FUNCTIONS 0
#define VMA_DYNAMIC_VULKAN_FUNCTIONS 1
#include <vk_mem_alloc.h> // compiled in adopt_vma_test.cpp
#if defined(__GNUC__)
#    pragma GCC diagnostic pop
#endif

#include "memory_pool_test.h"
#include "support/engine_device.h"

#include <sedx/adopt_vma.h>

namespace sedx::test
{
namespace
{
MemoryLayout SmallHeaps()
{
    simulator::DeviceLayout device;
    device.name = "SmallHeaps";
    device.heaps = {{kMiB << 10, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT}, {kMiB << 10, 0}};
    device.types = {{0, 1}, {kLocal, 0}, {kVisible | kCoherent, 1}, {kVisible | kCoherent | kCached, 1}};
    return {.name = device.name, .device = device};
}

TEST(MemoryPoolDeviceTest, BlocksFitASmallHeap)
{
    const LogCapture log;
    TestDevice own;
    own.Present(SmallHeaps());
    ASSERT_TRUE(own.Create());
    {
        SEDX_REQUIRE(auto system, BufferSystem::Create({.device = own.device, .checked = true}));
        CustomMemoryPoolManager& pools = system->Modules().Emplace<CustomMemoryPoolManager>(*system);
        std::vector<Buffer> buffers;
        for (const std::string name : kGuidePools)
        {
            SEDX_REQUIRE(Buffer buffer, pools.AllocateFromPool(name, 4096, UsageOf(name)));
            buffers.push_back(std::move(buffer));
            SEDX_REQUIRE(const MemoryPoolReport report, pools.GetReport(name));
            EXPECT_EQ(report.blockBytes, name == "uniform" ? 16 * kMiB : 32 * kMiB); // a 32nd, and the guide's ceiling
        }
        // A buffer that needs more gets a block of its size, up to the ceiling.
        SEDX_REQUIRE(const Buffer large, pools.AllocateFromPool("storage", 100 * kMiB, BufferUsage::Storage));
        SEDX_REQUIRE(const MemoryPoolReport report, pools.GetReport("storage"));
        EXPECT_EQ(report.blockBytes, 132 * kMiB);
        EXPECT_EQ(pools.Fallbacks(), 0u);
    }
    own.device = {};
    EXPECT_EQ(own.interceptor.Alive(), "");
    EXPECT_TRUE(own.validation.Take().empty());
}

// An engine's table of an older version, without the functions for pools.
TEST(MemoryPoolDeviceTest, AnAllocatorWithoutPoolsFallsBack)
{
    const LogCapture log;
    const auto engine = EngineDevice::Make();
    ASSERT_TRUE(engine);
    VmaVulkanFunctions functions{};
    functions.vkGetInstanceProcAddr = engine->getInstanceProcAddr;
    functions.vkGetDeviceProcAddr =
        reinterpret_cast<PFN_vkGetDeviceProcAddr>(engine->getInstanceProcAddr(engine->instance, "vkGetDeviceProcAddr"));
    VmaAllocatorCreateInfo info{};
    info.flags = VMA_ALLOCATOR_CREATE_BUFFER_DEVICE_ADDRESS_BIT;
    info.physicalDevice = engine->physicalDevice;
    info.device = engine->device;
    info.instance = engine->instance;
    info.vulkanApiVersion = VK_API_VERSION_1_3;
    info.pVulkanFunctions = &functions;
    VmaAllocator allocator = nullptr;
    ASSERT_EQ(vmaCreateAllocator(&info, &allocator), VK_SUCCESS);
    for (const bool hasPools : {true, false})
    {
        VmaTable table = MakeVmaTable(allocator, info.flags);
        if (!hasPools)
            table.createPool = nullptr;
        AdoptDesc desc = engine->Describe();
        desc.vma = &table;
        SEDX_REQUIRE(const Device device, Device::Adopt(desc));
        SEDX_REQUIRE(auto system, BufferSystem::Create({.device = device, .checked = true}));
        ASSERT_TRUE(Ok(system->AllocatorStatus()));
        CustomMemoryPoolManager& pools = system->Modules().Emplace<CustomMemoryPoolManager>(*system);
        for (int i = 0; i < 3; ++i)
        {
            SEDX_REQUIRE(const Buffer buffer, pools.AllocateFromPool("vertex", 4096, BufferUsage::Vertex));
            ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, Pattern(1, 4096))));
            EXPECT_TRUE(SameBytes(Pattern(1, 4096), ReadBack(*system, buffer)));
        }
        EXPECT_EQ(pools.Fallbacks(), hasPools ? 0u : 3u);
        EXPECT_EQ(log.Contains("functions for pools"), !hasPools);
    }
    vmaDestroyAllocator(allocator); // asserts that nothing is left in it
}
} // namespace
} // namespace sedx::test
