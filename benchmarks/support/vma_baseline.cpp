// The only file that compiles VMA for the benchmarks.
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
#    if defined(__clang__)
#        pragma clang diagnostic ignored "-Wnullability-completeness"
#        pragma clang diagnostic ignored "-Wunused-private-field"
#    endif
#endif
#define VMA_STATIC_VULKAN_FUNCTIONS 0
#define VMA_DYNAMIC_VULKAN_FUNCTIONS 1
#define VMA_IMPLEMENTATION
#include <vk_mem_alloc.h>
#if defined(__GNUC__)
#    pragma GCC diagnostic pop
#endif

#include "support/context.h"
#include "support/vma_baseline.h"

#include <fmt/format.h>

namespace bench
{
namespace
{
void RequireSuccess(VkResult result, const char* what)
{
    if (result != VK_SUCCESS)
        throw Failure(fmt::format("{}: {}", what, sedx::ToString(result)));
}

VmaStatistics Total(VmaAllocator allocator)
{
    VmaBudget budgets[VK_MAX_MEMORY_HEAPS]{};
    vmaGetHeapBudgets(allocator, budgets);
    VmaStatistics total{};
    for (const VmaBudget& budget : budgets)
    {
        total.blockBytes += budget.statistics.blockBytes;
        total.allocationCount += budget.statistics.allocationCount;
    }
    return total;
}
} // namespace

VmaBaseline::VmaBaseline(const sedx::Device& device, Budget budget)
{
    VmaVulkanFunctions functions{};
    functions.vkGetInstanceProcAddr = device.GetInstanceProcAddr();
    functions.vkGetDeviceProcAddr = device.InstanceFunctions().GetDeviceProcAddr;
    VmaAllocatorCreateInfo info{};
    info.flags = VMA_ALLOCATOR_CREATE_BUFFER_DEVICE_ADDRESS_BIT;
    if (budget == Budget::Driver && device.IsExtensionEnabled(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME))
        info.flags |= VMA_ALLOCATOR_CREATE_EXT_MEMORY_BUDGET_BIT;
    info.physicalDevice = device.PhysicalDevice();
    info.device = device.Handle();
    info.instance = device.Instance();
    info.vulkanApiVersion = VK_API_VERSION_1_3;
    info.pVulkanFunctions = &functions;
    RequireSuccess(vmaCreateAllocator(&info, &m_allocator), "vmaCreateAllocator");
}

VmaBaseline::~VmaBaseline() { vmaDestroyAllocator(m_allocator); }

VmaBuffer VmaBaseline::Create(uint64_t bytes, VkBufferUsageFlags usage)
{
    VkBufferCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
    info.size = bytes;
    info.usage = usage;
    VmaAllocationCreateInfo where{};
    where.usage = VMA_MEMORY_USAGE_AUTO_PREFER_DEVICE;
    VmaBuffer made;
    RequireSuccess(vmaCreateBuffer(m_allocator, &info, &where, &made.buffer, &made.allocation, nullptr),
                   "vmaCreateBuffer");
    return made;
}

void VmaBaseline::Destroy(const VmaBuffer& buffer) noexcept
{
    vmaDestroyBuffer(m_allocator, buffer.buffer, buffer.allocation);
}

uint64_t VmaBaseline::CommittedBytes() const { return Total(m_allocator).blockBytes; }
uint64_t VmaBaseline::LiveAllocations() const { return Total(m_allocator).allocationCount; }
} // namespace bench
