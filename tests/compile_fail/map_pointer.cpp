// A mapping of pointers: addresses of the CPU mean nothing to the GPU.
// expect: BufferElement
#include <sedx/sedx.h>

void Map(sedx::BufferSystem& system, const sedx::Buffer& buffer) { (void)system.MapReadable<const float*>(buffer); }
