// Limits: what the layout asks for, as far as the real device below stays valid with it.
#pragma once

#include <sedx_simulator/device_layout.h>

namespace sedx::simulator
{
// A limit that offsets must be multiples of: presented is the larger one of layout and device. Of all others the smaller.
bool IsAlignment(std::string_view limit) noexcept;

void PresentLimits(const DeviceLayout& layout, VkPhysicalDeviceLimits& limits);
// Those that live in structures behind VkPhysicalDeviceProperties2.
void PresentLimits(const DeviceLayout& layout, VkBaseOutStructure* chain);
} // namespace sedx::simulator
