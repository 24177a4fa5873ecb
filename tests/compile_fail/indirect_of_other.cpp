// Only the commands that Vulkan reads from buffers are elements of indirect ones.
// expect: IndirectCommand
#include <sedx/sedx.h>

sedx::IndirectBuffer<int> g_buffer;
