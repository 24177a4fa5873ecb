// Limits of a device that say where a buffer may begin. All powers of two, in bytes.
#pragma once

#include <cstdint>

namespace sedx
{
struct AlignmentLimits
{
    uint64_t uniform = 256;        // minUniformBufferOffsetAlignment
    uint64_t storage = 256;        // minStorageBufferOffsetAlignment
    uint64_t texel = 256;          // the largest of the texel buffer alignments
    uint64_t scratch = 256;        // minAccelerationStructureScratchOffsetAlignment
    uint64_t shaderGroupBase = 64; // shaderGroupBaseAlignment
};
} // namespace sedx
