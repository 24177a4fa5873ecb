// Placed models: texture times colour, both sides lit, holes where the texture is transparent.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "scene_shared.h"
#include "light.glsl"

layout(constant_id = 0) const uint kTextureCount = 16;

layout(set = 0, binding = 0) uniform Frame
{
    FrameConstants frame;
};
layout(set = 0, binding = 1) uniform sampler textureSampler;
layout(set = 0, binding = 2) uniform texture2D textures[kTextureCount];

layout(location = 0) in vec3 inPosition;
layout(location = 1) in vec3 inNormal;
layout(location = 2) in vec2 inTexCoord;
layout(location = 3) flat in vec4 inColor;
layout(location = 4) flat in uint inTexture;

layout(location = 0) out vec4 outColor;

void main()
{
    // The side of the triangle that is seen; winding and normals of models are not to be relied on.
    vec3 face = cross(dFdx(inPosition), dFdy(inPosition));
    face = dot(face, inPosition) > 0.0 ? -face : face;
    const vec4 albedo = inColor * texture(sampler2D(textures[inTexture], textureSampler), inTexCoord);
    if (albedo.a < 0.4)
        discard;
    const float distance = length(inPosition);
    const vec3 view = inPosition / distance;
    const vec3 sun = frame.sun.xyz;
    vec3 normal = normalize(inNormal);
    normal = dot(normal, face) < 0.0 ? -normal : normal;
    const vec3 color = Lit(albedo.rgb, normal, frame.cameraUp.xyz, sun);
    const float altitude = frame.cameraPosition.w + dot(inPosition, frame.cameraUp.xyz);
    const float visible = Visibility(distance, frame.cameraPosition.w, altitude);
    outColor = vec4(FinalColor(mix(HazeColor(view, sun), color, visible)), 1.0);
}
