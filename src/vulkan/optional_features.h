// Features that only some types of buffers need, and whether the device was made with them. What the library asks for itself:
// features.h.
#pragma once

#include "vulkan/device_state.h"

namespace sedx
{
// VkPhysicalDeviceFeatures2 or any structure of its chain; null: nothing is enabled. `extensions`: the device's, some of
// which switch a feature on by themselves.
OptionalFeatures ReadOptionalFeatures(const void* chain, const std::vector<std::string>& extensions);

// Whatever the device supports: for an engine that does not say what it enabled, and answers for it.
OptionalFeatures SupportedFeatures(const DeviceState& state);
} // namespace sedx
