// Control: what the other files here do wrong, done right. Must compile.
#include <sedx/sedx.h>

struct Vertex
{
    float position[3];
};

void Control(sedx::BufferSystem& system, const sedx::Buffer& buffer)
{
    (void)system.MapWritable<Vertex>(buffer);
    (void)system.MapReadable<uint32_t>(buffer);
    (void)system.Factory().CreateIndexBuffer(std::span<const uint16_t>());
    (void)system.Factory().CreateVertexBuffer(std::span<const Vertex>());
    (void)system.Uploads().Write(buffer, 0, std::span<const Vertex>());
    (void)system.CreateBuffer(1, sedx::BufferUsage::Vertex | sedx::BufferUsage::Index, sedx::MemoryType::GPU);
    sedx::RingBuffer ring;
    sedx::RingBuffer moved = std::move(ring);
    sedx::ReadbackTicket ticket;
    (void)ticket.Span<Vertex>();
}
