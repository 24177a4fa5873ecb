// Finds the state behind a handle: dispatchable handles of one instance, or of one device, begin with the same pointer.
#pragma once

#include "state.h"

namespace sedx::simulator
{
inline void* DispatchKey(const void* handle) { return *static_cast<void* const*>(handle); }

void RegisterInstance(VkInstance instance, InstanceState& state);
void RegisterDevice(VkDevice device, DeviceState& state);
void Unregister(void* key);

// A handle of something that is gone, or that was not made through a simulator, ends the process with a message.
InstanceState& FindInstance(const void* handle);
DeviceState& FindDevice(const void* handle);

inline InstanceState& StateOf(VkInstance handle) { return FindInstance(handle); }
inline InstanceState& StateOf(VkPhysicalDevice handle) { return FindInstance(handle); }
inline DeviceState& StateOf(VkDevice handle) { return FindDevice(handle); }
inline DeviceState& StateOf(VkQueue handle) { return FindDevice(handle); }
inline DeviceState& StateOf(VkCommandBuffer handle) { return FindDevice(handle); }
} // namespace sedx::simulator
