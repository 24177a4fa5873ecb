// For each of `count` resource IDs: does the buffer hold what the list says? Counts those that do not.
#version 460
#extension GL_GOOGLE_include_directive : require
#define SEDX_CHECKED
#include "sedx.glsl"

layout(local_size_x = 64) in;
layout(push_constant) uniform Constants
{
    uint list; // pairs of ID and value
    uint wrong;
    uint count;
    uint reserved;
}
pc;

SEDX_READONLY_BUFFER(Pairs, uvec2, 8)
SEDX_READONLY_BUFFER(Values, uint, 4)
SEDX_BUFFER(Wrong, uint, 4)

void main()
{
    const uint i = gl_GlobalInvocationID.x;
    if (i >= pc.count)
        return;
    const uvec2 pair = PairsLoad(pc.list, i);
    if (ValuesLoad(pair.x, 0) != pair.y)
        atomicAdd(WrongSlots[SedxSlot(pc.wrong)].data[0], 1u);
}
