// The simulator's memory: heaps, budgets, rights to map, and memory that is really not coherent.
#include "simulator/simulated_device.h"

#include <cstring>
#include <gmock/gmock.h>

namespace sedx::test
{
namespace
{
using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr VkMemoryPropertyFlags kLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
constexpr VkMemoryPropertyFlags kVisible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
constexpr VkMemoryPropertyFlags kCoherent = VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;

// Small enough to fill the heaps for real.
simulator::DeviceLayout TinyLayout()
{
    return {.name = "tiny",
            .deviceName = "Tiny GPU",
            .deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU,
            .heaps = {{.bytes = 8 * kMiB, .flags = VK_MEMORY_HEAP_DEVICE_LOCAL_BIT, .budgetBytes = 6 * kMiB},
                      {.bytes = 16 * kMiB}},
            .types = {{kLocal, 0}, {kVisible | kCoherent, 1}, {kVisible | kCached, 1}}};
}

class SimulatedMemoryTest : public testing::Test
{
  protected:
    VkPhysicalDeviceMemoryBudgetPropertiesEXT Budget()
    {
        VkPhysicalDeviceMemoryBudgetPropertiesEXT budget{
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
        VkPhysicalDeviceMemoryProperties2 memory{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, &budget};
        m_own.vk.GetPhysicalDeviceMemoryProperties2(m_own.physicalDevice, &memory);
        return budget;
    }
    void Free(VkDeviceMemory memory) { m_own.vk.FreeMemory(m_own.device, memory, nullptr); }
    VkMappedMemoryRange Range(const SimulatedDevice::Memory& memory, uint64_t offset, uint64_t bytes)
    {
        return {
            .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE, .memory = memory.handle, .offset = offset, .size = bytes};
    }
    // The GPU copies the whole of `from` to `to`, and has done so when this returns.
    void CopyAndWait(const SimulatedDevice::Memory& from, const SimulatedDevice::Memory& to, uint64_t bytes)
    {
        const VkCommandBuffer cmd = m_own.Begin(0);
        const VkBufferCopy region{.size = bytes};
        m_own.Barrier(cmd);
        m_own.vk.CmdCopyBuffer(cmd, from.buffer, to.buffer, 1, &region);
        m_own.Barrier(cmd);
        EXPECT_EQ(m_own.Submit(m_own.Queue(0), cmd, VK_NULL_HANDLE, 0, VK_NULL_HANDLE, 0), VK_SUCCESS);
        EXPECT_EQ(m_own.vk.QueueWaitIdle(m_own.Queue(0)), VK_SUCCESS);
    }

    SimulatedDevice m_own;
};

TEST_F(SimulatedMemoryTest, PresentsTheLayout)
{
    const simulator::DeviceLayout layout = OwnLayout("small_bar");
    ASSERT_TRUE(m_own.Create(layout));
    VkPhysicalDeviceMemoryProperties memory{};
    m_own.vk.GetPhysicalDeviceMemoryProperties(m_own.physicalDevice, &memory);
    ASSERT_EQ(memory.memoryHeapCount, layout.heaps.size());
    ASSERT_EQ(memory.memoryTypeCount, layout.types.size());
    for (uint32_t i = 0; i < memory.memoryHeapCount; ++i)
    {
        EXPECT_EQ(memory.memoryHeaps[i].size, layout.heaps[i].bytes);
        EXPECT_EQ(memory.memoryHeaps[i].flags, layout.heaps[i].flags);
    }
    for (uint32_t i = 0; i < memory.memoryTypeCount; ++i)
    {
        EXPECT_EQ(memory.memoryTypes[i].heapIndex, layout.types[i].heapIndex);
        EXPECT_EQ(memory.memoryTypes[i].propertyFlags, layout.types[i].propertyFlags);
    }
    VkPhysicalDeviceProperties properties{};
    m_own.vk.GetPhysicalDeviceProperties(m_own.physicalDevice, &properties);
    EXPECT_THAT(properties.deviceName, HasSubstr("(simulated on "));
    EXPECT_THAT(properties.deviceName, HasSubstr(layout.deviceName));
    EXPECT_EQ(properties.deviceType, VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU);
}

TEST_F(SimulatedMemoryTest, AHeapIsFullWhenItIsFull)
{
    ASSERT_TRUE(m_own.Create(TinyLayout()));
    VkDeviceMemory first = VK_NULL_HANDLE;
    VkDeviceMemory second = VK_NULL_HANDLE;
    ASSERT_EQ(m_own.Allocate(0, 5 * kMiB, first), VK_SUCCESS);
    EXPECT_EQ(m_own.Allocate(0, 4 * kMiB, second), VK_ERROR_OUT_OF_DEVICE_MEMORY);
    EXPECT_EQ(second, static_cast<VkDeviceMemory>(VK_NULL_HANDLE));
    EXPECT_EQ(m_own.simulator->HeapUsage(0), 5 * kMiB);
    // Above the budget, within the size: drivers allow it.
    ASSERT_EQ(m_own.Allocate(0, 3 * kMiB, second), VK_SUCCESS);
    EXPECT_EQ(m_own.simulator->HeapUsage(0), 8 * kMiB);
    VkDeviceMemory third = VK_NULL_HANDLE;
    EXPECT_EQ(m_own.Allocate(0, 1, third), VK_ERROR_OUT_OF_DEVICE_MEMORY);
    // The other heap has its own account; types that share a heap share it, too.
    ASSERT_EQ(m_own.Allocate(1, 10 * kMiB, third), VK_SUCCESS);
    VkDeviceMemory fourth = VK_NULL_HANDLE;
    EXPECT_EQ(m_own.Allocate(2, 7 * kMiB, fourth), VK_ERROR_OUT_OF_DEVICE_MEMORY);
    Free(third);
    EXPECT_EQ(m_own.Allocate(2, 7 * kMiB, fourth), VK_SUCCESS);
    EXPECT_EQ(m_own.simulator->AllocationCount(), 3u);
    Free(first);
    Free(second);
    Free(fourth);
    EXPECT_EQ(m_own.simulator->HeapUsage(0) + m_own.simulator->HeapUsage(1), 0u);
}

TEST_F(SimulatedMemoryTest, TheBudgetIsReportedAndShrinks)
{
    ASSERT_TRUE(m_own.Create(TinyLayout()));
    EXPECT_EQ(Budget().heapBudget[0], 6 * kMiB);
    EXPECT_EQ(Budget().heapBudget[1], 16 * kMiB / 10 * 9); // not in the layout
    EXPECT_EQ(Budget().heapUsage[0], 0u);
    VkDeviceMemory memory = VK_NULL_HANDLE;
    ASSERT_EQ(m_own.Allocate(0, 4 * kMiB, memory), VK_SUCCESS);
    EXPECT_EQ(Budget().heapUsage[0], 4 * kMiB);
    m_own.simulator->SetBudget(0, 2 * kMiB);
    EXPECT_EQ(Budget().heapBudget[0], 2 * kMiB);
    EXPECT_EQ(Budget().heapUsage[0], 4 * kMiB);
    VkDeviceMemory more = VK_NULL_HANDLE;
    EXPECT_EQ(m_own.Allocate(0, kMiB, more), VK_SUCCESS);
    Free(more);
    Free(memory);
}

TEST_F(SimulatedMemoryTest, AStrictBudgetIsAsHardAsTheSize)
{
    ASSERT_TRUE(m_own.Create(TinyLayout(), {.strictBudget = true}));
    VkDeviceMemory memory = VK_NULL_HANDLE;
    EXPECT_EQ(m_own.Allocate(0, 7 * kMiB, memory), VK_ERROR_OUT_OF_DEVICE_MEMORY);
    ASSERT_EQ(m_own.Allocate(0, 4 * kMiB, memory), VK_SUCCESS);
    m_own.simulator->SetBudget(0, 2 * kMiB); // below the usage
    VkDeviceMemory more = VK_NULL_HANDLE;
    EXPECT_EQ(m_own.Allocate(0, 1, more), VK_ERROR_OUT_OF_DEVICE_MEMORY);
    m_own.simulator->SetBudget(0, 8 * kMiB);
    EXPECT_EQ(m_own.Allocate(0, 4 * kMiB, more), VK_SUCCESS);
    Free(more);
    Free(memory);
}

TEST_F(SimulatedMemoryTest, OnlySoManyAllocationsAndOnlySoLarge)
{
    simulator::DeviceLayout layout = TinyLayout();
    layout.limits = {{"maxMemoryAllocationCount", 5}, {"maxMemoryAllocationSize", 2 * kMiB}};
    ASSERT_TRUE(m_own.Create(layout));
    VkPhysicalDeviceMaintenance3Properties maintenance3{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
    VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &maintenance3};
    m_own.vk.GetPhysicalDeviceProperties2(m_own.physicalDevice, &properties);
    EXPECT_EQ(properties.properties.limits.maxMemoryAllocationCount, 5u);
    EXPECT_EQ(maintenance3.maxMemoryAllocationSize, 2 * kMiB);

    VkDeviceMemory large = VK_NULL_HANDLE;
    EXPECT_EQ(m_own.Allocate(0, 2 * kMiB + 1, large), VK_ERROR_OUT_OF_DEVICE_MEMORY);
    std::vector<VkDeviceMemory> all(5);
    for (VkDeviceMemory& memory : all)
        ASSERT_EQ(m_own.Allocate(1, 256, memory), VK_SUCCESS);
    EXPECT_EQ(m_own.Allocate(1, 256, large), VK_ERROR_TOO_MANY_OBJECTS);
    Free(all.back());
    EXPECT_EQ(m_own.Allocate(0, 256, all.back()), VK_SUCCESS);
    for (const VkDeviceMemory memory : all)
        Free(memory);
}

TEST_F(SimulatedMemoryTest, NoBufferIsLargerThanTheLimit)
{
    constexpr uint64_t kLimit = 64 << 10;
    simulator::DeviceLayout layout = TinyLayout();
    layout.limits = {{"maxBufferSize", kLimit}};
    ASSERT_TRUE(m_own.Create(layout));
    VkPhysicalDeviceVulkan13Properties properties13{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES};
    VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &properties13};
    m_own.vk.GetPhysicalDeviceProperties2(m_own.physicalDevice, &properties);
    EXPECT_EQ(properties13.maxBufferSize, kLimit);

    VkBufferCreateInfo info{
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = kLimit, .usage = VK_BUFFER_USAGE_TRANSFER_DST_BIT};
    VkBuffer buffer = VK_NULL_HANDLE;
    ASSERT_EQ(m_own.vk.CreateBuffer(m_own.device, &info, nullptr, &buffer), VK_SUCCESS);
    m_own.vk.DestroyBuffer(m_own.device, buffer, nullptr);
    ++info.size;
    EXPECT_EQ(m_own.vk.CreateBuffer(m_own.device, &info, nullptr, &buffer), VK_ERROR_OUT_OF_DEVICE_MEMORY);
    EXPECT_EQ(buffer, static_cast<VkBuffer>(VK_NULL_HANDLE));
    EXPECT_THAT(m_own.simulator->TakeViolations(), ElementsAre(HasSubstr("65537 bytes, maxBufferSize is 65536")));
}

TEST_F(SimulatedMemoryTest, LimitsAreRaisedOrLoweredButNeverBeyondTheDriver)
{
    simulator::DeviceLayout layout = TinyLayout();
    layout.limits = {{"minStorageBufferOffsetAlignment", 256},
                     {"maxStorageBufferRange", 128 * kMiB},
                     {"minUniformBufferOffsetAlignment", 1},
                     {"maxImageDimension2D", UINT32_MAX}};
    ASSERT_TRUE(m_own.Create(layout));
    simulator::DeviceLayout plain = TinyLayout();
    SimulatedDevice other;
    ASSERT_TRUE(other.Create(plain));
    VkPhysicalDeviceProperties changed{};
    VkPhysicalDeviceProperties real{}; // a layout without limits leaves them as they are
    m_own.vk.GetPhysicalDeviceProperties(m_own.physicalDevice, &changed);
    other.vk.GetPhysicalDeviceProperties(other.physicalDevice, &real);
    EXPECT_EQ(changed.limits.minStorageBufferOffsetAlignment,
              std::max<VkDeviceSize>(256, real.limits.minStorageBufferOffsetAlignment));
    EXPECT_EQ(changed.limits.maxStorageBufferRange, std::min<uint64_t>(128 * kMiB, real.limits.maxStorageBufferRange));
    EXPECT_EQ(changed.limits.minUniformBufferOffsetAlignment, real.limits.minUniformBufferOffsetAlignment);
    EXPECT_EQ(changed.limits.maxImageDimension2D, real.limits.maxImageDimension2D);
}

TEST_F(SimulatedMemoryTest, WithoutSparseAddressesThereAreNoSparseFeatures)
{
    simulator::DeviceLayout layout = TinyLayout();
    layout.limits = {{"sparseAddressSpaceSize", 0}};
    ASSERT_TRUE(m_own.Create(layout));
    SimulatedDevice other;
    ASSERT_TRUE(other.Create(TinyLayout()));
    const auto featuresOf = [](SimulatedDevice& device) {
        VkPhysicalDeviceFeatures features{};
        device.vk.GetPhysicalDeviceFeatures(device.physicalDevice, &features);
        VkPhysicalDeviceFeatures2 again{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
        device.vk.GetPhysicalDeviceFeatures2(device.physicalDevice, &again);
        EXPECT_EQ(std::memcmp(&features, &again.features, sizeof(features)), 0);
        return features;
    };
    VkPhysicalDeviceFeatures expected = featuresOf(other); // of the driver
    expected.sparseBinding = expected.sparseResidencyBuffer = expected.sparseResidencyAliased = VK_FALSE;
    expected.sparseResidencyImage2D = expected.sparseResidencyImage3D = VK_FALSE;
    expected.sparseResidency2Samples = expected.sparseResidency4Samples = VK_FALSE;
    expected.sparseResidency8Samples = expected.sparseResidency16Samples = VK_FALSE;
    const VkPhysicalDeviceFeatures features = featuresOf(m_own);
    EXPECT_EQ(std::memcmp(&features, &expected, sizeof(features)), 0);
}

TEST_F(SimulatedMemoryTest, MemoryThatIsNotHostVisibleCannotBeMapped)
{
    ASSERT_TRUE(m_own.Create(TinyLayout()));
    const SimulatedDevice::Memory memory = m_own.MakeBuffer(0, 4096);
    void* data = nullptr;
    EXPECT_EQ(m_own.vk.MapMemory(m_own.device, memory.handle, 0, VK_WHOLE_SIZE, 0, &data), VK_ERROR_MEMORY_MAP_FAILED);
    EXPECT_THAT(m_own.simulator->TakeViolations(), ElementsAre(HasSubstr("not host-visible")));
    EXPECT_NE(m_own.Map(m_own.MakeBuffer(1, 4096)), nullptr);
}

// The CPU's writes reach the GPU by a flush and by nothing else, the GPU's reach the CPU by an invalidation.
TEST_F(SimulatedMemoryTest, WithoutFlushNothingIsSeen)
{
    constexpr uint64_t kBytes = 1024;
    ASSERT_TRUE(m_own.Create(TinyLayout()));
    const SimulatedDevice::Memory from = m_own.MakeBuffer(2, kBytes);
    const SimulatedDevice::Memory to = m_own.MakeBuffer(2, kBytes);
    std::byte* const write = m_own.Map(from);
    std::byte* const read = m_own.Map(to);
    const auto flush = [&](uint64_t offset, uint64_t bytes) {
        const VkMappedMemoryRange range = Range(from, offset, bytes);
        return m_own.vk.FlushMappedMemoryRanges(m_own.device, 1, &range);
    };
    const auto invalidate = [&](uint64_t offset, uint64_t bytes) {
        const VkMappedMemoryRange range = Range(to, offset, bytes);
        return m_own.vk.InvalidateMappedMemoryRanges(m_own.device, 1, &range);
    };
    std::memset(write, 1, kBytes);
    ASSERT_EQ(flush(0, VK_WHOLE_SIZE), VK_SUCCESS);
    std::memset(write, 2, kBytes); // not flushed
    CopyAndWait(from, to, kBytes);
    EXPECT_EQ(read[0], std::byte{0}) << "seen without an invalidation";
    ASSERT_EQ(invalidate(0, VK_WHOLE_SIZE), VK_SUCCESS);
    EXPECT_EQ(read[0], std::byte{1});
    EXPECT_EQ(read[kBytes - 1], std::byte{1}) << "written without a flush";

    ASSERT_EQ(flush(512, 256), VK_SUCCESS); // some of it
    CopyAndWait(from, to, kBytes);
    EXPECT_EQ(read[512], std::byte{1});
    ASSERT_EQ(invalidate(0, VK_WHOLE_SIZE), VK_SUCCESS);
    EXPECT_EQ(read[511], std::byte{1});
    EXPECT_EQ(read[512], std::byte{2});
    EXPECT_EQ(read[767], std::byte{2});
    EXPECT_EQ(read[768], std::byte{1});
}

// A flush makes the CPU's writes visible, nothing else: what the GPU wrote to the same range meanwhile stays.
TEST_F(SimulatedMemoryTest, AFlushWithoutWritesLeavesTheGpusBytesAlone)
{
    constexpr uint64_t kBytes = 1024;
    ASSERT_TRUE(m_own.Create(TinyLayout()));
    const SimulatedDevice::Memory from = m_own.MakeBuffer(1, kBytes);
    const SimulatedDevice::Memory to = m_own.MakeBuffer(2, kBytes);
    std::memset(m_own.Map(from), 5, kBytes);
    std::byte* const bytes = m_own.Map(to);
    const VkMappedMemoryRange whole = Range(to, 0, VK_WHOLE_SIZE);
    std::memset(bytes, 0, kBytes); // the values that it has already, and yet a write
    ASSERT_EQ(m_own.vk.FlushMappedMemoryRanges(m_own.device, 1, &whole), VK_SUCCESS);
    CopyAndWait(from, to, kBytes);
    bytes[512] = std::byte{9}; // its atom goes to the GPU, the others do not
    ASSERT_EQ(m_own.vk.FlushMappedMemoryRanges(m_own.device, 1, &whole), VK_SUCCESS);
    ASSERT_EQ(m_own.vk.InvalidateMappedMemoryRanges(m_own.device, 1, &whole), VK_SUCCESS);
    EXPECT_EQ(bytes[0], std::byte{5});
    EXPECT_EQ(bytes[512], std::byte{9});
    EXPECT_EQ(bytes[kBytes - 1], std::byte{5});
}

TEST_F(SimulatedMemoryTest, CoherentMemoryNeedsNoFlush)
{
    ASSERT_TRUE(m_own.Create(TinyLayout()));
    const SimulatedDevice::Memory from = m_own.MakeBuffer(1, 1024);
    const SimulatedDevice::Memory to = m_own.MakeBuffer(1, 1024);
    std::memset(m_own.Map(from), 7, 1024);
    CopyAndWait(from, to, 1024);
    EXPECT_EQ(m_own.Map(to)[1023], std::byte{7});
}

TEST_F(SimulatedMemoryTest, RangesMustFitAtomsAndMapping)
{
    simulator::DeviceLayout layout = TinyLayout();
    layout.limits["nonCoherentAtomSize"] = 256;
    ASSERT_TRUE(m_own.Create(layout));
    const SimulatedDevice::Memory memory = m_own.MakeBuffer(2, 1024);
    m_own.Map(memory);
    // Right for the driver, wrong for the layout: the layers below have nothing to say.
    const VkMappedMemoryRange oblique = Range(memory, 64, 64);
    EXPECT_EQ(m_own.vk.FlushMappedMemoryRanges(m_own.device, 1, &oblique), VK_SUCCESS);
    EXPECT_THAT(m_own.simulator->TakeViolations(), ElementsAre(HasSubstr("nonCoherentAtomSize (256)")));
    m_own.vk.UnmapMemory(m_own.device, memory.handle);
    // All of a mapping that ends within an atom.
    void* data = nullptr;
    ASSERT_EQ(m_own.vk.MapMemory(m_own.device, memory.handle, 0, 128, 0, &data), VK_SUCCESS);
    const VkMappedMemoryRange whole = Range(memory, 0, VK_WHOLE_SIZE);
    EXPECT_EQ(m_own.vk.FlushMappedMemoryRanges(m_own.device, 1, &whole), VK_SUCCESS);
    EXPECT_THAT(m_own.simulator->TakeViolations(), ElementsAre(HasSubstr("flushes 128 bytes")));
    m_own.vk.UnmapMemory(m_own.device, memory.handle);
    static_cast<void>(m_own.vk.InvalidateMappedMemoryRanges(m_own.device, 1, &whole));
    EXPECT_THAT(m_own.simulator->TakeViolations(), ElementsAre(HasSubstr("not mapped")));
    m_own.validation.Take(); // the layers see this one, too
}

TEST_F(SimulatedMemoryTest, SixteenTypesOfWhichMostAreAlike)
{
    const simulator::DeviceLayout layout = OwnLayout("duplicates");
    ASSERT_EQ(layout.types.size(), 16u);
    ASSERT_TRUE(m_own.Create(layout));
    for (uint32_t i = 0; i < 16; ++i)
    {
        const SimulatedDevice::Memory memory = m_own.MakeBuffer(i, 4096); // offered, and can be allocated
        if ((layout.types[i].propertyFlags & kVisible) != 0)
        {
            EXPECT_NE(m_own.Map(memory), nullptr) << "type " << i;
        }
    }
}

// Under any name, core or KHR, in one structure or another: the same answer.
TEST_F(SimulatedMemoryTest, AllWaysToAskForRequirementsAgree)
{
    ASSERT_TRUE(m_own.Create(OwnLayout("duplicates")));
    const SimulatedDevice::Memory memory = m_own.MakeBuffer(0, 4096);
    VkMemoryRequirements plain{};
    m_own.vk.GetBufferMemoryRequirements(m_own.device, memory.buffer, &plain);
    EXPECT_EQ(plain.memoryTypeBits, 0xFFFFu);
    const VkBufferMemoryRequirementsInfo2 info{VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2, nullptr,
                                               memory.buffer};
    VkMemoryRequirements2 second{VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2};
    m_own.vk.GetBufferMemoryRequirements2(m_own.device, &info, &second);
    EXPECT_EQ(second.memoryRequirements.memoryTypeBits, plain.memoryTypeBits);
    if (m_own.vk.GetBufferMemoryRequirements2KHR != nullptr)
    {
        second = {VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2};
        m_own.vk.GetBufferMemoryRequirements2KHR(m_own.device, &info, &second);
        EXPECT_EQ(second.memoryRequirements.memoryTypeBits, plain.memoryTypeBits);
    }
    const VkBufferCreateInfo create{.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                    .size = 4096,
                                    .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT};
    const VkDeviceBufferMemoryRequirements early{VK_STRUCTURE_TYPE_DEVICE_BUFFER_MEMORY_REQUIREMENTS, nullptr, &create};
    second = {VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2};
    m_own.vk.GetDeviceBufferMemoryRequirements(m_own.device, &early, &second);
    EXPECT_EQ(second.memoryRequirements.memoryTypeBits, plain.memoryTypeBits);
}
} // namespace
} // namespace sedx::test
