// CopyOp: bytes on their way from a block of staging into a buffer.
#pragma once

#include <cstdint>
#include <vector>

namespace sedx
{
struct Block;

struct CopyOp
{
    uint64_t destination = 0; // bytes in the destination
    uint64_t source = 0;      // bytes in the block
    uint64_t bytes = 0;
    Block* block = nullptr;
};

// Copies that do not overlap, in any order; none is empty.
using CopyLayer = std::vector<CopyOp>;
} // namespace sedx
