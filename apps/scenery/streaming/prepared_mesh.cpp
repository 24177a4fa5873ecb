#include "streaming/prepared_mesh.h"

#include <glm/common.hpp>
#include <glm/geometric.hpp>

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

std::vector<gpu::MaterialRecord> MakeMaterials(const Mesh& mesh, const TextureLookup& lookup)
{
    std::vector<gpu::MaterialRecord> records;
    for (const Submesh& submesh : mesh.submeshes)
    {
        const Material& material = mesh.materials[submesh.material];
        gpu::MaterialRecord record{};
        record.color = {LinearFromSrgb(material.color[0]), LinearFromSrgb(material.color[1]),
                        LinearFromSrgb(material.color[2]), material.color[3]};
        record.texture = lookup(material.texture);
        record.flags = material.water ? gpu::kMaterialWater : IsPaved(material.name) ? gpu::kMaterialPaved : 0;
        record.seed = SeedOf(material.name);
        records.push_back(record);
    }
    return records;
}

std::vector<VkDrawIndexedIndirectCommand> MakeCommands(const Mesh& mesh, uint32_t instanceCount)
{
    std::vector<VkDrawIndexedIndirectCommand> commands;
    for (const Submesh& submesh : mesh.submeshes)
        commands.push_back(
            {.indexCount = submesh.indexCount, .instanceCount = instanceCount, .firstIndex = submesh.firstIndex});
    return commands;
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
    uint64_t bytes = mesh.BufferBytes() + materials.size() * sizeof(gpu::MaterialRecord);
    for (const PreparedGroup& group : groups)
        bytes += group.commands.size() * sizeof(VkDrawIndexedIndirectCommand) + sizeof(uint32_t) +
                 group.instances.size() * sizeof(gpu::InstanceRecord);
    return bytes;
}

PreparedMesh PrepareTile(Mesh mesh, const TileInfo& tile, const TextureLookup& lookup)
{
    PreparedMesh prepared;
    prepared.materials = MakeMaterials(mesh, lookup);
    prepared.groups.push_back({.origin = tile.origin,
                               .center = tile.origin + glm::dvec3(mesh.center),
                               .radius = double{mesh.radius},
                               .commands = MakeCommands(mesh, 1),
                               .instances = {}});
    prepared.mesh = std::move(mesh);
    return prepared;
}

PreparedMesh PrepareModel(Mesh mesh, const StreamItem& item, std::span<const Placement> placements,
                          const TextureLookup& lookup)
{
    PreparedMesh prepared;
    prepared.materials = MakeMaterials(mesh, lookup);
    const double reach = double{glm::length(mesh.center)} + double{mesh.radius};
    for (const PlacementGroup& places : item.groups)
    {
        PreparedGroup group{.origin = places.origin, .center = places.center, .radius = places.radius + reach};
        for (const uint32_t index : places.placements)
            group.instances.push_back(MakeInstance(placements[index], places.origin));
        group.commands = MakeCommands(mesh, static_cast<uint32_t>(group.instances.size()));
        prepared.groups.push_back(std::move(group));
    }
    prepared.mesh = std::move(mesh);
    return prepared;
}
} // namespace scenery
