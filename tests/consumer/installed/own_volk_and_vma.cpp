// The engine has its own volk (its global function pointers are called vkCreateBuffer and so on) and its own VMA, and
// shares the latter with the library.
#include <volk.h>

#include <vk_mem_alloc.h>

#include <sedx/adopt_vma.h>

#include "../common/plain_engine.h"
#include "../common/round_trip.h"

int main()
{
    PlainEngine engine;
    if (volkInitialize() != VK_SUCCESS || !engine.MakeInstance())
        return Fail("the engine finds no loader");
    volkLoadInstance(engine.instance);
    if (!engine.MakeDevice())
        return Fail("the engine finds no device");

    const VmaVulkanFunctions functions{.vkGetInstanceProcAddr = vkGetInstanceProcAddr,
                                       .vkGetDeviceProcAddr = vkGetDeviceProcAddr};
    const VmaAllocatorCreateInfo info{.flags = VMA_ALLOCATOR_CREATE_BUFFER_DEVICE_ADDRESS_BIT,
                                      .physicalDevice = engine.physicalDevice,
                                      .device = engine.device,
                                      .pVulkanFunctions = &functions,
                                      .instance = engine.instance,
                                      .vulkanApiVersion = VK_API_VERSION_1_3};
    VmaAllocator allocator = VK_NULL_HANDLE;
    if (vmaCreateAllocator(&info, &allocator) != VK_SUCCESS)
        return Fail("vmaCreateAllocator");

    // First with an allocator of the library's own beside the engine's, then with the engine's.
    sedx::AdoptDesc desc = engine.Describe();
    int result = RoundTrip(sedx::Device::Adopt(desc));
    const sedx::VmaTable table = sedx::MakeVmaTable(allocator, info.flags);
    desc.vma = &table;
    if (result == 0)
        result = RoundTrip(sedx::Device::Adopt(desc));

    VmaTotalStatistics statistics{};
    vmaCalculateStatistics(allocator, &statistics);
    if (result == 0 && statistics.total.statistics.allocationCount != 0)
        result = Fail("the library left something in the engine's allocator");
    vmaDestroyAllocator(allocator);
    engine.Destroy();
    return result;
}
