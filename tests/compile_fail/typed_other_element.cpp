// A buffer takes elements of its own type only.
// expect: (cannot convert|no matching function|no matching member function|no viable conversion)
#include <sedx/sedx.h>

void Write(const sedx::VertexBuffer<float>& buffer) { (void)buffer.Write(0, std::span<const uint32_t>()); }
