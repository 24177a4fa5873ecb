#include "support/real_layouts.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

namespace sedx::test
{
std::string RealLayoutFolder() { return simulator::DeviceLayout::DataFolder().string(); }

std::vector<RealLayout> LoadRealLayouts()
{
    std::vector<RealLayout> layouts;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(RealLayoutFolder(), error))
    {
        if (entry.path().extension() != ".json")
            continue;
        auto layout = simulator::DeviceLayout::Load(entry.path());
        if (layout)
            layouts.push_back({layout->name, std::move(*layout)});
        else
            ADD_FAILURE() << layout.error().message;
    }
    std::ranges::sort(layouts, {}, &RealLayout::file);
    return layouts;
}
} // namespace sedx::test
