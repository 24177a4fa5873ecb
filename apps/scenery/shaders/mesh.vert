// Everything that is made of triangles, in one draw call. Vertices are pulled: gl_DrawID says which draw this is, and the draw
// where to find the rest; gl_VertexIndex counts indices.
#version 460
#extension GL_GOOGLE_include_directive : require
#define SEDX_SET 1
#include "sedx.glsl"
#include "scene_shared.h"

struct VertexWords
{
    vec4 positionAndNormalX;
    vec4 normalYzAndTexCoord;
};
SEDX_READONLY_BUFFER(Vertices, VertexWords, 32)
SEDX_READONLY_BUFFER(Indices, uint, 4)
SEDX_READONLY_BUFFER(Submeshes, SubmeshRecord, 32)
SEDX_READONLY_BUFFER(Instances, InstanceRecord, 48)

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer BatchList
{
    Batch batches[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer DrawList
{
    Draw draws[];
};
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer VisibleList
{
    uint instances[];
};

layout(set = 0, binding = 0) uniform Frame
{
    FrameConstants frame;
};

layout(location = 0) out vec3 outPosition; // relative to the camera
layout(location = 1) out vec3 outNormal;
layout(location = 2) out vec2 outTexCoord;
layout(location = 3) flat out vec4 outColor;
layout(location = 4) flat out uvec3 outTextureFlagsSeed;

void main()
{
    const Draw draw = DrawList(frame.draws).draws[gl_DrawID];
    const Batch batch = BatchList(frame.batches).batches[draw.batch];
    const uint visible = VisibleList(frame.visible).instances[draw.firstVisible + gl_InstanceIndex];
    const InstanceRecord instance = InstancesLoad(batch.instances, visible);
    const VertexWords words = VerticesLoad(batch.vertices, IndicesLoad(batch.indices, gl_VertexIndex));
    const SubmeshRecord submesh = SubmeshesLoad(batch.submeshes, draw.submesh);

    const mat3x4 rows = mat3x4(instance.row0, instance.row1, instance.row2);
    outPosition = batch.offset.xyz + vec4(words.positionAndNormalX.xyz, 1.0) * rows;
    outNormal = vec4(words.positionAndNormalX.w, words.normalYzAndTexCoord.xy, 0.0) * rows;
    outTexCoord = words.normalYzAndTexCoord.zw;
    outColor = submesh.color;
    outTextureFlagsSeed = uvec3(submesh.texture, submesh.flags, submesh.seed);
    gl_Position = frame.viewProjection * vec4(outPosition, 1.0);
}
