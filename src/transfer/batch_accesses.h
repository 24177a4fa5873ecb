// What a batch does to buffers that the tracker of hazards watches.
#pragma once

#include "sync/hazard_recorder.h"
#include "transfer/batch.h"

namespace sedx
{
// Before the batch is recorded, which takes its writes away. Without names: backings have none.
std::vector<BatchAccess> AccessesOf(const Batch& batch, const HazardRecorder& hazards);
} // namespace sedx
