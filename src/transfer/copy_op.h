// CopyOp: bytes on their way from a block of staging into a buffer.
#pragma once

#include <cstddef>
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

// Whether `op` goes on where `before` ends, on both sides.
inline bool Continues(const CopyOp& before, const CopyOp& op) noexcept
{
    return before.destination + before.bytes == op.destination && before.source + before.bytes == op.source &&
           before.block == op.block;
}

// Makes neighbours that continue each other one.
inline void MergeContinued(std::vector<CopyOp>& ops)
{
    size_t kept = 0;
    for (const CopyOp& op : ops)
    {
        if (kept != 0 && Continues(ops[kept - 1], op))
            ops[kept - 1].bytes += op.bytes;
        else
            ops[kept++] = op;
    }
    ops.resize(kept);
}

// Copies that do not overlap, in any order; none is empty.
using CopyLayer = std::vector<CopyOp>;
} // namespace sedx
