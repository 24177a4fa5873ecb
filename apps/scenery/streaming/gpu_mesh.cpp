#include "streaming/gpu_mesh.h"

#include "failure.h"

#include <bit>
#include <cstring>

namespace scenery
{
namespace
{
// Remembers the source of every buffer that it makes.
class MeshUpload
{
  public:
    MeshUpload(sedx::BufferSystem& system, const PreparedMesh& prepared) : m_factory(system.Factory()), m_in(prepared)
    {
    }

    GpuMesh Run()
    {
        const Mesh& mesh = m_in.mesh;
        m_out.drawCount = static_cast<uint32_t>(m_in.materials.size());
        m_out.vertices = Keep(m_factory.CreateVertexBuffer(std::span<const Vertex>(mesh.vertices), mesh.name),
                              std::as_bytes(std::span(mesh.vertices)));
        m_out.indices = Keep(m_factory.CreateIndexBuffer(std::span<const uint32_t>(mesh.indices), mesh.name),
                             std::as_bytes(std::span(mesh.indices)));
        m_out.materials =
            Keep(m_factory.CreateStorageBuffer(std::span<const gpu::MaterialRecord>(m_in.materials), mesh.name),
                 std::as_bytes(std::span(m_in.materials)));
        for (const PreparedGroup& group : m_in.groups)
            AddGroup(group);
        return std::move(m_out);
    }

  private:
    void AddGroup(const PreparedGroup& group)
    {
        DrawGroup out{.origin = group.origin, .center = group.center, .radius = group.radius};
        const auto commandBytes = std::as_bytes(std::span(group.commands));
        auto indirect = Require(m_factory.CreateIndirectBuffer(sedx::IndirectKind::DrawIndexed, group.commands.size(),
                                                               m_in.mesh.name, commandBytes, true),
                                m_in.mesh.name);
        const auto count = static_cast<uint32_t>(group.commands.size());
        out.commands = Keep(std::move(indirect.commands), commandBytes);
        out.count = Keep(std::move(indirect.count), std::as_bytes(std::span(&count, 1)));
        if (!group.instances.empty())
            out.instances = Keep(
                m_factory.CreateStorageBuffer(std::span<const gpu::InstanceRecord>(group.instances), m_in.mesh.name),
                std::as_bytes(std::span(group.instances)));
        m_out.groups.push_back(std::move(out));
    }

    sedx::Buffer Keep(sedx::Result<sedx::Buffer> buffer, std::span<const std::byte> bytes)
    {
        return Keep(Require(std::move(buffer), m_in.mesh.name), bytes);
    }
    sedx::Buffer Keep(sedx::Buffer buffer, std::span<const std::byte> bytes)
    {
        m_out.sources.push_back({.buffer = buffer, .contentHash = ContentHash(bytes)});
        m_out.bytes += bytes.size();
        return buffer;
    }

    sedx::BufferFactory& m_factory;
    const PreparedMesh& m_in;
    GpuMesh m_out;
};
} // namespace

GpuMesh UploadMesh(sedx::BufferSystem& system, const PreparedMesh& prepared)
{
    if (prepared.IsEmpty())
        return {};
    return MeshUpload(system, prepared).Run();
}

uint64_t ContentHash(std::span<const std::byte> bytes)
{
    constexpr uint64_t kPrime = 0x9E3779B97F4A7C15ull;
    uint64_t hash = bytes.size() * kPrime;
    const auto mix = [&hash](uint64_t word) { hash = std::rotl((hash ^ word) * kPrime, 29); };
    for (; bytes.size() >= sizeof(uint64_t); bytes = bytes.subspan(sizeof(uint64_t)))
    {
        uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        mix(word);
    }
    uint64_t rest = 0;
    std::memcpy(&rest, bytes.data(), bytes.size());
    mix(rest);
    return hash ^ (hash >> 32);
}
} // namespace scenery
