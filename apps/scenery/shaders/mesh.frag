// Terrain and placed models. A triangle belongs to one of them, so the pixels of a quad take the same branch.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_nonuniform_qualifier : require
#include "scene_shared.h"

layout(constant_id = 0) const uint kTextureCount = 16;

layout(set = 0, binding = 0) uniform Frame
{
    FrameConstants frame;
};
layout(set = 0, binding = 1) uniform sampler textureSampler;
layout(set = 0, binding = 2) uniform texture2D textures[kTextureCount];

#include "light.glsl"
#include "ground.glsl"

layout(location = 0) in vec3 inPosition;
layout(location = 1) in vec3 inNormal;
layout(location = 2) in vec2 inTexCoord;
layout(location = 3) flat in vec4 inColor;
layout(location = 4) flat in uvec3 inTextureFlagsSeed;

layout(location = 0) out vec4 outColor;

// Texture times colour, both sides lit. `face`: the normal of the side of the triangle that is seen; winding and normals of
// models are not to be relied on.
vec3 ModelColor(vec3 albedo, vec3 face)
{
    vec3 normal = normalize(inNormal);
    normal = dot(normal, face) < 0.0 ? -normal : normal;
    return Lit(albedo, normal, frame.cameraUp.xyz, frame.sun.xyz);
}

void main()
{
    const float distance = length(inPosition);
    const vec3 view = inPosition / distance;
    vec3 face = cross(dFdx(inPosition), dFdy(inPosition));
    face = dot(face, inPosition) > 0.0 ? -face : face;

    vec3 color;
    float altitude;
    if ((inTextureFlagsSeed.y & kMaterialGround) != 0u)
    {
        color = GroundColor(inColor.rgb, inPosition, inNormal, distance, view, inTextureFlagsSeed.yz, altitude);
    }
    else
    {
        const vec4 albedo =
            inColor * texture(sampler2D(textures[nonuniformEXT(inTextureFlagsSeed.x)], textureSampler), inTexCoord);
        if (albedo.a < 0.4)
            discard;
        color = ModelColor(albedo.rgb, face);
        altitude = frame.cameraPosition.w + dot(inPosition, frame.cameraUp.xyz);
    }
    const float visible = Visibility(distance, frame.cameraPosition.w, altitude);
    outColor = vec4(FinalColor(mix(HazeColor(view, frame.sun.xyz), color, visible)), 1.0);
}
