// The layouts of real devices, read from the JSON files of a data folder.
//
// The folder is $SEDX_TEST_DATA/memory_layouts; without the variable, shared/data beside the project is looked at.
#pragma once

#include <sedx_simulator/device_layout.h>

#include <string>
#include <vector>

namespace sedx::test
{
struct RealLayout
{
    std::string file; // without extension
    simulator::DeviceLayout layout;
};

// The folder that is read, whether it exists or not.
std::string RealLayoutFolder();
// Sorted by file name; empty if the folder isn't there. A file that can't be read fails the test.
std::vector<RealLayout> LoadRealLayouts();
} // namespace sedx::test
