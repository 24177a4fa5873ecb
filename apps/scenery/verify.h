// The proof at the end of a run: what the GPU holds is what the files said.
#pragma once

#include "output/run_report.h"
#include "streaming/scene_streamer.h"

namespace scenery
{
// Reads every buffer of the meshes back through the library and compares it with the hash of its source. Each buffer that
// differs adds a sentence to `faults`. Throws Failure.
VerifyCounts VerifyBuffers(sedx::BufferSystem& system, std::span<const GpuMesh* const> meshes,
                           std::vector<std::string>& faults);
} // namespace scenery
