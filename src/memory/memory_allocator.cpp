#include "memory/memory_allocator.h"

#include <sedx/log.h>

#include <algorithm>
#include <cstring>

// VMA is compiled here and nowhere else, with internal linkage: an engine in the same program may hold another version
// of it. Everything it includes must come before, outside of the unnamed namespace.
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vulkan/vulkan.h>
#if defined(_MSC_VER)
#    include <intrin.h>
#endif

#if defined(__GNUC__)
#    pragma GCC diagnostic push
#    pragma GCC diagnostic ignored "-Wunused-function"
#    pragma GCC diagnostic ignored "-Wunused-parameter"
#    pragma GCC diagnostic ignored "-Wunused-variable"
#    pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#    pragma GCC diagnostic ignored "-Wparentheses"
#    pragma GCC diagnostic ignored "-Wextra"
#    if defined(__clang__)
#        pragma clang diagnostic ignored "-Wnullability-completeness"
#        pragma clang diagnostic ignored "-Wunused-private-field"
#        pragma clang diagnostic ignored "-Wunused-template"
#        pragma clang diagnostic ignored "-Wunused-member-function"
#    endif
#endif
namespace
{
#define VMA_IMPLEMENTATION
#define VMA_CALL_PRE static
#define VMA_STATIC_VULKAN_FUNCTIONS 0
#define VMA_DYNAMIC_VULKAN_FUNCTIONS 0
#define VMA_VULKAN_VERSION 1003000
#include <vk_mem_alloc.h>
} // namespace
#if defined(__GNUC__)
#    pragma GCC diagnostic pop
#endif

namespace sedx
{
struct VmaCalls
{
    ::VmaAllocator allocator = nullptr;
    bool own = false; // to be destroyed
    decltype(&::vmaCreateBuffer) createBuffer = &::vmaCreateBuffer;
    decltype(&::vmaDestroyBuffer) destroyBuffer = &::vmaDestroyBuffer;
    decltype(&::vmaFlushAllocation) flush = &::vmaFlushAllocation;
    decltype(&::vmaInvalidateAllocation) invalidate = &::vmaInvalidateAllocation;
    decltype(&::vmaSetAllocationName) setName = &::vmaSetAllocationName;
    decltype(&::vmaGetHeapBudgets) getHeapBudgets = &::vmaGetHeapBudgets;
    decltype(&::vmaSetCurrentFrameIndex) setFrame = &::vmaSetCurrentFrameIndex;
};

namespace
{
// Takes the engine's functions, or says why that would be wrong.
Result<void> UseEngine(VmaCalls& calls, const VmaTable& table)
{
    const auto sizeDiffers = [](const char* what, uint32_t theirs, size_t ours) {
        return Fail(ErrorCode::VmaMismatch, "the engine's {} has {} bytes, the library's {}: its VMA is not shared", what,
                    theirs, ours);
    };
    if (table.sizes.allocationCreateInfo != sizeof(VmaAllocationCreateInfo))
        return sizeDiffers("VmaAllocationCreateInfo", table.sizes.allocationCreateInfo, sizeof(VmaAllocationCreateInfo));
    if (table.sizes.allocationInfo != sizeof(VmaAllocationInfo))
        return sizeDiffers("VmaAllocationInfo", table.sizes.allocationInfo, sizeof(VmaAllocationInfo));
    if (table.sizes.budget != sizeof(VmaBudget))
        return sizeDiffers("VmaBudget", table.sizes.budget, sizeof(VmaBudget));
    if (table.sizes.poolCreateInfo != sizeof(VmaPoolCreateInfo))
        return sizeDiffers("VmaPoolCreateInfo", table.sizes.poolCreateInfo, sizeof(VmaPoolCreateInfo));
    if (table.allocator == nullptr || table.createBuffer == nullptr || table.destroyBuffer == nullptr || table.flushAllocation == nullptr ||
        table.invalidateAllocation == nullptr || table.setAllocationName == nullptr ||
        table.getHeapBudgets == nullptr)
        return Fail(ErrorCode::VmaMismatch, "the table of the engine's VMA lacks the allocator or functions: its VMA is not shared");
    if ((table.allocatorFlags & VMA_ALLOCATOR_CREATE_BUFFER_DEVICE_ADDRESS_BIT) == 0)
        return Fail(ErrorCode::VmaMismatch, "the engine's VMA was created without "
                                            "VMA_ALLOCATOR_CREATE_BUFFER_DEVICE_ADDRESS_BIT: it is not shared");
    if ((table.allocatorFlags & VMA_ALLOCATOR_CREATE_EXTERNALLY_SYNCHRONIZED_BIT) != 0)
        return Fail(ErrorCode::VmaMismatch, "the engine's VMA is externally synchronized: it is not shared");
    calls.allocator = static_cast<::VmaAllocator>(table.allocator);
    const auto take = [](auto& call, VmaFunction function) {
        call = reinterpret_cast<std::remove_reference_t<decltype(call)>>(function);
    };
    take(calls.createBuffer, table.createBuffer);
    take(calls.destroyBuffer, table.destroyBuffer);
    take(calls.flush, table.flushAllocation);
    take(calls.invalidate, table.invalidateAllocation);
    take(calls.setName, table.setAllocationName);
    take(calls.getHeapBudgets, table.getHeapBudgets);
    return {};
}

VkResult CreateOwn(VmaCalls& calls, DeviceState& device)
{
    VmaVulkanFunctions functions{};
    functions.vkGetPhysicalDeviceProperties = device.vki.GetPhysicalDeviceProperties;
    functions.vkGetPhysicalDeviceMemoryProperties = device.vki.GetPhysicalDeviceMemoryProperties;
    functions.vkGetPhysicalDeviceMemoryProperties2KHR = device.vki.GetPhysicalDeviceMemoryProperties2;
    functions.vkAllocateMemory = device.vk.AllocateMemory;
    functions.vkFreeMemory = device.vk.FreeMemory;
    functions.vkMapMemory = device.vk.MapMemory;
    functions.vkUnmapMemory = device.vk.UnmapMemory;
    functions.vkFlushMappedMemoryRanges = device.vk.FlushMappedMemoryRanges;
    functions.vkInvalidateMappedMemoryRanges = device.vk.InvalidateMappedMemoryRanges;
    functions.vkBindBufferMemory = device.vk.BindBufferMemory;
    functions.vkBindImageMemory = device.vk.BindImageMemory;
    functions.vkGetBufferMemoryRequirements = device.vk.GetBufferMemoryRequirements;
    functions.vkGetImageMemoryRequirements = device.vk.GetImageMemoryRequirements;
    functions.vkCreateBuffer = device.vk.CreateBuffer;
    functions.vkDestroyBuffer = device.vk.DestroyBuffer;
    functions.vkCreateImage = device.vk.CreateImage;
    functions.vkDestroyImage = device.vk.DestroyImage;
    functions.vkCmdCopyBuffer = device.vk.CmdCopyBuffer;
    functions.vkGetBufferMemoryRequirements2KHR = device.vk.GetBufferMemoryRequirements2;
    functions.vkGetImageMemoryRequirements2KHR = device.vk.GetImageMemoryRequirements2;
    functions.vkBindBufferMemory2KHR = device.vk.BindBufferMemory2;
    functions.vkBindImageMemory2KHR = device.vk.BindImageMemory2;
    functions.vkGetDeviceBufferMemoryRequirements = device.vk.GetDeviceBufferMemoryRequirements;
    functions.vkGetDeviceImageMemoryRequirements = device.vk.GetDeviceImageMemoryRequirements;
    VmaAllocatorCreateInfo info{};
    info.flags = VMA_ALLOCATOR_CREATE_BUFFER_DEVICE_ADDRESS_BIT;
    if (device.HasExtension(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME))
        info.flags |= VMA_ALLOCATOR_CREATE_EXT_MEMORY_BUDGET_BIT;
    info.instance = device.instance;
    info.physicalDevice = device.physicalDevice;
    info.device = device.device;
    info.vulkanApiVersion = VK_API_VERSION_1_3;
    info.pVulkanFunctions = &functions;
    const VkResult result = ::vmaCreateAllocator(&info, &calls.allocator);
    if (result != VK_SUCCESS)
        calls.allocator = nullptr;
    calls.own = result == VK_SUCCESS;
    return result;
}
} // namespace

namespace
{
MemoryFacts FactsOf(const DeviceState& device)
{
    MemoryFacts facts;
    facts.memory = device.memory;
    facts.deviceType = device.properties.deviceType;
    facts.nonCoherentAtomSize = device.properties.limits.nonCoherentAtomSize;
    facts.maxMemoryAllocationSize = device.maxAllocationSize;
    facts.maxMemoryAllocationCount = device.properties.limits.maxMemoryAllocationCount;
    facts.maxBufferSize = device.maxBufferSize;
    facts.memoryBudget = device.HasExtension(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    facts.memoryPriority = device.HasExtension(VK_EXT_MEMORY_PRIORITY_EXTENSION_NAME);
    facts.pageableDeviceLocalMemory = device.HasExtension(VK_EXT_PAGEABLE_DEVICE_LOCAL_MEMORY_EXTENSION_NAME);
    return facts;
}
} // namespace

MemoryAllocator::MemoryAllocator(std::shared_ptr<DeviceState> device)
    : m_device(std::move(device)), m_strategy(ChooseMemory(FactsOf(*m_device))), m_vma(std::make_unique<VmaCalls>())
{
}

Result<std::unique_ptr<MemoryAllocator>> MemoryAllocator::Create(std::shared_ptr<DeviceState> device)
{
    std::unique_ptr<MemoryAllocator> allocator(new MemoryAllocator(std::move(device)));
    DeviceState& state = *allocator->m_device;
    if (state.vma)
    {
        allocator->m_status = UseEngine(*allocator->m_vma, *state.vma);
        if (allocator->m_status)
            return allocator;
        SEDX_CORE_WARN_TAG("MEMORY", "{}", allocator->m_status.error().message);
    }
    const VkResult result = state.Check(CreateOwn(*allocator->m_vma, state));
    if (result != VK_SUCCESS)
        return FailVk(result, "creating the memory allocator");
    return allocator;
}

MemoryAllocator::~MemoryAllocator()
{
    if (m_vma->own)
        ::vmaDestroyAllocator(m_vma->allocator);
}

Result<BufferMemory> MemoryAllocator::CreateBuffer(uint64_t bytes, VkBufferUsageFlags usage, MemoryType memory,
                                                   const char* name)
{
    VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
    info.size = bytes;
    info.usage = usage;
    if (m_device->families.size() > 1)
    {
        info.sharingMode = VK_SHARING_MODE_CONCURRENT;
        info.queueFamilyIndexCount = static_cast<uint32_t>(m_device->families.size());
        info.pQueueFamilyIndices = m_device->families.data();
    }
    VkResult result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    const Placement& placement = m_strategy.For(memory);
    for (const uint32_t type : placement.types)
    {
        VmaAllocationCreateInfo wish{};
        wish.flags = VMA_ALLOCATION_CREATE_MAPPED_BIT; // ignored where the type cannot be mapped
        wish.memoryTypeBits = 1u << type;
        BufferMemory made;
        ::VmaAllocation allocation = nullptr;
        VmaAllocationInfo details{};
        result = m_device->Check(
            m_vma->createBuffer(m_vma->allocator, &info, &wish, &made.buffer, &allocation, &details));
        if (result == VK_SUCCESS)
        {
            made.allocation = allocation;
            made.mapped = static_cast<std::byte*>(details.pMappedData);
            made.bytes = bytes;
            made.memoryType = details.memoryType;
            const VkMemoryType& found = m_device->memory.memoryTypes[details.memoryType];
            made.flags = found.propertyFlags;
            made.deviceLocal =
                (m_device->memory.memoryHeaps[found.heapIndex].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0;
            if (name != nullptr && *name != '\0')
                m_vma->setName(m_vma->allocator, allocation, name);
            m_device->SetName(VK_OBJECT_TYPE_BUFFER, reinterpret_cast<uint64_t>(made.buffer), name);
            return made;
        }
        // A type that this buffer cannot use, or whose heap is full: the next one may do. Anything else is final.
        if (result != VK_ERROR_FEATURE_NOT_PRESENT && result != VK_ERROR_OUT_OF_DEVICE_MEMORY)
            break;
    }
    if (result == VK_ERROR_FEATURE_NOT_PRESENT)
        result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
    return FailVk(result, "allocating {} bytes for buffer '{}' ({} memory types tried)", bytes, name,
                  placement.types.size());
}

void MemoryAllocator::Destroy(BufferMemory& memory) noexcept
{
    if (memory.buffer != VK_NULL_HANDLE)
        m_vma->destroyBuffer(m_vma->allocator, memory.buffer, static_cast<::VmaAllocation>(memory.allocation));
    memory = {};
}

VkResult MemoryAllocator::Flush(const BufferMemory& memory, uint64_t offset, uint64_t bytes) noexcept
{
    if (bytes == 0 || (memory.flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0)
        return VK_SUCCESS;
    return m_device->Check(
        m_vma->flush(m_vma->allocator, static_cast<::VmaAllocation>(memory.allocation), offset, bytes));
}

VkResult MemoryAllocator::Invalidate(const BufferMemory& memory, uint64_t offset, uint64_t bytes) noexcept
{
    if (bytes == 0 || (memory.flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0)
        return VK_SUCCESS;
    return m_device->Check(
        m_vma->invalidate(m_vma->allocator, static_cast<::VmaAllocation>(memory.allocation), offset, bytes));
}

void MemoryAllocator::SetFrame(uint64_t number) noexcept
{
    if (m_vma->own) // an engine's allocator counts the engine's frames
        m_vma->setFrame(m_vma->allocator, static_cast<uint32_t>(number));
}

void MemoryAllocator::FillHeaps(Report& report) const noexcept
{
    std::array<VmaBudget, VK_MAX_MEMORY_HEAPS> budgets{};
    m_vma->getHeapBudgets(m_vma->allocator, budgets.data());
    report.heapCount = m_device->memory.memoryHeapCount;
    for (uint32_t i = 0; i < report.heapCount; ++i)
    {
        const VkMemoryHeap& heap = m_device->memory.memoryHeaps[i];
        report.heaps[i].sizeBytes = heap.size;
        report.heaps[i].usageBytes = budgets[i].usage;
        report.heaps[i].budgetBytes = std::min(budgets[i].budget, heap.size); // some drivers report more than there is
        report.heaps[i].deviceLocal = (heap.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0;
    }
}
} // namespace sedx
