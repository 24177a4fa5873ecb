// MemoryLayout: heaps and memory types that the interceptor presents to the library instead of the driver's.
//
// A presented type is backed by the first real type that has all of its properties. What the presented type lacks is
// enforced: memory of a type without HOST_VISIBLE can't be mapped, a full heap answers VK_ERROR_OUT_OF_DEVICE_MEMORY.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>
#include <vulkan/vulkan_core.h>

namespace sedx::test
{
struct MemoryLayout
{
    std::string name;
    std::vector<VkMemoryHeap> heaps;
    std::vector<VkMemoryType> types;

    bool IsNative() const { return types.empty(); }
    friend std::ostream& operator<<(std::ostream& stream, const MemoryLayout& layout) { return stream << layout.name; }

    // What the driver says.
    static MemoryLayout Native();
    // A discrete GPU without a mappable part of its memory: uploads need staging.
    static MemoryLayout Discrete();
    // A discrete GPU with 256 MiB of mappable device memory.
    static MemoryLayout SmallBar();
    // Unified memory, not coherent: writes must be flushed, reads invalidated.
    static MemoryLayout NonCoherent();
};
} // namespace sedx::test
