#include "support/culling_scene.h"

#include "support/context.h"
#include "support/random.h"

#include <glm/geometric.hpp>

#include <algorithm>
#include <cmath>

namespace bench
{
namespace
{
constexpr uint32_t kBatchInstances = 1'000;
constexpr float kSpread = 5'000.0F; // metres around the camera
constexpr float kClear = 0.1F;      // metres beside a side: there floats cannot err

float Between(Random& random, float low, float high)
{
    return low + (high - low) * static_cast<float>(random() % 65'536) / 65'535.0F;
}

glm::vec3 Place(Random& random, float spread)
{
    return {Between(random, -spread, spread), Between(random, -spread, spread), Between(random, -spread, spread)};
}

gpu::InstanceRecord MakeInstance(Random& random)
{
    const float angle = Between(random, 0.0F, 6.28F);
    const glm::vec3 place = Place(random, 500.0F);
    const float c = std::cos(angle);
    const float s = std::sin(angle);
    return {.row0 = {c, -s, 0.0F, place.x}, .row1 = {s, c, 0.0F, place.y}, .row2 = {0.0F, 0.0F, 1.0F, place.z}};
}

enum class Sight
{
    Seen,
    Unclear,
    NotSeen,
};
Sight SightOf(const CullingScene& scene, const gpu::Batch& batch, const gpu::InstanceRecord& instance)
{
    const glm::vec4 middle(glm::vec3(batch.sphere), 1.0F);
    const glm::vec3 center =
        glm::vec3(batch.offset) +
        glm::vec3(glm::dot(instance.row0, middle), glm::dot(instance.row1, middle), glm::dot(instance.row2, middle));
    float nearest = INFINITY; // to a side, positive inwards of the sphere around it
    for (const glm::vec4& side : scene.sides)
        nearest = std::min(nearest, glm::dot(glm::vec3(side), center) + batch.sphere.w);
    return nearest > kClear ? Sight::Seen : nearest < -kClear ? Sight::NotSeen : Sight::Unclear;
}

// Returns how many are visible.
uint32_t VerifyChunk(const CullingScene& scene, const gpu::Chunk& chunk, std::span<const uint32_t> visible)
{
    Require(std::ranges::adjacent_find(visible, std::ranges::greater_equal()) == visible.end(),
            "visible instances are not in order");
    for (uint32_t i = chunk.firstInstance; i < chunk.firstInstance + chunk.instanceCount; ++i)
    {
        const bool isThere = std::ranges::binary_search(visible, i);
        const Sight sight = SightOf(scene, scene.batches[chunk.batch], scene.instances[i]);
        Require(sight != Sight::Seen || isThere, "an instance that is seen was culled");
        Require(sight != Sight::NotSeen || !isThere, "an instance that is not seen was not culled");
    }
    Require(visible.empty() ||
                (visible.front() >= chunk.firstInstance && visible.back() < chunk.firstInstance + chunk.instanceCount),
            "an instance of another chunk is visible");
    return static_cast<uint32_t>(visible.size());
}

bool Equal(const gpu::Draw& a, const gpu::Draw& b)
{
    return a.vertexCount == b.vertexCount && a.instanceCount == b.instanceCount && a.firstVertex == b.firstVertex &&
           a.firstInstance == b.firstInstance && a.batch == b.batch && a.submesh == b.submesh &&
           a.firstVisible == b.firstVisible;
}
} // namespace

CullingScene MakeCullingScene(uint32_t instanceCount)
{
    CullingScene scene;
    // A picture of 1 to 1: 45 degrees to each side of +y.
    const float k = std::sqrt(0.5F);
    scene.sides[0] = {k, k, 0.0F, 0.0F};
    scene.sides[1] = {-k, k, 0.0F, 0.0F};
    scene.sides[2] = {0.0F, k, k, 0.0F};
    scene.sides[3] = {0.0F, k, -k, 0.0F};
    Random random(kSeed);
    for (uint32_t first = 0; first < instanceCount; first += kBatchInstances)
    {
        const uint32_t end = std::min(first + kBatchInstances, instanceCount);
        const auto submeshes = static_cast<uint32_t>(1 + Below(random, 4));
        const auto batch = static_cast<uint32_t>(scene.batches.size());
        scene.batches.push_back({.offset = glm::vec4(Place(random, kSpread), 0.0F),
                                 .sphere = glm::vec4(Place(random, 3.0F), Between(random, 1.0F, 20.0F))});
        for (uint32_t i = first; i < end; ++i)
            scene.instances.push_back(MakeInstance(random));
        for (uint32_t i = first; i < end; i += gpu::kChunkInstances)
        {
            const auto chunk = static_cast<uint32_t>(scene.chunks.size());
            scene.chunks.push_back(
                {.batch = batch, .firstInstance = i, .instanceCount = std::min(gpu::kChunkInstances, end - i)});
            for (uint32_t submesh = 0; submesh < submeshes; ++submesh)
                scene.candidates.push_back(
                    {.chunk = chunk, .submesh = submesh, .firstIndex = submesh * 300, .indexCount = 300});
        }
    }
    return scene;
}

void VerifyCulling(const CullingScene& scene, const CullingResult& result)
{
    uint32_t drawn = 0;
    for (size_t i = 0; i < scene.chunks.size(); ++i)
    {
        Require(result.visibleCounts[i] <= gpu::kChunkInstances, "more instances are visible than there are");
        drawn += VerifyChunk(scene, scene.chunks[i],
                             result.visible.subspan(i * gpu::kChunkInstances, result.visibleCounts[i]));
    }
    uint32_t draws = 0;
    for (const gpu::Candidate& candidate : scene.candidates)
    {
        const uint32_t visible = result.visibleCounts[candidate.chunk];
        if (visible == 0)
            continue;
        const gpu::Draw expected{.vertexCount = candidate.indexCount,
                                 .instanceCount = visible,
                                 .firstVertex = candidate.firstIndex,
                                 .batch = scene.chunks[candidate.chunk].batch,
                                 .submesh = candidate.submesh,
                                 .firstVisible = candidate.chunk * gpu::kChunkInstances};
        Require(draws < result.counters.draws && Equal(result.draws[draws], expected), "a draw is wrong");
        ++draws;
    }
    Require(result.counters.draws == draws, "the number of draws is wrong");
    Require(result.counters.instancesDrawn == drawn, "the number of drawn instances is wrong");
    Require(result.counters.instancesTested == scene.instances.size(), "the number of tested instances is wrong");
}
} // namespace bench
