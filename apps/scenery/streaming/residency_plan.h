// Which items should be in memory: the nearest ones that fit the budget. Pure logic.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace scenery
{
struct PlanEntry
{
    double distance = 0.0;         // metres from the camera
    std::optional<uint64_t> bytes; // of its buffers; unknown before it was read for the first time
    bool failed = false;           // never wanted
};

// Indices of the wanted entries, nearest first. Ends at the first entry that does not fit any more; entries that exceed
// the budget alone are passed over. Entries of unknown size count nothing: reading them tells, and then one plans again.
std::vector<uint32_t> PlanResidency(std::span<const PlanEntry> entries, uint64_t budgetBytes);
} // namespace scenery
