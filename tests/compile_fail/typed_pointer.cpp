// Buffers hold no addresses of the CPU.
// expect: (BufferElement|constraint)
#include <sedx/sedx.h>

sedx::VertexBuffer<const char*> g_buffer;
