// Is there memory for the large sizes?
#pragma once

#include "support/context.h"

namespace bench
{
// Room for so many more bytes in device memory and in the memory of the CPU together, with some to spare. The largest heap
// outside of the device stands for the CPU; without one (shared memory) the device's heap serves both.
bool HasRoom(const Context& context, uint64_t deviceBytes, uint64_t hostBytes);
} // namespace bench
