// An address of the CPU means nothing to a shader.
// expect: BufferElement
#include <sedx/sedx.h>

sedx::UniformBuffer<const float*> g_buffer;
