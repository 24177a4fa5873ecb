// Counts the draw calls of a frame where they are made, whoever makes them: the report says what was recorded, not what was meant.
#pragma once

#include <cstdint>

namespace scenery
{
// After volkLoadDevice: puts itself in front of volk's draw commands. For one device at a time.
void InstallDrawCallCounter();
// Calls since the last question.
uint32_t TakeDrawCalls() noexcept;
} // namespace scenery
