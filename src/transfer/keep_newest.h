// KeepNewest: cuts writes to one destination until each byte belongs to the newest write that covers it. Many writes are cut by
// several threads, each of which has a stretch of the destination.
#pragma once

#include "transfer/copy_op.h"
#include "transfer/overlaps.h"
#include "transfer/write_order.h"

namespace sedx
{
class CopyWorkers;

// Of some writes: the bits in which their destinations differ, and the length of the longest.
struct WriteBounds
{
    uint64_t varying = 0;
    uint64_t longest = 0;
};
WriteBounds BoundsOf(std::span<const CopyOp> ops) noexcept;

// What planning needs meanwhile. Used again.
struct PlanScratch
{
    struct Stretch
    {
        OrderScratch order;
        OverlapScratch overlaps;
        // Chains of close neighbours at both ends go on in the stretches beside.
        std::span<const uint64_t> keys; // of its writes, ascending
        size_t head = 0;                // end of the first chain
        size_t tail = 0;                // begin of the last one
    };
    std::vector<Stretch> stretches{1}; // more with the first work for several threads
    std::vector<uint64_t> borders;
    std::vector<KeyHands> hands;
    std::vector<PlanScratch> others; // for threads that plan other lists
    CopyLayer spare;                 // memory of a layer that was recorded, for whoever collects the next writes
};

bool Overlap(std::span<const CopyOp> ops, const WriteBounds& bounds, PlanScratch& scratch);

// What is left overlaps nowhere; the order changes. `stamps`: as for OverlapCutter. `workers`: null for the caller alone.
// Answers with the number of bytes left out.
uint64_t KeepNewest(std::vector<CopyOp>& ops, std::span<const uint64_t> stamps, const WriteBounds& bounds,
                    PlanScratch& scratch, CopyWorkers* workers);
} // namespace sedx
