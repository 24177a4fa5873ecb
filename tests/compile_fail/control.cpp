// Control: what the other files here do wrong, done right. Must compile.
#include <sedx/sedx.h>
#include <sedx/shader_types.h>

struct Vertex
{
    float position[3];
};

struct Light
{
    sedx::shader::vec3 position;
    float radius;
    sedx::shader::vec3 color;
    uint32_t isNight;
};
SEDX_SHADER_LAYOUT(Light, position, radius, color, isNight)

struct Constants
{
    float time;
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

    const sedx::VertexBuffer<Vertex> vertices(buffer);
    (void)vertices.Write(0, std::span<const Vertex>());
    (void)system.Readbacks().Request(vertices.View(0, 1));
    (void)vertices.View().As<uint32_t>();
    (void)sedx::IndexBuffer::Create(system, std::span<const uint8_t>());
    (void)sedx::UniformBuffer<Light>::Create(system);
    (void)sedx::UniformBuffer<Constants, sedx::BlockLayout::Scalar>::Create(system);
    (void)sedx::StorageBuffer<Light, sedx::BlockLayout::Std430>::Create(system, {.count = 2});
    (void)sedx::StorageBuffer<sedx::shader::vec4, sedx::BlockLayout::Std430>::Create(system, {.count = 2});
    (void)sedx::CounterBuffer<uint64_t>::Create(system);
    (void)sedx::DispatchBuffer().CmdDispatch(sedx::Frame(), nullptr);
    (void)sedx::DrawBuffer().CmdDraw(sedx::Frame(), nullptr);
}
