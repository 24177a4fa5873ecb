// Bytes of objects with constructors are not uploaded.
// expect: (BufferElement|no matching function|no matching member function)
#include <sedx/sedx.h>

void Write(sedx::UploadQueue& uploads, const sedx::Buffer& buffer)
{
    (void)uploads.Write(buffer, 0, std::span<const std::string>());
}
