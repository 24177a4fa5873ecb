// First culling pass: an invocation for each instance, a workgroup for each chunk. Writes which instances of the chunk are
// visible, in their order, and how many.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "sedx.glsl"
#include "culling.glsl"

layout(local_size_x = kChunkInstances) in;

SEDX_READONLY_BUFFER(Instances, InstanceRecord, 48)

shared uint visibleBits[kChunkInstances / 32];

bool IsVisible(InstanceRecord instance, Batch batch)
{
    const mat3x4 rows = mat3x4(instance.row0, instance.row1, instance.row2);
    const vec3 center = batch.offset.xyz + vec4(batch.sphere.xyz, 1.0) * rows;
    // The longest axis, should an instance be scaled.
    const vec3 squares = rows[0].xyz * rows[0].xyz + rows[1].xyz * rows[1].xyz + rows[2].xyz * rows[2].xyz;
    const float scale = sqrt(max(squares.x, max(squares.y, squares.z)));
    // Somewhat more than the sphere: floats round.
    const float radius = batch.sphere.w * scale * 1.0001 + 1e-6 * (abs(center.x) + abs(center.y) + abs(center.z));
    // What lies behind the camera lies outside of all four sides.
    const vec4 distances = vec4(dot(cull.sides[0].xyz, center), dot(cull.sides[1].xyz, center),
                                dot(cull.sides[2].xyz, center), dot(cull.sides[3].xyz, center));
    return all(greaterThanEqual(distances, vec4(-radius)));
}

void main()
{
    const uint chunkIndex = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    const uint i = gl_LocalInvocationID.x;
    if (chunkIndex >= cull.chunkCount)
        return;
    if (i < kChunkInstances / 32)
        visibleBits[i] = 0u;
    barrier();

    const Chunk chunk = ChunkList(cull.chunks).chunks[chunkIndex];
    const Batch batch = BatchList(cull.batches).batches[chunk.batch];
    const uint instance = chunk.firstInstance + i;
    const bool isVisible = i < chunk.instanceCount && IsVisible(InstancesLoad(batch.instances, instance), batch);
    if (isVisible)
        atomicOr(visibleBits[i >> 5u], 1u << (i & 31u));
    barrier();

    // The place of each is the number of visible ones before it: the same in every run, unlike a counter's.
    uint before = 0u;
    uint count = 0u;
    for (uint word = 0u; word < kChunkInstances / 32; ++word)
    {
        const uint bits = visibleBits[word];
        const uint ones = uint(bitCount(bits));
        count += ones;
        before += word < i >> 5u ? ones : word == i >> 5u ? uint(bitCount(bits & ((1u << (i & 31u)) - 1u))) : 0u;
    }
    if (isVisible)
        WordList(cull.visible).words[chunkIndex * kChunkInstances + before] = instance;
    if (i == 0u)
        WordList(cull.visibleCounts).words[chunkIndex] = count;
}
