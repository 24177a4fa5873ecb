#include "device_memory.h"

#include "state.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#if defined(__SANITIZE_THREAD__)
#    define SEDX_SIMULATOR_THREAD_SANITIZER 1
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define SEDX_SIMULATOR_THREAD_SANITIZER 1
#    endif
#endif

namespace sedx::simulator
{
namespace
{
// Looks and copies as the hardware does: whatever other threads write beside the range in the same atom is none of its
// business. The thread sanitizer would call that a race.
#if defined(SEDX_SIMULATOR_THREAD_SANITIZER)
__attribute__((no_sanitize("thread"))) void CopyBytes(std::byte* to, const std::byte* from, uint64_t bytes)
{
    volatile std::byte* out = to;
    const volatile std::byte* in = from;
    for (uint64_t i = 0; i < bytes; ++i)
        out[i] = in[i];
}
__attribute__((no_sanitize("thread"))) bool AreEqual(const std::byte* a, const std::byte* b, uint64_t bytes)
{
    const volatile std::byte* first = a;
    const volatile std::byte* second = b;
    for (uint64_t i = 0; i < bytes; ++i)
    {
        if (first[i] != second[i])
            return false;
    }
    return true;
}
#else
void CopyBytes(std::byte* to, const std::byte* from, uint64_t bytes) { std::memcpy(to, from, bytes); }
bool AreEqual(const std::byte* a, const std::byte* b, uint64_t bytes) { return std::memcmp(a, b, bytes) == 0; }
#endif

bool HasStructure(const void* chain, VkStructureType type)
{
    for (auto* s = static_cast<const VkBaseInStructure*>(chain); s != nullptr; s = s->pNext)
    {
        if (s->sType == type)
            return true;
    }
    return false;
}
} // namespace

VkResult DeviceMemory::Allocate(const VkMemoryAllocateInfo& info, const VkAllocationCallbacks* allocator,
                                VkDeviceMemory* memory)
{
    SimulatorState& simulator = m_state.simulator;
    const uint32_t backing = m_state.physical.memory.Backing(info.memoryTypeIndex);
    if (backing == MemoryMap::kNone)
    {
        simulator.Report(fmt::format("allocates memory of type {}, which the device lacks", info.memoryTypeIndex));
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    }
    const bool isHostImport = HasStructure(info.pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT);
    const bool isImport = isHostImport || HasStructure(info.pNext, VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR);
    if (isHostImport && simulator.refusesHostImports)
        return VK_ERROR_INVALID_EXTERNAL_HANDLE;
    const VkMemoryType& type = simulator.layout.types[info.memoryTypeIndex];
    const uint64_t ofHeap = isImport ? 0 : info.allocationSize; // the memory is there already
    if (info.allocationSize > m_state.physical.maxAllocationSize)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    const VkResult taken =
        simulator.accounts.Take(type.heapIndex, ofHeap, m_state.physical.limits.maxMemoryAllocationCount);
    if (taken != VK_SUCCESS)
        return taken;
    VkMemoryAllocateInfo real = info;
    real.memoryTypeIndex = backing;
    const VkResult result = m_state.next.AllocateMemory(m_state.device, &real, allocator, memory);
    if (result != VK_SUCCESS)
    {
        simulator.accounts.GiveBack(type.heapIndex, ofHeap);
        return result;
    }
    constexpr VkMemoryPropertyFlags kHost = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    const std::lock_guard lock(m_mutex);
    Allocation& allocation = m_allocations[*memory];
    allocation.type = info.memoryTypeIndex;
    allocation.bytes = info.allocationSize;
    allocation.ofHeap = ofHeap;
    // Somebody else already sees imported memory: a shadow would hide it from them.
    allocation.isShadowed = (type.propertyFlags & kHost) == VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT && !isImport;
    return result;
}

void DeviceMemory::Free(VkDeviceMemory memory, const VkAllocationCallbacks* allocator)
{
    {
        const std::lock_guard lock(m_mutex);
        const auto found = m_allocations.find(memory);
        if (found != m_allocations.end())
        {
            const uint32_t heap = m_state.simulator.layout.types[found->second.type].heapIndex;
            m_state.simulator.accounts.GiveBack(heap, found->second.ofHeap);
            m_allocations.erase(found);
        }
    }
    m_state.next.FreeMemory(m_state.device, memory, allocator);
}

void DeviceMemory::GiveBackAll()
{
    const std::lock_guard lock(m_mutex);
    for (const auto& [memory, allocation] : m_allocations)
        m_state.simulator.accounts.GiveBack(m_state.simulator.layout.types[allocation.type].heapIndex,
                                            allocation.ofHeap);
    m_allocations.clear();
}

bool DeviceMemory::CanMap(VkDeviceMemory memory)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_allocations.find(memory);
    if (found == m_allocations.end())
        return true; // the layers below know what to say
    const VkMemoryType& type = m_state.simulator.layout.types[found->second.type];
    if ((type.propertyFlags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) != 0)
        return true;
    m_state.simulator.Report(fmt::format("maps memory of type {}, which is not host-visible", found->second.type));
    return false;
}

void DeviceMemory::NoteMapped(VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize size, void** data)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_allocations.find(memory);
    if (found == m_allocations.end())
        return;
    Allocation& allocation = found->second;
    allocation.real = static_cast<std::byte*>(*data);
    allocation.mapOffset = offset;
    allocation.mapBytes = size == VK_WHOLE_SIZE ? allocation.bytes - offset : size;
    if (!allocation.isShadowed)
        return;
    if (!allocation.shadow)
    {
        constexpr size_t kAlignment = 4096; // no device promises more
        size_t space = allocation.bytes + kAlignment;
        allocation.shadow.reset(static_cast<std::byte*>(std::calloc(1, space))); // costs nothing until it is touched
        allocation.synced.reset(static_cast<std::byte*>(std::calloc(1, allocation.bytes)));
        const uint64_t atom = m_state.physical.limits.nonCoherentAtomSize;
        allocation.isSynced.resize((allocation.bytes + atom - 1) / atom);
        void* aligned = allocation.shadow.get();
        allocation.view = static_cast<std::byte*>(std::align(kAlignment, allocation.bytes, aligned, space));
    }
    *data = allocation.view + offset;
}

void DeviceMemory::NoteUnmapped(VkDeviceMemory memory)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_allocations.find(memory);
    if (found != m_allocations.end())
        found->second.real = nullptr;
}

// ---- what is not coherent ------------------------------------------------------------------------------------------
VkResult DeviceMemory::Flush(uint32_t count, const VkMappedMemoryRange* ranges)
{
    for (uint32_t i = 0; i < count; ++i)
        Flush(ranges[i]);
    return m_state.next.FlushMappedMemoryRanges(m_state.device, count, ranges);
}

VkResult DeviceMemory::Invalidate(uint32_t count, const VkMappedMemoryRange* ranges)
{
    const VkResult result = m_state.next.InvalidateMappedMemoryRanges(m_state.device, count, ranges);
    for (uint32_t i = 0; i < count && result == VK_SUCCESS; ++i)
        Invalidate(ranges[i]);
    return result;
}

DeviceMemory::ShadowRange DeviceMemory::Check(const VkMappedMemoryRange& range, const char* call)
{
    const auto found = m_allocations.find(range.memory);
    if (found == m_allocations.end())
        return {};
    Allocation& allocation = found->second;
    if (allocation.real == nullptr)
    {
        m_state.simulator.Report(fmt::format("{} memory that is not mapped", call));
        return {};
    }
    const uint64_t mapEnd = allocation.mapOffset + allocation.mapBytes;
    const uint64_t end = range.size == VK_WHOLE_SIZE ? mapEnd : range.offset + range.size;
    if (range.offset < allocation.mapOffset || end > mapEnd || end < range.offset)
    {
        m_state.simulator.Report(fmt::format("{} {} bytes at offset {}, mapped are {} at {}", call, range.size,
                                             range.offset, allocation.mapBytes, allocation.mapOffset));
        return {};
    }
    const uint64_t atom = m_state.physical.limits.nonCoherentAtomSize;
    if (range.offset % atom != 0 || (end % atom != 0 && end != allocation.bytes))
        m_state.simulator.Report(fmt::format("{} {} bytes at offset {}, which do not begin and end at multiples of "
                                             "nonCoherentAtomSize ({})",
                                             call, end - range.offset, range.offset, atom));
    return {allocation.isShadowed ? &allocation : nullptr, range.offset, end};
}

void DeviceMemory::Flush(const VkMappedMemoryRange& range)
{
    // The lock is held while bytes are copied: two threads may flush the same atom, each with bytes of its own in it.
    const std::lock_guard lock(m_mutex);
    const auto [allocation, begin, end] = Check(range, "flushes");
    if (allocation == nullptr)
        return;
    const uint64_t atom = m_state.physical.limits.nonCoherentAtomSize;
    for (uint64_t offset = begin; offset < end;)
    {
        const uint64_t next = std::min(end, (offset / atom + 1) * atom);
        const std::byte* view = allocation->view + offset;
        std::byte* synced = allocation->synced.get() + offset;
        if (!allocation->isSynced[offset / atom] || !AreEqual(view, synced, next - offset))
        {
            CopyBytes(synced, view, next - offset); // first: what the CPU writes meanwhile belongs to the next flush
            CopyBytes(allocation->real + (offset - allocation->mapOffset), synced, next - offset);
            allocation->isSynced[offset / atom] = true;
        }
        offset = next;
    }
}

void DeviceMemory::Invalidate(const VkMappedMemoryRange& range)
{
    const std::lock_guard lock(m_mutex);
    const auto [allocation, begin, end] = Check(range, "invalidates");
    if (allocation == nullptr)
        return;
    const uint64_t atom = m_state.physical.limits.nonCoherentAtomSize;
    std::byte* synced = allocation->synced.get() + begin;
    CopyBytes(synced, allocation->real + (begin - allocation->mapOffset), end - begin);
    CopyBytes(allocation->view + begin, synced, end - begin);
    for (uint64_t i = begin / atom; i * atom < end; ++i)
        allocation->isSynced[i] = true;
}
} // namespace sedx::simulator
