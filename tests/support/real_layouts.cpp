#include "support/real_layouts.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace sedx::test
{
namespace
{
VkPhysicalDeviceType TypeOf(const std::string& text)
{
    if (text == "INTEGRATED_GPU")
        return VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU;
    if (text == "DISCRETE_GPU")
        return VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
    if (text == "VIRTUAL_GPU")
        return VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU;
    if (text == "CPU")
        return VK_PHYSICAL_DEVICE_TYPE_CPU;
    return VK_PHYSICAL_DEVICE_TYPE_OTHER;
}
} // namespace

VkPhysicalDeviceMemoryProperties RealLayout::Properties() const
{
    VkPhysicalDeviceMemoryProperties properties{};
    properties.memoryHeapCount = static_cast<uint32_t>(layout.heaps.size());
    properties.memoryTypeCount = static_cast<uint32_t>(layout.types.size());
    std::ranges::copy(layout.heaps, properties.memoryHeaps);
    std::ranges::copy(layout.types, properties.memoryTypes);
    return properties;
}

std::string RealLayoutFolder()
{
    const char* data = std::getenv("SEDX_TEST_DATA");
    return (std::filesystem::path(data ? data : SEDX_TEST_DATA_FALLBACK) / "memory_layouts")
        .lexically_normal()
        .string();
}

std::vector<RealLayout> LoadRealLayouts()
{
    std::vector<RealLayout> layouts;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(RealLayoutFolder(), error))
    {
        if (entry.path().extension() != ".json")
            continue;
        std::ifstream stream(entry.path());
        const auto json = nlohmann::json::parse(stream);
        RealLayout real;
        real.file = entry.path().stem().string();
        real.deviceType = TypeOf(json.value("deviceType", ""));
        real.layout.name = real.file;
        for (const auto& heap : json.at("heaps"))
        {
            VkMemoryHeapFlags flags = 0;
            for (const auto& flag : heap.at("flags"))
            {
                if (flag == "DEVICE_LOCAL")
                    flags |= VK_MEMORY_HEAP_DEVICE_LOCAL_BIT;
            }
            real.layout.heaps.push_back({heap.at("sizeBytes").get<VkDeviceSize>(), flags});
        }
        for (const auto& type : json.at("types"))
            real.layout.types.push_back(
                {type.at("propertyFlags").get<uint32_t>(), type.at("heapIndex").get<uint32_t>()});
        layouts.push_back(std::move(real));
    }
    std::ranges::sort(layouts, {}, &RealLayout::file);
    return layouts;
}
} // namespace sedx::test
