#version 460
#extension GL_GOOGLE_include_directive : require
// For each of `count` resource IDs in `ids`: `value` goes to the word at `index` of that buffer.
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
#define SEDX_CHECKED
#define SEDX_TAG 8
#include "sedx.glsl"

SEDX_READONLY_BUFFER(Ids, uint, 4)
SEDX_BUFFER(Values, uint, 4)

void main()
{
    const uint i = gl_GlobalInvocationID.x;
    if (i >= pc.count)
        return;
    const uint id = IdsSlots[SedxSlot(pc.ids)].data[i];
    if (pc.useAddresses != 0)
        ValuesStoreFar(id, pc.index, pc.value);
    else
        ValuesStore(id, pc.index, pc.value);
}
