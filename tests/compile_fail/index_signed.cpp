// Indices are unsigned.
// expect: (no matching function|no matching member function)
#include <sedx/sedx.h>

void Create(sedx::BufferFactory& factory) { (void)factory.CreateIndexBuffer(std::span<const int>()); }
