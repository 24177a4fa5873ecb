// The memory layouts of real devices, read from the JSON files of a data folder.
//
// The folder is $SEDX_TEST_DATA/memory_layouts; without the variable, shared/data beside the project is looked at.
#pragma once

#include "support/memory_layout.h"

#include <string>
#include <vector>

namespace sedx::test
{
struct RealLayout
{
    std::string file; // without extension
    VkPhysicalDeviceType deviceType = VK_PHYSICAL_DEVICE_TYPE_OTHER;
    MemoryLayout layout;

    VkPhysicalDeviceMemoryProperties Properties() const;
};

// The folder that is read, whether it exists or not.
std::string RealLayoutFolder();
// Sorted by file name; empty if the folder isn't there.
std::vector<RealLayout> LoadRealLayouts();
} // namespace sedx::test
