// Profiles without measuring: what is built in for a kind of device, and which figures make sense at all. Pure logic.
#pragma once

#include "base/error.h"

#include <sedx/transfer_profile.h>

namespace sedx
{
// What the scatter shader is given at most: a longer write costs a copy region no more than its bytes.
inline constexpr uint64_t kScatterMost = 64 * 1024 - 1;
// VUID-vkCmdUpdateBuffer-dataSize-00037: a constant of the specification, no limit of the device.
inline constexpr uint64_t kInlineMost = 64 * 1024;
inline constexpr uint32_t kCopyThreadsMost = 64;

struct ProfileFacts
{
    bool runsOnCpu = false; // a driver that runs shaders on the CPU (VK_PHYSICAL_DEVICE_TYPE_CPU)
    bool overBus = false;   // the CPU maps device memory across a bus: MemoryClass::FullBar or SmallBar
    uint32_t cores = 0;     // of this machine; 0: unknown
};
TransferProfile BuiltInProfile(const ProfileFacts& facts) noexcept;

// InvalidArgument names the first field that is out of its range.
Result<void> CheckProfile(const TransferProfile& profile);
} // namespace sedx
