// Fetches colours, which the format converts, and stores their red channel in units of 1/255.
#version 460

layout(local_size_x = 1) in;

layout(set = 0, binding = 3) uniform samplerBuffer colors;
layout(set = 0, binding = 4, r32ui) uniform writeonly uimageBuffer reds;

void main()
{
    const int i = int(gl_WorkGroupID.x);
    imageStore(reds, i, uvec4(uint(texelFetch(colors, i).r * 255.0 + 0.5)));
}
