// A system is one of its kind.
// expect: deleted
#include <sedx/sedx.h>

void Copy(sedx::BufferSystem& system) { sedx::BufferSystem copy(system); }
