// Which features of a device are switched on, as far as the library asks: read from the chain that vkCreateDevice was given.
#pragma once

#include "vulkan/device_state.h"

namespace sedx
{
// Of features that a device must have.
struct RequiredFeatureBits
{
    bool timelineSemaphore = false;
    bool bufferDeviceAddress = false;
    bool synchronization2 = false;
};

struct EnabledFeatures
{
    RequiredFeatureBits required;
    bool memoryPriority = false;
    OptionalFeatures optional;
};

// VkPhysicalDeviceFeatures2 or any structure of its chain; null: nothing is enabled. `extensions`: the device's, some of
// which switch a feature on by themselves.
EnabledFeatures ReadFeatures(const void* chain, const std::vector<std::string>& extensions);

// Whatever the device supports: for an engine that does not say what it enabled, and answers for it.
OptionalFeatures SupportedFeatures(const DeviceState& state);
} // namespace sedx
