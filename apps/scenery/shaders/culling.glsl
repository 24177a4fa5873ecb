// What both culling passes work on.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#include "scene_shared.h"

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer BatchList
{
    Batch batches[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer ChunkList
{
    Chunk chunks[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer CandidateList
{
    Candidate candidates[];
};
layout(buffer_reference, std430, buffer_reference_align = 4) buffer WordList
{
    uint words[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer DrawList
{
    Draw draws[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer CounterBlock
{
    CullCounters counters;
};

layout(push_constant) uniform Constants
{
    CullConstants cull;
};
