// Opens the system's Vulkan loader, for simulators that are given none.
#pragma once

#include <vulkan/vulkan_core.h>

namespace sedx::simulator
{
// Null if this machine has none. Stays open for the life of the process.
PFN_vkGetInstanceProcAddr OpenSystemLoader();
} // namespace sedx::simulator
