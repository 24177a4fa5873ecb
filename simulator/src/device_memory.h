// DeviceMemory: the VkDeviceMemory objects of a device, and the CPU's own view of memory that is not coherent.
//
// A presented type without HOST_COHERENT gets a shadow: mapping gives the shadow, flushing copies it to the real memory,
// invalidating copies the real memory to it. So a forgotten flush is seen on every machine. As caches do, a flush writes
// only atoms that the CPU has changed: flushing what the GPU writes meanwhile does no harm.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>
#include <vulkan/vulkan_core.h>

namespace sedx::simulator
{
struct DeviceState;

class DeviceMemory
{
  public:
    explicit DeviceMemory(DeviceState& state) : m_state(state) {}

    VkResult Allocate(const VkMemoryAllocateInfo& info, const VkAllocationCallbacks* allocator, VkDeviceMemory* memory);
    void Free(VkDeviceMemory memory, const VkAllocationCallbacks* allocator);
    // What was not freed is given back to the heaps: the device goes.
    void GiveBackAll();

    // `map` maps the real memory. Fails for types that can't be mapped.
    template <class MapReal>
    VkResult Map(VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize size, void** data, MapReal map)
    {
        if (!CanMap(memory))
            return VK_ERROR_MEMORY_MAP_FAILED;
        const VkResult result = map();
        if (result == VK_SUCCESS)
            NoteMapped(memory, offset, size, data);
        return result;
    }
    void NoteUnmapped(VkDeviceMemory memory);

    VkResult Flush(uint32_t count, const VkMappedMemoryRange* ranges);
    VkResult Invalidate(uint32_t count, const VkMappedMemoryRange* ranges);

  private:
    struct FreeShadow
    {
        void operator()(std::byte* bytes) const { std::free(bytes); }
    };
    struct Allocation
    {
        uint32_t type = 0; // presented
        uint64_t bytes = 0;
        uint64_t ofHeap = 0; // of these, taken from the heap: nothing of what was imported
        bool isShadowed = false;
        std::unique_ptr<std::byte, FreeShadow> shadow; // from the first mapping on
        std::byte* view = nullptr; // the whole allocation as the CPU sees it: the shadow, aligned as mappings are
        std::unique_ptr<std::byte, FreeShadow> synced; // the view when it was last flushed or invalidated
        std::vector<bool> isSynced;                    // of each atom: ever
        std::byte* real = nullptr;                     // where the mapping of the real memory begins; null: not mapped
        uint64_t mapOffset = 0;
        uint64_t mapBytes = 0;
    };

    bool CanMap(VkDeviceMemory memory);
    void NoteMapped(VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize size, void** data);
    // A range of a shadow, in bytes of the allocation.
    struct ShadowRange
    {
        Allocation* allocation = nullptr; // null: nothing to copy
        uint64_t begin = 0;
        uint64_t end = 0;
    };
    // Reports what is wrong with the range. The mutex is held.
    ShadowRange Check(const VkMappedMemoryRange& range, const char* call);
    void Flush(const VkMappedMemoryRange& range);
    void Invalidate(const VkMappedMemoryRange& range);

    DeviceState& m_state;
    std::mutex m_mutex;
    std::unordered_map<VkDeviceMemory, Allocation> m_allocations;
};
} // namespace sedx::simulator
