// Vertices with virtual functions carry a pointer of the CPU.
// expect: (BufferElement|no matching function|no matching member function)
#include <sedx/sedx.h>

struct Vertex
{
    virtual void Move();
    float position[3];
};

void Create(sedx::BufferFactory& factory) { (void)factory.CreateVertexBuffer(std::span<const Vertex>()); }
