// Is what was measured right? Each throws a Failure that names what is wrong.
#pragma once

#include <sedx/buffer_system.h>

#include <span>

namespace bench
{
// No two of the live buffers share a byte, by VkBuffer and offset and by device address; each has the size asked for.
void VerifyDisjoint(sedx::BufferSystem& system, std::span<const sedx::Buffer> buffers);

// Writes bytes of its own into each buffer, all before any is read, and reads all of them back.
void VerifyContents(sedx::BufferSystem& system, std::span<const sedx::Buffer> buffers);

// The buffer holds the bytes expected from `offset` on. Reads back in pieces.
void VerifyBytes(sedx::BufferSystem& system, const sedx::Buffer& buffer, uint64_t offset,
                 std::span<const std::byte> expected);

// The system counts as created since `before` what was created, and as alive what was.
void VerifyCounts(const sedx::BufferSystem& system, const sedx::Report& before, uint64_t created);
} // namespace bench
