// DeviceLayout: what the simulator presents instead of the real device: heaps, memory types, limits, queue families.
//
//     auto layout = sedx::simulator::DeviceLayout::Find("small_bar");          // by name, or the path of a JSON file
//     layout->limits["minStorageBufferOffsetAlignment"] = 256;                 // a plain struct: change what you like
//     layout->queues = {.compute = 1, .transfer = 2};
//
// docs/simulator.md describes the file format. A layout knows nothing of a real device: what that one cannot give shows when a
// device is made of it. A value without locks: share it between threads as you would any struct.
#pragma once

#include <sedx/result.h>

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sedx::simulator
{
struct LayoutHeap
{
    uint64_t bytes = 0;
    VkMemoryHeapFlags flags = 0;
    uint64_t budgetBytes = 0; // 0: nine tenths of the heap
};

// Families that are added after those of the real device; all of their queues share one queue of it.
struct LayoutQueues
{
    uint32_t compute = 0;                    // queues of a family with compute and transfer; 0: no such family
    uint32_t transfer = 0;                   // queues of a family with transfer only
    VkExtent3D transferGranularity{1, 1, 1}; // minImageTransferGranularity of that family
};

struct DeviceLayout
{
    std::string name; // of the file, without extension
    std::string deviceName;
    VkPhysicalDeviceType deviceType = VK_PHYSICAL_DEVICE_TYPE_OTHER;
    std::vector<LayoutHeap> heaps{};
    std::vector<VkMemoryType> types{};
    // Limits by the names that Vulkan gives them, for instance "maxMemoryAllocationCount". What is not here, the real
    // device decides; it also decides where the layout is more generous than it is.
    std::map<std::string, uint64_t> limits{};
    LayoutQueues queues{};

    // InvalidArgument with one sentence that names the file and what is wrong with it.
    static Result<DeviceLayout> Load(const std::filesystem::path& file);
    // A path, or the name of a file (with or without .json) in one of the folders, then in OwnFolder() and DataFolder().
    // InvalidArgument with the names that there are.
    static Result<DeviceLayout> Find(std::string_view nameOrPath, std::span<const std::filesystem::path> folders = {});
    // The layouts written by hand for this project: simulator/layouts in its sources.
    static std::filesystem::path OwnFolder();
    // Layouts of real devices: $SEDX_TEST_DATA/memory_layouts; without the variable, of the folder shared/data beside the
    // project. It need not exist.
    static std::filesystem::path DataFolder();

    // As vkGetPhysicalDeviceMemoryProperties will report it.
    VkPhysicalDeviceMemoryProperties MemoryProperties() const;
    uint64_t BudgetOf(uint32_t heap) const; // bytes; the heap must exist
    // Nothing if Vulkan could report this, else a sentence.
    Result<void> Check() const;
};

// The limits that a layout may have. The others in a file are ignored.
std::span<const std::string_view> KnownLimits() noexcept;
} // namespace sedx::simulator
