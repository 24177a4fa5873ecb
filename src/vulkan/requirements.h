// Requirements through a dispatch table, so that whoever wraps the table is asked too.
#pragma once

#include <sedx/dispatch.h>
#include <sedx/requirements.h>

namespace sedx
{
Result<DeviceRequirements> RequirementsOf(const InstanceDispatch& vki, VkPhysicalDevice physicalDevice,
                                          FeatureModule modules = FeatureModule::All);
} // namespace sedx
