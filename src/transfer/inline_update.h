// Inline updates: short writes whose bytes lie in the command buffer (vkCmdUpdateBuffer). Cheaper than a copy region where a
// region is expensive, and possible where the scatter shader is not; dearer than an entry of its table.
#pragma once

#include "memory/buffer_memory.h"
#include "transfer/copy_plan.h"

#include <sedx/transfer_path.h>
#include <sedx/transfer_profile.h>

namespace sedx
{
// Which short writes are updates. They run in the CLEAR stage, as all clear commands.
struct InlineRules
{
    uint64_t maxBytes = 0;  // longer ones are not; 0: none is
    uint64_t maxWrites = 0; // if there are more at once, none is

    // The destination must begin and end at whole words of its VkBuffer.
    bool Fits(const BufferMemory& destination, const CopyOp& op) const noexcept
    {
        return op.bytes <= maxBytes && ((destination.offset + op.destination) & 3) == 0 && (op.bytes & 3) == 0;
    }
};

InlineRules InlineRulesOf(TransferPath path, const TransferProfile& profile) noexcept;
} // namespace sedx
