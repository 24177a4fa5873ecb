// Counts the pairs with an odd key, and makes their values twice as large.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "types_shared.h"

layout(local_size_x = 1) in;

layout(set = 0, binding = 1) buffer Pairs
{
    Pair pairs[];
};
layout(set = 0, binding = 2) buffer Counters
{
    uint counters[];
};

void main()
{
    const uint i = gl_WorkGroupID.x;
    if (i >= pairs.length() || (pairs[i].key & 1u) == 0u)
        return;
    pairs[i].value *= 2u;
    atomicAdd(counters[0], 1u);
    atomicAdd(counters[1], pairs[i].key);
}
