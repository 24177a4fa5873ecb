// Indices are unsigned.
// expect: (no matching function|no matching member function)
#include <sedx/sedx.h>

void Create(sedx::BufferSystem& system) { (void)sedx::IndexBuffer::Create(system, std::span<const int>()); }
