#version 460
#extension GL_GOOGLE_include_directive : require
// For each of `count` resource IDs in `ids`: how many elements of several sizes the buffer has.
layout(local_size_x = 64) in;
layout(push_constant) uniform Constants
{
    uint ids;
    uint results;
    uint count;
    uint index;
    uint useAddresses;
    uint value;
    uvec2 table;
}
pc;
#define SEDX_TABLE_ADDRESS pc.table
#define SEDX_NO_DESCRIPTORS
#include "sedx.glsl"

SEDX_READONLY_BUFFER(Ids, uint, 4)
SEDX_BUFFER(Results, uint, 4)
// Only counted, so the size is just a number. The test has the same ones.
SEDX_READONLY_BUFFER(Of1, uint, 1)
SEDX_READONLY_BUFFER(Of4, uint, 4)
SEDX_READONLY_BUFFER(Of12, uint, 12)
SEDX_READONLY_BUFFER(Of20, uint, 20)
SEDX_READONLY_BUFFER(Of4100, uint, 4100)
SEDX_READONLY_BUFFER(OfMany, uint, 0x80000004u)

void main()
{
    const uint i = gl_GlobalInvocationID.x;
    if (i >= pc.count)
        return;
    const uint id = IdsLoadFar(pc.ids, i);
    ResultsStoreFar(pc.results, i * 6, Of1Count(id));
    ResultsStoreFar(pc.results, i * 6 + 1, Of4Count(id));
    ResultsStoreFar(pc.results, i * 6 + 2, Of12Count(id));
    ResultsStoreFar(pc.results, i * 6 + 3, Of20Count(id));
    ResultsStoreFar(pc.results, i * 6 + 4, Of4100Count(id));
    ResultsStoreFar(pc.results, i * 6 + 5, OfManyCount(id));
}
