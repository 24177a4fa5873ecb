// Where memory comes from: a pure function of what the driver reports, with no Vulkan calls, so that it can be tested
// against the layouts of real devices.
#pragma once

#include <sedx/buffer.h>

#include <string>
#include <vector>

namespace sedx
{
// How CPU and GPU share memory. Decided from heaps and types; the device type breaks a tie only (see ClassifyMemory).
enum class MemoryClass : uint32_t
{
    Unified,  // one memory for both
    FullBar,  // the CPU can map (nearly) all device memory ("resizable BAR")
    SmallBar, // the CPU can map a window of 512 MiB or less, or only a part of device memory
    None,     // device memory cannot be mapped
    Software, // a CPU device: everything is host memory
};
const char* ToString(MemoryClass memoryClass) noexcept;

MemoryClass ClassifyMemory(const VkPhysicalDeviceMemoryProperties& memory, VkPhysicalDeviceType type) noexcept;

struct Placement
{
    std::vector<uint32_t> types; // indices of memory types, best first; later ones are the fall-back
    std::string reason;          // in words
};

struct MemoryStrategy
{
    MemoryClass memoryClass = MemoryClass::None;
    Placement gpu;
    Placement cpu;
    Placement readback;

    const Placement& For(MemoryType memory) const noexcept
    {
        return memory == MemoryType::GPU ? gpu : memory == MemoryType::CPU ? cpu : readback;
    }
};

MemoryStrategy ChooseMemory(const VkPhysicalDeviceMemoryProperties& memory, VkPhysicalDeviceType type);
} // namespace sedx
