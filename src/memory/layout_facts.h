// What a memory layout looks like once special-purpose heaps and types are taken out: the ground on which
// memory_strategy.cpp chooses. No device type in here.
#pragma once

#include <sedx/memory_strategy.h>

namespace sedx
{
struct TypeFacts
{
    uint32_t heap = 0;
    bool usable = false;  // ordinary flags, on an ordinary heap that has room
    bool device = false;  // on a heap that is device memory
    bool visible = false; // to the host
    bool coherent = false;
    bool cached = false;
};

struct HeapFacts
{
    uint64_t bytes = 0;
    bool usable = false;   // at least one usable type is on it
    bool device = false;   // device-local
    bool mappable = false; // at least one of its usable types is host-visible
    bool window = false;   // mappable device memory that is a small part of the whole
};

enum class LayoutKind : uint32_t
{
    Nothing,    // no usable type
    OneMemory,  // mappable, and no other memory beside it
    Beside,     // host memory, and device memory that can be mapped
    Window,     // only a part of device memory can be mapped
    Unmappable, // no device memory can be mapped
};

struct LayoutFacts
{
    std::vector<TypeFacts> types;
    std::vector<HeapFacts> heaps;
    LayoutKind kind = LayoutKind::Nothing;
    uint32_t usableHeaps = 0;
    uint64_t deviceBytes = 0;   // of all usable device-local heaps
    uint64_t mappableBytes = 0; // of those of them that can be mapped
};

LayoutFacts LookAtLayout(const VkPhysicalDeviceMemoryProperties& memory);

// One for each heap.
std::vector<HeapRules> RulesOfHeaps(const MemoryFacts& facts, const LayoutFacts& layout);
} // namespace sedx
