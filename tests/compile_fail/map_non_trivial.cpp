// A mapping of objects with constructors: the GPU would read pointers of the CPU.
// expect: (BufferElement|trivially copyable)
#include <sedx/sedx.h>

void Map(sedx::BufferSystem& system, const sedx::Buffer& buffer) { (void)system.MapWritable<std::string>(buffer); }
