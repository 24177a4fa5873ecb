#include <sedx_simulator/device_layout.h>

#include "fail.h"
#include "presented_limits.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

namespace sedx::simulator
{
namespace
{
using Json = nlohmann::json;

struct FlagName
{
    std::string_view name;
    uint32_t bit;
};
constexpr FlagName kHeapFlags[] = {{"DEVICE_LOCAL", VK_MEMORY_HEAP_DEVICE_LOCAL_BIT},
                                   {"MULTI_INSTANCE", 0}}; // of device groups, which are not simulated
constexpr FlagName kTypeFlags[] = {{"DEVICE_LOCAL", VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT},
                                   {"HOST_VISIBLE", VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT},
                                   {"HOST_COHERENT", VK_MEMORY_PROPERTY_HOST_COHERENT_BIT},
                                   {"HOST_CACHED", VK_MEMORY_PROPERTY_HOST_CACHED_BIT},
                                   {"LAZILY_ALLOCATED", VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT},
                                   {"PROTECTED", VK_MEMORY_PROPERTY_PROTECTED_BIT},
                                   {"DEVICE_COHERENT_AMD", VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD},
                                   {"DEVICE_UNCACHED_AMD", VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD},
                                   {"RDMA_CAPABLE_NV", VK_MEMORY_PROPERTY_RDMA_CAPABLE_BIT_NV}};
constexpr FlagName kDeviceTypes[] = {{"OTHER", VK_PHYSICAL_DEVICE_TYPE_OTHER},
                                     {"INTEGRATED_GPU", VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU},
                                     {"DISCRETE_GPU", VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU},
                                     {"VIRTUAL_GPU", VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU},
                                     {"CPU", VK_PHYSICAL_DEVICE_TYPE_CPU}};

// What is wrong with a file, on its way out of the reading functions; never leaves this source.
struct Fault
{
    std::string sentence;
};

uint32_t Lookup(std::span<const FlagName> names, const std::string& text, std::string_view what)
{
    for (const FlagName& flag : names)
    {
        if (flag.name == text)
            return flag.bit;
    }
    throw Fault{fmt::format("'{}' is no {}", text, what)};
}

uint32_t ReadFlags(const Json& list, std::span<const FlagName> names, std::string_view what)
{
    uint32_t bits = 0;
    for (const Json& flag : list)
        bits |= Lookup(names, flag.get<std::string>(), what);
    return bits;
}

uint64_t ReadNumber(const Json& value, std::string_view what)
{
    if (!value.is_number_unsigned())
        throw Fault{fmt::format("{} is not a whole number from 0", what)};
    return value.get<uint64_t>();
}

uint32_t ReadSmall(const Json& value, std::string_view what)
{
    const uint64_t number = ReadNumber(value, what);
    if (number > UINT32_MAX)
        throw Fault{fmt::format("{} is too large", what)};
    return static_cast<uint32_t>(number);
}

LayoutQueues ReadQueues(const Json& json)
{
    LayoutQueues queues;
    for (const auto& [key, value] : json.items())
    {
        if (key == "compute")
            queues.compute = ReadSmall(value, "queues.compute");
        else if (key == "transfer")
            queues.transfer = ReadSmall(value, "queues.transfer");
        else if (key == "transferGranularity")
        {
            if (!value.is_array() || value.size() != 3)
                throw Fault{"queues.transferGranularity is not [width, height, depth]"};
            queues.transferGranularity = {ReadSmall(value[0], "queues.transferGranularity"),
                                          ReadSmall(value[1], "queues.transferGranularity"),
                                          ReadSmall(value[2], "queues.transferGranularity")};
        }
        else
            throw Fault{fmt::format("'queues' knows no '{}'", key)};
    }
    return queues;
}

DeviceLayout Read(const Json& json)
{
    DeviceLayout layout;
    layout.deviceName = json.at("device").get<std::string>();
    layout.deviceType = static_cast<VkPhysicalDeviceType>(
        Lookup(kDeviceTypes, json.at("deviceType").get<std::string>(), "device type"));
    for (const Json& heap : json.at("heaps"))
    {
        LayoutHeap made{.bytes = ReadNumber(heap.at("sizeBytes"), "sizeBytes of a heap"),
                        .flags = ReadFlags(heap.at("flags"), kHeapFlags, "flag of a heap")};
        if (const auto budget = heap.find("budgetBytes"); budget != heap.end() && !budget->is_null())
            made.budgetBytes = ReadNumber(*budget, "budgetBytes of a heap");
        layout.heaps.push_back(made);
    }
    for (const Json& type : json.at("types"))
    {
        const uint32_t flags = ReadFlags(type.at("flags"), kTypeFlags, "flag of a memory type");
        if (const auto number = type.find("propertyFlags"); number != type.end() && *number != flags)
            throw Fault{fmt::format("flags and propertyFlags of memory type {} differ", layout.types.size())};
        layout.types.push_back({flags, ReadSmall(type.at("heapIndex"), "heapIndex of a memory type")});
    }
    if (const auto limits = json.find("limits"); limits != json.end() && !limits->is_null())
    {
        for (const auto& [name, value] : limits->items())
        {
            if (!value.is_null())
                layout.limits[name] = ReadNumber(value, name);
        }
    }
    if (const auto queues = json.find("queues"); queues != json.end())
        layout.queues = ReadQueues(*queues);
    return layout;
}
} // namespace

Result<DeviceLayout> DeviceLayout::Load(const std::filesystem::path& file)
{
    std::ifstream stream(file, std::ios::binary);
    if (!stream)
        return Fail(ErrorCode::InvalidArgument, "cannot read the device layout {}", file.string());
    try
    {
        DeviceLayout layout = Read(Json::parse(stream));
        layout.name = file.stem().string();
        if (const auto checked = layout.Check(); !checked)
            return Fail(ErrorCode::InvalidArgument, "{}: {}", file.string(), checked.error().message);
        return layout;
    }
    catch (const Fault& fault)
    {
        return Fail(ErrorCode::InvalidArgument, "{}: {}", file.string(), fault.sentence);
    }
    catch (const Json::exception& error)
    {
        return Fail(ErrorCode::InvalidArgument, "{} is no device layout: {}", file.string(), error.what());
    }
}

Result<DeviceLayout> DeviceLayout::Find(std::string_view nameOrPath, std::span<const std::filesystem::path> folders)
{
    std::error_code error;
    if (nameOrPath.empty())
        return Fail(ErrorCode::InvalidArgument, "the name of a device layout is empty");
    if (const std::filesystem::path path(nameOrPath); std::filesystem::is_regular_file(path, error))
        return Load(path);
    std::vector<std::filesystem::path> all(folders.begin(), folders.end());
    all.push_back(OwnFolder());
    all.push_back(DataFolder());
    std::vector<std::string> known;
    for (const std::filesystem::path& folder : all)
    {
        for (const std::string& name : {std::string(nameOrPath), std::string(nameOrPath) + ".json"})
        {
            if (std::filesystem::is_regular_file(folder / name, error))
                return Load(folder / name);
        }
        for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        {
            if (entry.path().extension() == ".json")
                known.push_back(entry.path().stem().string());
        }
    }
    std::ranges::sort(known);
    return Fail(ErrorCode::InvalidArgument, "'{}' is neither a file nor a known device layout; there are: {}",
                nameOrPath, fmt::join(known, ", "));
}

std::filesystem::path DeviceLayout::OwnFolder() { return SEDX_SIMULATOR_LAYOUTS; }

std::filesystem::path DeviceLayout::DataFolder()
{
    const char* data = std::getenv("SEDX_TEST_DATA");
    return (std::filesystem::path(data != nullptr ? data : SEDX_SIMULATOR_DATA) / "memory_layouts").lexically_normal();
}

VkPhysicalDeviceMemoryProperties DeviceLayout::MemoryProperties() const
{
    VkPhysicalDeviceMemoryProperties properties{};
    properties.memoryHeapCount = static_cast<uint32_t>(heaps.size());
    properties.memoryTypeCount = static_cast<uint32_t>(types.size());
    for (size_t i = 0; i < heaps.size(); ++i)
        properties.memoryHeaps[i] = {heaps[i].bytes, heaps[i].flags};
    std::ranges::copy(types, properties.memoryTypes);
    return properties;
}

uint64_t DeviceLayout::BudgetOf(uint32_t heap) const
{
    return heaps[heap].budgetBytes != 0 ? heaps[heap].budgetBytes : heaps[heap].bytes / 10 * 9;
}

Result<void> DeviceLayout::Check() const
{
    const auto fail = [](std::string sentence) -> Result<void> {
        return Fail(ErrorCode::InvalidArgument, "{}", sentence);
    };
    if (heaps.empty() || heaps.size() > VK_MAX_MEMORY_HEAPS)
        return fail(fmt::format("a device has 1 to {} heaps, not {}", VK_MAX_MEMORY_HEAPS, heaps.size()));
    if (types.empty() || types.size() > VK_MAX_MEMORY_TYPES)
        return fail(fmt::format("a device has 1 to {} memory types, not {}", VK_MAX_MEMORY_TYPES, types.size()));
    for (size_t i = 0; i < heaps.size(); ++i)
    {
        if (heaps[i].bytes == 0)
            return fail(fmt::format("heap {} has no size", i));
    }
    bool hasLocal = false;
    bool hasVisible = false;
    for (size_t i = 0; i < types.size(); ++i)
    {
        if (types[i].heapIndex >= heaps.size())
            return fail(
                fmt::format("memory type {} lies on heap {}, there are {}", i, types[i].heapIndex, heaps.size()));
        hasLocal = hasLocal || (types[i].propertyFlags & VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) != 0;
        hasVisible = hasVisible || (types[i].propertyFlags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) != 0;
    }
    if (!hasLocal || !hasVisible)
        return fail("a device has at least one memory type that is DEVICE_LOCAL and one that is HOST_VISIBLE");
    for (const auto& [limit, value] : limits)
    {
        if (IsAlignment(limit) && (value == 0 || (value & (value - 1)) != 0))
            return fail(fmt::format("{} is {}, which is no power of two", limit, value));
    }
    const VkExtent3D granularity = queues.transferGranularity;
    if ((granularity.width == 0 || granularity.height == 0 || granularity.depth == 0) &&
        (granularity.width | granularity.height | granularity.depth) != 0)
        return fail("queues.transferGranularity is 0 in one direction and not in all");
    return {};
}
} // namespace sedx::simulator
