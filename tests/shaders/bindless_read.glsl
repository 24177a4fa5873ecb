// For each of `count` resource IDs in `ids`: the word at `index` of that buffer goes to `results`.
#extension GL_GOOGLE_include_directive : require
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
#include "sedx.glsl"

SEDX_READONLY_BUFFER(Ids, uint, 4)
SEDX_READONLY_BUFFER(Values, uint, 4)
SEDX_BUFFER(Results, uint, 4)

void main()
{
    const uint i = gl_GlobalInvocationID.x;
    if (i >= pc.count)
        return;
#ifdef SEDX_NO_DESCRIPTORS
    ResultsStoreFar(pc.results, i, ValuesLoadFar(IdsLoadFar(pc.ids, i), pc.index));
#elif defined(SEDX_CHECKED)
    // Of the checked shader only what it is there for: with each checked access lavapipe needs longer to compile what
    // GPU-assisted validation makes of it, ten seconds for these two.
#define SLOTS(Name, id, index) Name##Slots[SedxSlot(id)].data[index]
    const uint id = SLOTS(Ids, pc.ids, i);
    SLOTS(Results, pc.results, i) = pc.useAddresses != 0 ? ValuesLoadFar(id, pc.index) : ValuesLoad(id, pc.index);
#else
    const uint id = IdsLoad(pc.ids, i);
    ResultsStore(pc.results, i, pc.useAddresses != 0 ? ValuesLoadFar(id, pc.index) : ValuesLoad(id, pc.index));
#endif
}
