// The sentences about hazards: both accesses, the bytes, the places in the program, and what would have been right.
#pragma once

#include <sedx/hazard_tracker.h>

namespace sedx
{
// From everything that a hazard says, except for its message.
std::string ConflictMessage(const Hazard& hazard);
std::string SlotMessage(const Hazard& hazard);
std::string NeverSubmittedMessage(const Hazard& hazard);
} // namespace sedx
