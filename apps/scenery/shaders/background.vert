// One triangle that covers the picture, infinitely far away.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "scene_shared.h"

layout(set = 0, binding = 0) uniform Frame
{
    FrameConstants frame;
};

layout(location = 0) out vec3 outRay;

void main()
{
    const vec2 corner = vec2(gl_VertexIndex == 1 ? 3.0 : -1.0, gl_VertexIndex == 2 ? 3.0 : -1.0);
    outRay = frame.rayForward.xyz + corner.x * frame.rayRight.xyz - corner.y * frame.rayUp.xyz;
    gl_Position = vec4(corner, 0.0, 1.0);
}
