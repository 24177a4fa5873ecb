// Structures that host and shaders share. All of them have the same layout in std140, std430 and C++: vec4, mat4 and groups
// of four 32-bit words only.
#ifndef SCENERY_SCENE_SHARED_H
#define SCENERY_SCENE_SHARED_H

#ifdef __cplusplus
#    include <cstdint>
#    include <glm/mat4x4.hpp>
#    include <glm/vec4.hpp>
namespace scenery::gpu
{
using glm::mat4;
using glm::vec4;
using uint = uint32_t;
using Address = uint64_t;
inline constexpr uint32_t kMaterialWater = 1;
inline constexpr uint32_t kMaterialPaved = 2;
inline constexpr uint32_t kMaterialGround = 4;
inline constexpr uint32_t kChunkInstances = 64;
#else
#    define Address uvec2
#    define kMaterialWater 1u
#    define kMaterialPaved 2u
#    define kMaterialGround 4u // terrain; else a model
#    define kChunkInstances 64 // at most in a chunk, and invocations that cull it
#endif

// One for each frame, from the ring. Positions in metres, directions unit length, all along the axes of the world frame.
struct FrameConstants
{
    mat4 viewProjection; // of positions relative to the camera
    vec4 cameraPosition; // xyz: in the world; w: altitude above the sea
    vec4 cameraUp;       // xyz: away from the centre of the Earth; w: radius of the Earth, 0: no Earth and no sea
    vec4 rayRight;       // see Camera
    vec4 rayUp;
    vec4 rayForward;
    vec4 sun;        // xyz: towards the sun
    Address batches; // Batch
    Address draws;   // Draw
    Address visible; // uint, see Draw
    Address unused;
};

// What is drawn with one material.
struct SubmeshRecord
{
    vec4 color;   // linear
    uint texture; // slot in the array of textures; 0 is white
    uint flags;
    uint seed; // tells materials apart in noise
    uint unused;
};

// Where one instance stands: world = rows * (position, 1), relative to the origin of its batch.
struct InstanceRecord
{
    vec4 row0;
    vec4 row1;
    vec4 row2;
};

// Instances of one mesh that are near each other. The lists of batches, chunks and candidates are written for each frame.
struct Batch
{
    vec4 offset;   // xyz: origin relative to the camera
    vec4 sphere;   // around the mesh, in its own frame; w: radius
    uint vertices; // resource IDs
    uint indices;
    uint submeshes; // SubmeshRecord
    uint instances; // InstanceRecord
};

// Up to kChunkInstances instances of a batch: what a workgroup culls.
struct Chunk
{
    uint batch;
    uint firstInstance; // in the batch's buffer
    uint instanceCount;
    uint unused;
};

// A submesh of a chunk: becomes a Draw if any instance of the chunk is visible.
struct Candidate
{
    uint chunk;
    uint submesh;
    uint firstIndex;
    uint indexCount;
};

// VkDrawIndirectCommand, and what its vertices are to know. Its n-th instance is instance visible[firstVisible + n] of the batch.
struct Draw
{
    uint vertexCount;   // that of indices
    uint instanceCount;
    uint firstVertex;   // the first index
    uint firstInstance; // 0
    uint batch;
    uint submesh;
    uint firstVisible;
    uint unused;
};

struct CullCounters
{
    uint draws;           // how many Draws there are: the count of vkCmdDrawIndirectCount
    uint instancesTested; // against the picture's sides
    uint instancesDrawn;
    uint unused;
};

// Push constants of both culling passes: 128 bytes, as much as every device has.
struct CullConstants
{
    vec4 sides[4];         // of what is seen, through the camera; xyz: unit length, inwards
    Address batches;       // in
    Address chunks;        // in
    Address candidates;    // in
    Address visibleCounts; // of each chunk; between the passes
    Address visible;       // kChunkInstances for each chunk; out
    Address draws;         // out
    Address counters;      // out
    uint chunkCount;
    uint candidateCount;
};

#ifdef __cplusplus
static_assert(sizeof(FrameConstants) == 192 && sizeof(SubmeshRecord) == 32 && sizeof(InstanceRecord) == 48);
static_assert(sizeof(Batch) == 48 && sizeof(Draw) == 32 && sizeof(CullConstants) == 128);
} // namespace scenery::gpu
#else
#    undef Address
#endif

#endif
