// Rings move, but do not copy.
// expect: deleted
#include <sedx/sedx.h>

void Copy(sedx::RingBuffer& ring) { sedx::RingBuffer copy(ring); }
