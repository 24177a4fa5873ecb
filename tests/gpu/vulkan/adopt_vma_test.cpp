// An engine's VmaAllocator, handed over as a table of its own functions.
//
// This file is the engine's translation unit: it compiles VMA itself, beside the copy inside the library.
#if defined(__GNUC__)
#    pragma GCC diagnostic push
#    pragma GCC diagnostic ignored "-Wconversion"
#    pragma GCC diagnostic ignored "-Wextra"
#    pragma GCC diagnostic ignored "-Wshadow"
#    pragma GCC diagnostic ignored "-Wold-style-cast"
#    pragma GCC diagnostic ignored "-Wunused-variable"
#    pragma GCC diagnostic ignored "-Wparentheses"
#    pragma GCC diagnostic ignored "-Wundef"
#    pragma GCC diagnostic ignored "-Wunused-parameter"
#endif
#define VMA_STATIC_VULKAN_FUNCTIONS 0
#define VMA_DYNAMIC_VULKAN_FUNCTIONS 1
#define VMA_IMPLEMENTATION
#include <vk_mem_alloc.h>
#if defined(__GNUC__)
#    pragma GCC diagnostic pop
#endif

#include <sedx/adopt_vma.h>

#include "support/engine_device.h"
#include "support/gpu_test.h"

namespace sedx::test
{
namespace
{
class AdoptVmaTest : public testing::Test
{
  protected:
    void SetUp() override
    {
        m_engine = EngineDevice::Make();
        ASSERT_TRUE(m_engine);
        MakeAllocator(VMA_ALLOCATOR_CREATE_BUFFER_DEVICE_ADDRESS_BIT);
    }
    void TearDown() override
    {
        if (m_allocator)
            vmaDestroyAllocator(m_allocator); // asserts that nothing is left in it
    }

    void MakeAllocator(VmaAllocatorCreateFlags flags)
    {
        if (m_allocator)
            vmaDestroyAllocator(m_allocator);
        VmaVulkanFunctions functions{};
        functions.vkGetInstanceProcAddr = m_engine->getInstanceProcAddr;
        functions.vkGetDeviceProcAddr = reinterpret_cast<PFN_vkGetDeviceProcAddr>(
            m_engine->getInstanceProcAddr(m_engine->instance, "vkGetDeviceProcAddr"));
        VmaAllocatorCreateInfo info{};
        info.flags = flags;
        info.physicalDevice = m_engine->physicalDevice;
        info.device = m_engine->device;
        info.instance = m_engine->instance;
        info.vulkanApiVersion = VK_API_VERSION_1_3;
        info.pVulkanFunctions = &functions;
        ASSERT_EQ(vmaCreateAllocator(&info, &m_allocator), VK_SUCCESS);
        m_table = MakeVmaTable(m_allocator, flags);
    }

    uint32_t EnginesAllocations() const
    {
        VmaTotalStatistics statistics{};
        vmaCalculateStatistics(m_allocator, &statistics);
        return statistics.total.statistics.allocationCount;
    }

    // A buffer of each memory type, filled and read back, lies where it is expected.
    void ExpectWorking(bool inEnginesAllocator)
    {
        AdoptDesc desc = m_engine->Describe();
        desc.vma = &m_table;
        SEDX_REQUIRE(const Device device, Device::Adopt(desc));
        m_table.allocator = nullptr; // the table was copied
        SEDX_REQUIRE(auto system, BufferSystem::Create({.device = device, .checked = true}));
        if (inEnginesAllocator)
            EXPECT_TRUE(Ok(system->AllocatorStatus()));
        else
            EXPECT_TRUE(FailsWith(system->AllocatorStatus(), ErrorCode::VmaMismatch));
        const uint32_t before = EnginesAllocations();
        const Bytes bytes = Pattern(11, 5000);
        std::vector<Buffer> buffers;
        for (const MemoryType memory : {MemoryType::GPU, MemoryType::CPU})
        {
            SEDX_REQUIRE(Buffer buffer, system->CreateBuffer(5000, BufferUsage::Storage, memory, "shared"));
            ASSERT_TRUE(Ok(system->Uploads().Write(buffer, 0, bytes)));
            EXPECT_TRUE(SameBytes(bytes, ReadBack(*system, buffer)));
            buffers.push_back(buffer);
        }
        if (inEnginesAllocator)
            EXPECT_GT(EnginesAllocations(), before);
        else
            EXPECT_EQ(EnginesAllocations(), before);
    }

    LogCapture m_log;
    std::unique_ptr<EngineDevice> m_engine;
    VmaAllocator m_allocator = nullptr;
    VmaTable m_table;
};

TEST_F(AdoptVmaTest, EnginesAllocatorServes)
{
    ExpectWorking(true);
    EXPECT_EQ(EnginesAllocations(), 0u);
}

TEST_F(AdoptVmaTest, StructuresOfAnotherVersionAreAMismatch)
{
    m_table.sizes.allocationCreateInfo += 8;
    ExpectWorking(false);
}

TEST_F(AdoptVmaTest, EverySizeIsCompared)
{
    const VmaTable good = m_table;
    for (uint32_t VmaTable::Sizes::*size : {&VmaTable::Sizes::allocationCreateInfo, &VmaTable::Sizes::allocationInfo,
                                            &VmaTable::Sizes::budget, &VmaTable::Sizes::poolCreateInfo})
    {
        m_table = good;
        m_table.sizes.*size -= 4;
        ExpectWorking(false);
    }
}

TEST_F(AdoptVmaTest, MissingFunctionIsAMismatch)
{
    m_table.getHeapBudgets = nullptr;
    ExpectWorking(false);
}

TEST_F(AdoptVmaTest, MissingAllocatorIsAMismatch)
{
    m_table.allocator = nullptr;
    ExpectWorking(false);
}

// The library allocates from any thread.
TEST_F(AdoptVmaTest, AllocatorWithoutItsOwnLocksIsAMismatch)
{
    MakeAllocator(VMA_ALLOCATOR_CREATE_BUFFER_DEVICE_ADDRESS_BIT | VMA_ALLOCATOR_CREATE_EXTERNALLY_SYNCHRONIZED_BIT);
    ExpectWorking(false);
}

TEST_F(AdoptVmaTest, AllocatorWithoutDeviceAddressesIsAMismatch)
{
    MakeAllocator(0);
    ExpectWorking(false);
}
} // namespace
} // namespace sedx::test
