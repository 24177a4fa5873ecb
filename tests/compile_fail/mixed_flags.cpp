// Masks of different kinds do not mix.
// expect: (no match for 'operator\\|'|invalid operands to binary expression)
#include <sedx/sedx.h>

auto Mix() { return sedx::BufferUsage::Vertex | sedx::MemoryType::GPU; }
