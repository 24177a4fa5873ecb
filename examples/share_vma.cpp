// The engine's VmaAllocator serves the library too, so that there is one set of memory blocks and one budget. The
// library never sees the engine's VMA header: <sedx/adopt_vma.h> makes a table of functions here.
#include "support/check.h"
#include "support/plain_device.h"

#include <sedx/sedx.h>
#include <vk_mem_alloc.h>
// After the engine's VMA:
#include <sedx/adopt_vma.h>

#include <algorithm>
#include <vector>

using example::Expect;
using example::Value;

namespace
{
VmaAllocator CreateAllocator(const example::PlainDevice& engine, VmaAllocatorCreateFlags flags)
{
    const VmaVulkanFunctions functions{.vkGetInstanceProcAddr = vkGetInstanceProcAddr,
                                       .vkGetDeviceProcAddr = vkGetDeviceProcAddr};
    const VmaAllocatorCreateInfo info{.flags = flags,
                                      .physicalDevice = engine.physicalDevice,
                                      .device = engine.device,
                                      .pVulkanFunctions = &functions,
                                      .instance = engine.instance,
                                      .vulkanApiVersion = VK_API_VERSION_1_3};
    VmaAllocator allocator = VK_NULL_HANDLE;
    Expect(vmaCreateAllocator(&info, &allocator), "vmaCreateAllocator");
    return allocator;
}

uint32_t CountAllocations(VmaAllocator allocator)
{
    VmaTotalStatistics statistics{};
    vmaCalculateStatistics(allocator, &statistics);
    return statistics.total.statistics.allocationCount;
}
} // namespace

int main()
{
    example::PlainDevice engine;
    sedx::DeviceRequirements needs =
        Value(sedx::Requirements(vkGetInstanceProcAddr, engine.instance, engine.physicalDevice));
    VkPhysicalDeviceFeatures2 features{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    needs.MergeInto(features);
    engine.CreateDevice(features);

    constexpr VmaAllocatorCreateFlags kFlags = VMA_ALLOCATOR_CREATE_BUFFER_DEVICE_ADDRESS_BIT; // the library needs it
    VmaAllocator allocator = CreateAllocator(engine, kFlags);
    const sedx::VmaTable table = sedx::MakeVmaTable(allocator, kFlags);
    {
        const sedx::Device device = Value(sedx::Device::Adopt({
            .getInstanceProcAddr = vkGetInstanceProcAddr,
            .instance = engine.instance,
            .physicalDevice = engine.physicalDevice,
            .device = engine.device,
            .queues = {{.queue = engine.queue, .family = engine.family}},
            .vma = &table,
        }));
        const auto system = Value(sedx::BufferSystem::Create({.device = device}));
        Value(system->AllocatorStatus()); // an error here means: not shared, the library uses an allocator of its own

        const std::vector<uint32_t> numbers(5'000, 42u);
        const sedx::Buffer buffer =
            Value(system->Factory().CreateStorageBuffer(std::span<const uint32_t>(numbers), "shared"));
        Expect(CountAllocations(allocator) > 0, "the engine's allocator holds the library's buffer");
        const sedx::ReadbackTicket back = Value(system->Readbacks().Request(buffer));
        Value(back.Wait());
        Expect(std::ranges::equal(back.Span<uint32_t>(), numbers), "what was written came back");
    }
    Expect(CountAllocations(allocator) == 0, "the library gave everything back");
    vmaDestroyAllocator(allocator);
}
