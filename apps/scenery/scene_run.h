// One run of the program: opens the scenery, draws the frames, writes what comes out.
#pragma once

#include "failure.h"
#include "options.h"

namespace scenery
{
// Throws Failure for what ends the run; faults of single tiles and models end in the status.
ExitStatus RunScene(const Options& options);
} // namespace scenery
