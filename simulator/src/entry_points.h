// vkGetInstanceProcAddr and vkCreateInstance of each simulator. Neither has an argument by which to find its simulator, so
// there is a fixed number of them, made by templates, and a simulator takes one.
#pragma once

#include <cstdint>
#include <vulkan/vulkan_core.h>

namespace sedx::simulator
{
struct SimulatorState;

// The slot of the simulator; kMaxSimulators if all are taken.
uint32_t TakeSlot(SimulatorState& state);
void GiveSlotBack(uint32_t slot);
PFN_vkGetInstanceProcAddr EntryOf(uint32_t slot);
} // namespace sedx::simulator
