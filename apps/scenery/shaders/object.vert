// Placed models: one draw for each material, one instance for each place.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
#include "draw_constants.glsl"

layout(location = 0) in vec3 inPosition;
layout(location = 1) in vec3 inNormal;
layout(location = 2) in vec2 inTexCoord;

layout(location = 0) out vec3 outPosition; // relative to the camera
layout(location = 1) out vec3 outNormal;
layout(location = 2) out vec2 outTexCoord;
layout(location = 3) flat out vec4 outColor;
layout(location = 4) flat out uint outTexture;

void main()
{
    const MaterialRecord material = draw.materialTable.materials[gl_DrawID];
    const InstanceRecord instance = draw.instanceTable.instances[gl_InstanceIndex];
    const mat3x4 rows = mat3x4(instance.row0, instance.row1, instance.row2);
    outPosition = draw.offset.xyz + vec4(inPosition, 1.0) * rows;
    outNormal = vec4(inNormal, 0.0) * rows;
    outTexCoord = inTexCoord;
    outColor = material.color;
    outTexture = material.texture;
    gl_Position = frame.viewProjection * vec4(outPosition, 1.0);
}
