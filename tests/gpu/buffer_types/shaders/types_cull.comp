// Appends an indexed draw for each wanted instance: one with three indices, from index 3 * i on.
#version 460

layout(local_size_x = 1) in;

struct Command
{
    uint indexCount;
    uint instanceCount;
    uint firstIndex;
    int vertexOffset;
    uint firstInstance;
};
layout(set = 0, binding = 1) writeonly buffer Commands
{
    Command commands[];
};
layout(set = 0, binding = 2) buffer Count
{
    uint count;
};

void main()
{
    const uint i = gl_WorkGroupID.x;
    if (i != 1u && i != 3u)
        return;
    commands[atomicAdd(count, 1u)] = Command(3u, 1u, 3u * i, 0, 0u);
}
