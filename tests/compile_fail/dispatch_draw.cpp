// Dispatches are not drawn.
// expect: (no matching function|no matching member function|constraint|invalid reference to function)
#include <sedx/sedx.h>

void Draw(const sedx::DispatchBuffer& buffer, const sedx::Frame& frame) { (void)buffer.CmdDraw(frame, nullptr); }
