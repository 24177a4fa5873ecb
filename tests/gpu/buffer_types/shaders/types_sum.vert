// Adds up what the vertices hold, and counts them.
#version 460

layout(location = 0) in uint value;

layout(set = 0, binding = 1) buffer Sums
{
    uint sum;
    uint vertices;
};

void main()
{
    atomicAdd(sum, value);
    atomicAdd(vertices, 1u);
    gl_PointSize = 1.0;
    // Depends on the instance: otherwise a driver may run the shader once for all instances.
    gl_Position = vec4(0.0, 0.0, 0.0, 1.0 + float(gl_InstanceIndex));
}
