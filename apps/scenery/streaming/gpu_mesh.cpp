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
    MeshUpload(sedx::BufferSystem& system, sedx::BindlessBufferSystem& bindless, const PreparedMesh& prepared)
        : m_factory(system.Factory()), m_bindless(bindless), m_in(prepared)
    {
    }

    GpuMesh Run()
    {
        const Mesh& mesh = m_in.mesh;
        m_out.batch = {.offset = {},
                       .sphere = glm::vec4(mesh.center, mesh.radius),
                       .vertices = Make(std::span(mesh.vertices)),
                       .indices = Make(std::span(mesh.indices)),
                       .submeshes = Make(std::span(m_in.submeshes)),
                       .instances = Make(std::span(m_in.instances))};
        m_out.submeshes = mesh.submeshes;
        m_out.groups = m_in.groups;
        return std::move(m_out);
    }

  private:
    template <class T>
    uint32_t Make(std::span<const T> elements)
    {
        const std::string& name = m_in.mesh.name;
        sedx::Buffer buffer = Require(m_factory.CreateStorageBuffer(elements, name), name);
        const uint32_t resource = Require(m_bindless.Register({buffer, 0, buffer.GetSize()}), name);
        m_out.sources.push_back({.buffer = std::move(buffer), .contentHash = ContentHash(std::as_bytes(elements))});
        return resource;
    }

    sedx::BufferFactory& m_factory;
    sedx::BindlessBufferSystem& m_bindless;
    const PreparedMesh& m_in;
    GpuMesh m_out;
};
} // namespace

GpuMesh UploadMesh(sedx::BufferSystem& system, sedx::BindlessBufferSystem& bindless, const PreparedMesh& prepared)
{
    if (prepared.IsEmpty())
        return {};
    return MeshUpload(system, bindless, prepared).Run();
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
