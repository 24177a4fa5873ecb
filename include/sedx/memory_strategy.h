// MemoryStrategy: which memory types a buffer may use, best first, with the reason in words.
//
//     sedx::MemoryFacts facts;
//     vkGetPhysicalDeviceMemoryProperties(physicalDevice, &facts.memory);
//     const sedx::MemoryStrategy strategy = sedx::ChooseMemory(facts);
//     const sedx::Placement& readback = strategy.For(sedx::PlacementKind::HostRead);
//     // readback.types = {9, 8, 10}, readback.reason = "host-cached memory, fast for the CPU to read"
//
// A pure function of what the driver reports: the same facts give the same answer. It calls no Vulkan function and keeps
// nothing; any thread may call it. Does NOT allocate, does NOT look at budgets (sedx/memory_budget.h does), and does NOT
// look at names or vendors. The device type decides two ties and nothing else, see MemoryClass. Sizes are in bytes.
#pragma once

#include <sedx/buffer.h>

#include <array>
#include <string>
#include <vector>

namespace sedx
{
// How CPU and GPU share memory. Decided by heaps and types, with two exceptions where different devices look the same:
// - one heap for everything: Software if the device type is CPU, else Unified;
// - host memory beside device memory that can be mapped: Unified if the type is INTEGRATED_GPU, else FullBar.
// The placements are the same on both sides of a tie.
enum class MemoryClass : uint32_t
{
    Unified,  // one memory for both
    FullBar,  // the CPU can map device memory, or at least nine tenths of it ("resizable BAR")
    SmallBar, // the CPU can map a part of device memory, mostly a window of 214 to 256 MiB
    None,     // device memory cannot be mapped
    Software, // a CPU device: everything is host memory
};

enum class PlacementKind : uint32_t
{
    Device,        // read and written by the GPU
    HostWrite,     // written by the CPU in order, read by the GPU; always mappable
    HostRead,      // written by the GPU, read by the CPU; always mappable, cached where the device has a cached type
    DeviceAndHost, // written by the CPU straight into device memory where that can be mapped; always mappable
    Count,
};

// Stable, for people: "small BAR", "device and host".
SEDX_API const char* ToString(MemoryClass memoryClass) noexcept;
SEDX_API const char* ToString(PlacementKind kind) noexcept;

// GPU: Device, CPU: HostWrite, Readback: HostRead, GPUUpload: DeviceAndHost.
SEDX_API PlacementKind PlacementOf(MemoryType memory) noexcept;

// What the driver says. A limit of 0 is one that is not known: it limits nothing.
struct MemoryFacts
{
    VkPhysicalDeviceMemoryProperties memory{};
    VkPhysicalDeviceType deviceType = VK_PHYSICAL_DEVICE_TYPE_OTHER;
    uint64_t nonCoherentAtomSize = 1;       // bytes, VkPhysicalDeviceLimits
    uint64_t maxMemoryAllocationSize = 0;   // bytes, VkPhysicalDeviceMaintenance3Properties
    uint64_t maxMemoryAllocationCount = 0;  // VkPhysicalDeviceLimits
    uint64_t maxBufferSize = 0;             // bytes, VkPhysicalDeviceMaintenance4Properties
    bool memoryBudget = false;              // VK_EXT_memory_budget
    bool memoryPriority = false;            // VK_EXT_memory_priority
    bool pageableDeviceLocalMemory = false; // VK_EXT_pageable_device_local_memory
};

struct Placement
{
    std::vector<uint32_t> types; // indices of memory types, best first, no repetition; later ones are the fall-back
    std::string reason;          // why the first one comes first, as part of a sentence
};

// How the library treats a heap; as many of them as the device has heaps.
struct HeapRules
{
    uint64_t capBytes = 0; // the library never uses more: half of a small BAR, else the heap's size; 0: not for buffers
    uint64_t blockBytes = 0;     // size of the blocks that buffers are cut from, a power of two
    uint64_t maxBufferBytes = 0; // what is larger goes to the next type: a small BAR is for tiny data; else capBytes
    bool isSmallBar = false;     // a window: meant for tiny data of one frame; only maxBufferBytes is enforced
    std::string reason;          // a sentence
};

struct MemoryStrategy
{
    MemoryClass memoryClass = MemoryClass::None;
    std::string classReason; // a sentence
    std::array<Placement, static_cast<size_t>(PlacementKind::Count)> placements;
    std::vector<HeapRules> heaps;
    // By memory type: host writes of two writers, and what is flushed or invalidated, must not share a piece of so many
    // bytes. 1 for coherent memory and for memory that cannot be mapped.
    std::vector<uint64_t> atomBytes;
    // The first choice for device buffers can be mapped: a fresh buffer may be filled without staging. With FullBar only
    // for data that is written once and in order, and while the budget allows.
    bool writesInPlace = false;
    // Blocks hold buffers of one priority class only: a priority belongs to a VkDeviceMemory.
    bool blocksByPriority = false;

    const Placement& For(PlacementKind kind) const noexcept { return placements[static_cast<size_t>(kind)]; }
    const Placement& For(MemoryType memory) const noexcept { return For(PlacementOf(memory)); }
};

// Never fails: a device without usable memory types gives placements without types. Types for special purposes (lazily
// allocated, protected, AMD's device-coherent, and any flag that is not known here) are never used, nor are heaps with
// flags that are not known. Equal choices keep the driver's order.
SEDX_API MemoryStrategy ChooseMemory(const MemoryFacts& facts);
} // namespace sedx
