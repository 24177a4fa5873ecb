// Writes what it sees of a uniform block, member by member.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "types_shared.h"

layout(local_size_x = 1) in;

layout(set = 0, binding = 0) uniform Block
{
    Scene scene;
};
layout(set = 0, binding = 1) buffer Words
{
    uint words[];
};

void main()
{
    uint at = 0u;
    for (int i = 0; i < 3; ++i)
        words[at++] = floatBitsToUint(scene.direction[i]);
    words[at++] = floatBitsToUint(scene.strength);
    for (int column = 0; column < 4; ++column)
        for (int row = 0; row < 4; ++row)
            words[at++] = floatBitsToUint(scene.transform[column][row]);
    for (int i = 0; i < 3; ++i)
        for (int k = 0; k < 4; ++k)
            words[at++] = floatBitsToUint(scene.colors[i][k]);
    words[at++] = scene.size.x;
    words[at++] = scene.size.y;
    words[at++] = scene.last;
}
