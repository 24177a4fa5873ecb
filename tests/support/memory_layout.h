// MemoryLayout: the device that a test runs on: the driver's own, or one that the simulator presents on top of it.
#pragma once

#include <optional>
#include <ostream>
#include <sedx_simulator/device_simulator.h>
#include <string>

namespace sedx::test
{
struct MemoryLayout
{
    std::string name;
    std::optional<simulator::DeviceLayout> device{}; // nothing: what the driver says

    bool IsSimulated() const { return device.has_value(); }
    friend std::ostream& operator<<(std::ostream& stream, const MemoryLayout& layout) { return stream << layout.name; }

    // What the driver says; or the layout that the environment variable SEDX_TEST_LAYOUT names (a path, the name of a
    // layout of the simulator, or of a real one, see real_layouts.h). Ends the process if there is no such layout.
    static MemoryLayout Native();
    // A discrete GPU without a mappable part of its memory: uploads need staging.
    static MemoryLayout Discrete();
    // A discrete GPU with 256 MiB of mappable device memory.
    static MemoryLayout SmallBar();
    // Unified memory, not coherent: writes must be flushed, reads invalidated.
    static MemoryLayout NonCoherent();
};

// Presents the layout, or fails the test. Null for the driver's own device.
std::unique_ptr<simulator::DeviceSimulator> Simulate(const MemoryLayout& layout);
} // namespace sedx::test
