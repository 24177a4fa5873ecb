#include "streaming/prepared_mesh.h"

#include <cmath>
#include <string_view>

namespace scenery
{
namespace
{
float LinearFromSrgb(float value)
{
    return value <= 0.04045F ? value / 12.92F : std::pow((value + 0.055F) / 1.055F, 2.4F);
}

// FNV-1a: the same look on every machine.
uint32_t SeedOf(const std::string& name)
{
    uint32_t hash = 2166136261u;
    for (const char letter : name)
        hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619u;
    return hash & 0xFFFFu;
}

// Runways, aprons and their markings, roads.
bool IsPaved(const std::string& name)
{
    for (const std::string_view start : {"pa_", "pc_", "lf_", "Asphalt", "Road", "Freeway"})
    {
        if (name.starts_with(start))
            return true;
    }
    return false;
}

std::vector<gpu::SubmeshRecord> MakeSubmeshes(const Mesh& mesh, uint32_t flags, const TextureLookup& lookup)
{
    std::vector<gpu::SubmeshRecord> records;
    for (const Submesh& submesh : mesh.submeshes)
    {
        const Material& material = mesh.materials[submesh.material];
        gpu::SubmeshRecord record{};
        record.color = {LinearFromSrgb(material.color[0]), LinearFromSrgb(material.color[1]),
                        LinearFromSrgb(material.color[2]), material.color[3]};
        record.texture = lookup(material.texture);
        record.flags = flags;
        record.flags |= material.water ? gpu::kMaterialWater : IsPaved(material.name) ? gpu::kMaterialPaved : 0;
        record.seed = SeedOf(material.name);
        records.push_back(record);
    }
    return records;
}

gpu::InstanceRecord MakeInstance(const Placement& placement, const glm::dvec3& origin)
{
    const glm::vec3 offset = glm::vec3(placement.position - origin);
    const glm::mat3& r = placement.rotation; // columns
    return {.row0 = {r[0][0], r[1][0], r[2][0], offset.x},
            .row1 = {r[0][1], r[1][1], r[2][1], offset.y},
            .row2 = {r[0][2], r[1][2], r[2][2], offset.z}};
}
} // namespace

uint64_t PreparedMesh::BufferBytes() const
{
    if (IsEmpty())
        return 0;
    return mesh.BufferBytes() + submeshes.size() * sizeof(gpu::SubmeshRecord) +
           instances.size() * sizeof(gpu::InstanceRecord);
}

PreparedMesh PrepareTile(Mesh mesh, const TileInfo& tile, const TextureLookup& lookup)
{
    PreparedMesh prepared;
    prepared.submeshes = MakeSubmeshes(mesh, gpu::kMaterialGround, lookup);
    prepared.instances.push_back(MakeInstance({.position = tile.origin}, tile.origin));
    prepared.groups.push_back({.origin = tile.origin, .firstInstance = 0, .instanceCount = 1});
    prepared.mesh = std::move(mesh);
    return prepared;
}

PreparedMesh PrepareModel(Mesh mesh, const StreamItem& item, std::span<const Placement> placements,
                          const TextureLookup& lookup)
{
    PreparedMesh prepared;
    prepared.submeshes = MakeSubmeshes(mesh, 0, lookup);
    for (const PlacementGroup& places : item.groups)
    {
        prepared.groups.push_back({.origin = places.origin,
                                   .firstInstance = static_cast<uint32_t>(prepared.instances.size()),
                                   .instanceCount = static_cast<uint32_t>(places.placements.size())});
        for (const uint32_t index : places.placements)
            prepared.instances.push_back(MakeInstance(placements[index], places.origin));
    }
    prepared.mesh = std::move(mesh);
    return prepared;
}
} // namespace scenery
