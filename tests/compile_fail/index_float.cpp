// Indices are 8, 16 or 32 bits wide and unsigned.
// expect: (no matching function|no matching member function)
#include <sedx/sedx.h>

void Create(sedx::BufferFactory& factory) { (void)factory.CreateIndexBuffer(std::span<const float>()); }
