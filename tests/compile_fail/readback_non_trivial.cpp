// What the GPU wrote becomes no object with a constructor.
// expect: BufferElement
#include <sedx/sedx.h>

sedx::ReadbackBuffer<std::string> g_buffer;
