// Read-backs are not pointers.
// expect: (BufferElement|no matching function|no matching member function)
#include <sedx/sedx.h>

void Read(const sedx::ReadbackTicket& ticket) { (void)ticket.Span<void*>(); }
