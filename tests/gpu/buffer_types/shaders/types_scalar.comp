// Writes what it sees of a uniform block with scalar layout, member by member.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_scalar_block_layout : require
#include "types_shared.h"

layout(local_size_x = 1) in;

layout(set = 0, binding = 0, scalar) uniform Block
{
    Packed packed;
};
layout(set = 0, binding = 1) buffer Words
{
    uint words[];
};

void main()
{
    uint at = 0u;
    words[at++] = floatBitsToUint(packed.strength);
    for (int i = 0; i < 3; ++i)
        words[at++] = floatBitsToUint(packed.direction[i]);
    for (int i = 0; i < 3; ++i)
        words[at++] = floatBitsToUint(packed.lengths[i]);
    words[at++] = packed.last;
}
