#include "memory/memory_allocator.h"

#include "memory/range_allocator.h"

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
namespace
{
thread_local MemoryAllocator* t_owner = nullptr; // see AllocateWithinBudget
void SetOwner(MemoryAllocator* owner) noexcept { t_owner = owner; }
} // namespace

// The functions of one copy of this file: where several libraries of a process contain sedx, code of one may work on a system
// that another one made.
struct VmaCalls
{
    void (*setOwner)(MemoryAllocator*) noexcept = &SetOwner;
    ::VmaAllocator allocator = nullptr;
    bool own = false; // to be destroyed
    decltype(&::vmaCreateBufferWithAlignment) createBuffer = &::vmaCreateBufferWithAlignment;
    decltype(&::vmaDestroyBuffer) destroyBuffer = &::vmaDestroyBuffer;
    decltype(&::vmaFlushAllocation) flush = &::vmaFlushAllocation;
    decltype(&::vmaInvalidateAllocation) invalidate = &::vmaInvalidateAllocation;
    decltype(&::vmaSetAllocationName) setName = &::vmaSetAllocationName;
    decltype(&::vmaGetHeapBudgets) getHeapBudgets = &::vmaGetHeapBudgets;
    decltype(&::vmaSetCurrentFrameIndex) setFrame = &::vmaSetCurrentFrameIndex;
    decltype(&::vmaFindMemoryTypeIndexForBufferInfo) findType = &::vmaFindMemoryTypeIndexForBufferInfo;
    decltype(&::vmaCreatePool) createPool = &::vmaCreatePool;
    decltype(&::vmaDestroyPool) destroyPool = &::vmaDestroyPool;
    decltype(&::vmaGetPoolStatistics) getPoolStatistics = &::vmaGetPoolStatistics;
    decltype(&::vmaSetPoolName) setPoolName = &::vmaSetPoolName;
};

namespace
{
// Takes the engine's functions, or says why that would be wrong.
Result<void> UseEngine(VmaCalls& calls, const VmaTable& table)
{
    const auto sizeDiffers = [](const char* what, uint32_t theirs, size_t ours) {
        return Fail(ErrorCode::VmaMismatch, "the engine's {} has {} bytes, the library's {}: its VMA is not shared",
                    what, theirs, ours);
    };
    if (table.sizes.allocationCreateInfo != sizeof(VmaAllocationCreateInfo))
        return sizeDiffers("VmaAllocationCreateInfo", table.sizes.allocationCreateInfo,
                           sizeof(VmaAllocationCreateInfo));
    if (table.sizes.allocationInfo != sizeof(VmaAllocationInfo))
        return sizeDiffers("VmaAllocationInfo", table.sizes.allocationInfo, sizeof(VmaAllocationInfo));
    if (table.sizes.budget != sizeof(VmaBudget))
        return sizeDiffers("VmaBudget", table.sizes.budget, sizeof(VmaBudget));
    if (table.sizes.poolCreateInfo != sizeof(VmaPoolCreateInfo))
        return sizeDiffers("VmaPoolCreateInfo", table.sizes.poolCreateInfo, sizeof(VmaPoolCreateInfo));
    if (table.allocator == nullptr || table.createBuffer == nullptr || table.destroyBuffer == nullptr ||
        table.flushAllocation == nullptr || table.invalidateAllocation == nullptr ||
        table.setAllocationName == nullptr || table.getHeapBudgets == nullptr)
        return Fail(ErrorCode::VmaMismatch,
                    "the table of the engine's VMA lacks the allocator or functions: its VMA is not shared");
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
    take(calls.createPool, table.createPool); // null in a table that was filled for an older version: no pools
    take(calls.findType, table.findMemoryTypeIndexForBufferInfo);
    take(calls.destroyPool, table.destroyPool);
    take(calls.getPoolStatistics, table.getPoolStatistics);
    take(calls.setPoolName, table.setPoolName);
    return {};
}

// While it lives, calls into VMA on this thread are made for `owner`.
class OwnerScope
{
  public:
    OwnerScope(const VmaCalls& calls, MemoryAllocator* owner) noexcept : m_calls(calls) { m_calls.setOwner(owner); }
    ~OwnerScope() { m_calls.setOwner(nullptr); }
    OwnerScope(const OwnerScope&) = delete;
    OwnerScope& operator=(const OwnerScope&) = delete;

  private:
    const VmaCalls& m_calls;
};

// VMA takes whole blocks and knows no budget: VkDeviceMemory is reserved where it is taken, and counted until it goes. VMA
// passes no user data here, so the thread says for whom (OwnerScope). An engine's allocator is not ours to watch: there
// CreateBuffer and Destroy count buffers.
VKAPI_ATTR VkResult VKAPI_CALL AllocateWithinBudget(VkDevice device, const VkMemoryAllocateInfo* info,
                                                    const VkAllocationCallbacks* callbacks, VkDeviceMemory* memory)
{
    MemoryAllocator& owner = *t_owner;
    const uint32_t heap = owner.HeapOf(info->memoryTypeIndex);
    if (owner.Budget().Reserve(heap, info->allocationSize) == BudgetVerdict::OverHard)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY; // for blocks, VMA tries smaller ones
    const VkResult result = owner.Device().vk.AllocateMemory(device, info, callbacks, memory);
    if (result != VK_SUCCESS)
        owner.Budget().Remove(heap, info->allocationSize);
    return result;
}

void VKAPI_PTR OnFreed(VmaAllocator, uint32_t memoryType, VkDeviceMemory, VkDeviceSize bytes, void* user)
{
    auto& allocator = *static_cast<MemoryAllocator*>(user);
    allocator.Budget().Remove(allocator.HeapOf(memoryType), bytes);
}

VkResult CreateOwn(VmaCalls& calls, DeviceState& device, MemoryAllocator& owner)
{
    VmaVulkanFunctions functions{};
    functions.vkGetPhysicalDeviceProperties = device.vki.GetPhysicalDeviceProperties;
    functions.vkGetPhysicalDeviceMemoryProperties = device.vki.GetPhysicalDeviceMemoryProperties;
    functions.vkGetPhysicalDeviceMemoryProperties2KHR = device.vki.GetPhysicalDeviceMemoryProperties2;
    functions.vkAllocateMemory = &AllocateWithinBudget;
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
    if (device.hasMemoryPriority)
        info.flags |= VMA_ALLOCATOR_CREATE_EXT_MEMORY_PRIORITY_BIT;
    VmaDeviceMemoryCallbacks callbacks{};
    callbacks.pfnFree = OnFreed;
    callbacks.pUserData = &owner;
    info.pDeviceMemoryCallbacks = &callbacks;
    info.instance = device.instance;
    info.physicalDevice = device.physicalDevice;
    info.device = device.device;
    // Of VMA's own blocks, which small buffers are cut from where these are not shared. It keeps one for each memory type.
    info.preferredLargeHeapBlockSize = 4ull << 20;
    info.vulkanApiVersion = VK_API_VERSION_1_3;
    info.pVulkanFunctions = &functions;
    const VkResult result = ::vmaCreateAllocator(&info, &calls.allocator);
    if (result != VK_SUCCESS)
        calls.allocator = nullptr;
    calls.own = result == VK_SUCCESS;
    return result;
}

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
    facts.memoryPriority = device.hasMemoryPriority;
    facts.pageableDeviceLocalMemory = device.HasExtension(VK_EXT_PAGEABLE_DEVICE_LOCAL_MEMORY_EXTENSION_NAME);
    return facts;
}

float PriorityOf(BufferPriority priority) noexcept
{
    return priority == BufferPriority::High ? 1.0F : priority == BufferPriority::Low ? 0.25F : 0.5F;
}
} // namespace

MemoryAllocator::MemoryAllocator(std::shared_ptr<DeviceState> device, const BudgetDesc& budget)
    : m_device(std::move(device)), m_strategy(ChooseMemory(FactsOf(*m_device))),
      m_budget(budget, m_device->memory, m_strategy), m_vma(std::make_unique<VmaCalls>())
{
}

Result<std::unique_ptr<MemoryAllocator>> MemoryAllocator::Create(std::shared_ptr<DeviceState> device,
                                                                 const BudgetDesc& budget)
{
    std::unique_ptr<MemoryAllocator> allocator(new MemoryAllocator(std::move(device), budget));
    DeviceState& state = *allocator->m_device;
    if (state.vma)
    {
        allocator->m_status = UseEngine(*allocator->m_vma, *state.vma);
        if (allocator->m_status)
            return allocator;
        SEDX_CORE_WARN_TAG("MEMORY", "{}", allocator->m_status.error().message);
    }
    const VkResult result = state.Check(CreateOwn(*allocator->m_vma, state, *allocator));
    if (result != VK_SUCCESS)
        return FailVk(result, "creating the memory allocator");
    return allocator;
}

MemoryAllocator::~MemoryAllocator()
{
    if (m_vma->own)
        ::vmaDestroyAllocator(m_vma->allocator);
}

VkResult MemoryAllocator::CreateBuffer(const VkBufferRequest& request, BufferMemory& made) noexcept
{
    if (m_vma->own)
    {
        const OwnerScope scope(*m_vma, this); // AllocateWithinBudget looks at the budget
        return MakeBuffer(request, made);
    }
    const uint32_t heap = HeapOf(request.memoryType);
    if (m_budget.Reserve(heap, request.bytes) == BudgetVerdict::OverHard)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    const VkResult result = MakeBuffer(request, made);
    if (result != VK_SUCCESS)
        m_budget.Remove(heap, request.bytes);
    return result;
}

VkResult MemoryAllocator::MakeBuffer(const VkBufferRequest& request, BufferMemory& made) noexcept
{
    const VkBufferCreateInfo info = m_device->BufferInfo(request.bytes, request.usage, request.exclusive);
    VmaAllocationCreateInfo wish{};
    wish.flags = VMA_ALLOCATION_CREATE_MAPPED_BIT; // ignored where the type cannot be mapped
    if (request.dedicated && request.pool == nullptr)
        wish.flags |= VMA_ALLOCATION_CREATE_DEDICATED_MEMORY_BIT;
    wish.memoryTypeBits = 1u << request.memoryType;
    wish.pool = static_cast<VmaPool>(request.pool);
    wish.priority = PriorityOf(request.priority);
    ::VmaAllocation allocation = nullptr;
    VmaAllocationInfo details{};
    BufferMemory memory;
    const VkResult result = m_device->Check(
        m_vma->createBuffer(m_vma->allocator, &info, &wish, request.alignment, &memory.buffer, &allocation, &details));
    if (result != VK_SUCCESS)
        return result;
    memory.allocation = allocation;
    memory.mapped = static_cast<std::byte*>(details.pMappedData);
    memory.bytes = request.bytes;
    memory.memoryType = details.memoryType;
    const VkMemoryType& found = m_device->memory.memoryTypes[details.memoryType];
    memory.flags = found.propertyFlags;
    memory.deviceLocal = (m_device->memory.memoryHeaps[found.heapIndex].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0;
    if ((request.usage & VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT) != 0)
    {
        VkBufferDeviceAddressInfo address{VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO};
        address.buffer = memory.buffer;
        memory.address = m_device->vk.GetBufferDeviceAddress(m_device->device, &address);
    }
    if (request.name != nullptr && *request.name != '\0')
        m_vma->setName(m_vma->allocator, allocation, request.name);
    m_device->SetName(VK_OBJECT_TYPE_BUFFER, reinterpret_cast<uint64_t>(memory.buffer), request.name);
    made = memory;
    return VK_SUCCESS;
}

void MemoryAllocator::Destroy(BufferMemory& memory) noexcept
{
    if (memory.buffer != VK_NULL_HANDLE)
    {
        m_vma->destroyBuffer(m_vma->allocator, memory.buffer, static_cast<::VmaAllocation>(memory.allocation));
        if (!m_vma->own)
            m_budget.Remove(HeapOf(memory.memoryType), memory.bytes);
    }
    memory = {};
}

bool MemoryAllocator::CanUse(VkBufferUsageFlags usage, uint32_t memoryType) noexcept
{
    const VkBufferCreateInfo info = m_device->BufferInfo(65'536, usage);
    VmaAllocationCreateInfo wish{};
    wish.memoryTypeBits = 1u << memoryType;
    uint32_t found = 0;
    return m_vma->findType(m_vma->allocator, &info, &wish, &found) == VK_SUCCESS;
}

VkResult MemoryAllocator::Flush(const BufferMemory& memory, uint64_t offset, uint64_t bytes) noexcept
{
    if (bytes == 0 || (memory.flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0)
        return VK_SUCCESS;
    return m_device->Check(
        m_vma->flush(m_vma->allocator, static_cast<::VmaAllocation>(memory.allocation), memory.offset + offset, bytes));
}

VkResult MemoryAllocator::Invalidate(const BufferMemory& memory, uint64_t offset, uint64_t bytes) noexcept
{
    if (bytes == 0 || (memory.flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0)
        return VK_SUCCESS;
    return m_device->Check(m_vma->invalidate(m_vma->allocator, static_cast<::VmaAllocation>(memory.allocation),
                                             memory.offset + offset, bytes));
}

bool MemoryAllocator::HasPools() const noexcept
{
    return m_vma->findType != nullptr && m_vma->createPool != nullptr && m_vma->destroyPool != nullptr &&
           m_vma->getPoolStatistics != nullptr && m_vma->setPoolName != nullptr;
}

VkResult MemoryAllocator::CreatePool(const VmaPoolInfo& info, void*& pool) noexcept
{
    VmaPoolCreateInfo create{};
    create.memoryTypeIndex = info.memoryType;
    create.flags = VMA_POOL_CREATE_IGNORE_BUFFER_IMAGE_GRANULARITY_BIT; // buffers only
    create.blockSize = info.blockBytes;
    create.minBlockCount = 1;
    create.maxBlockCount = 1;
    create.priority = PriorityOf(info.priority);
    VmaPool made = nullptr;
    const OwnerScope scope(*m_vma, this);
    const VkResult result = m_device->Check(m_vma->createPool(m_vma->allocator, &create, &made));
    if (result != VK_SUCCESS)
        return result;
    m_vma->setPoolName(m_vma->allocator, made, info.name);
    pool = made;
    return VK_SUCCESS;
}

void MemoryAllocator::DestroyPool(void* pool) noexcept
{
    m_vma->destroyPool(m_vma->allocator, static_cast<VmaPool>(pool));
}

VmaPoolUse MemoryAllocator::UseOf(void* pool) const noexcept
{
    VmaStatistics statistics{};
    m_vma->getPoolStatistics(m_vma->allocator, static_cast<VmaPool>(pool), &statistics);
    return {statistics.blockCount, statistics.blockBytes, statistics.allocationCount, statistics.allocationBytes};
}

void MemoryAllocator::SampleBudget(uint64_t frame, uint64_t nowNs) noexcept
{
    if (m_vma->own) // an engine's allocator counts the engine's frames
        m_vma->setFrame(m_vma->allocator, static_cast<uint32_t>(frame)); // makes VMA ask the driver
    std::array<HeapSample, VK_MAX_MEMORY_HEAPS> samples{};
    const uint32_t count = m_device->memory.memoryHeapCount;
    for (uint32_t i = 0; i < count; ++i)
        samples[i].usedBytesBefore = m_budget.Of(i).usedBytes;
    std::array<VmaBudget, VK_MAX_MEMORY_HEAPS> numbers{};
    m_vma->getHeapBudgets(m_vma->allocator, numbers.data());
    for (uint32_t i = 0; i < count; ++i)
    {
        samples[i].heapBytes = m_device->memory.memoryHeaps[i].size;
        samples[i].driverBudgetBytes = numbers[i].budget;
        samples[i].driverUsageBytes = numbers[i].usage;
        samples[i].hasDriverNumbers = m_device->HasExtension(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    }
    m_budget.Sample(std::span(samples.data(), count), nowNs);
}

// ---- ranges --------------------------------------------------------------------------------------------------------

RangeAllocator::~RangeAllocator()
{
    if (m_block == nullptr)
        return;
    const auto block = static_cast<VmaVirtualBlock>(m_block);
    ::vmaClearVirtualBlock(block);
    ::vmaDestroyVirtualBlock(block);
}

bool RangeAllocator::Create(uint64_t bytes) noexcept
{
    VmaVirtualBlockCreateInfo info{};
    info.size = bytes;
    VmaVirtualBlock block = nullptr;
    if (::vmaCreateVirtualBlock(&info, &block) != VK_SUCCESS)
        return false;
    m_block = block;
    return true;
}

bool RangeAllocator::Allocate(uint64_t bytes, uint64_t alignment, Range& range) noexcept
{
    VmaVirtualAllocationCreateInfo info{};
    info.size = bytes;
    info.alignment = alignment;
    VmaVirtualAllocation handle = VK_NULL_HANDLE;
    VkDeviceSize offset = 0;
    if (::vmaVirtualAllocate(static_cast<VmaVirtualBlock>(m_block), &info, &handle, &offset) != VK_SUCCESS)
        return false;
    range.offset = offset;
    range.handle = reinterpret_cast<uint64_t>(handle);
    return true;
}

void RangeAllocator::Free(uint64_t handle) noexcept
{
    ::vmaVirtualFree(static_cast<VmaVirtualBlock>(m_block), reinterpret_cast<VmaVirtualAllocation>(handle));
}
} // namespace sedx
