#version 450
#extension GL_GOOGLE_include_directive : require
#define SEDX_CHECKED // wrong accesses read zeros, and are reported: BindlessDesc::shaderChecks
#define SEDX_TAG 1   // who reports them: BindlessBufferSystem::NameShader
#include "sedx.glsl"

layout(local_size_x = 64) in;
layout(push_constant) uniform Constants // resource IDs
{
    uint sums;
    uint numbers[8];
}
pc;

SEDX_READONLY_BUFFER(Numbers, uint, 4)
SEDX_BUFFER(Sums, uint, 4)

void main()
{
    const uint element = gl_GlobalInvocationID.x;
    uint sum = 0u;
    for (uint i = 0u; i < pc.numbers.length(); ++i)
        sum += NumbersLoad(pc.numbers[i], element);
    SumsStore(pc.sums, element, sum);
}
