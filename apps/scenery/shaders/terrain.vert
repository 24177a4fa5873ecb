// A terrain tile: one draw for each material, gl_DrawID says which.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
#include "draw_constants.glsl"

layout(location = 0) in vec3 inPosition;
layout(location = 1) in vec3 inNormal;

layout(location = 0) out vec3 outPosition; // relative to the camera
layout(location = 1) out vec3 outNormal;
layout(location = 2) flat out vec4 outColor;
layout(location = 3) flat out uvec2 outFlagsAndSeed;

void main()
{
    const MaterialRecord material = draw.materialTable.materials[gl_DrawID];
    outPosition = draw.offset.xyz + inPosition;
    outNormal = inNormal;
    outColor = material.color;
    outFlagsAndSeed = uvec2(material.flags, material.seed);
    gl_Position = frame.viewProjection * vec4(outPosition, 1.0);
}
