// Elements with constructors are not copied byte by byte.
// expect: (BufferElement|constraint)
#include <sedx/sedx.h>

sedx::StorageBuffer<std::string> g_buffer;
