// Push constants of everything that is drawn from a mesh, and the tables that they point to.
#include "scene_shared.h"

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer MaterialTable
{
    MaterialRecord materials[];
};

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer InstanceTable
{
    InstanceRecord instances[];
};

layout(push_constant) uniform DrawConstants
{
    vec4 offset;
    MaterialTable materialTable;
    InstanceTable instanceTable;
}
draw;

layout(set = 0, binding = 0) uniform Frame
{
    FrameConstants frame;
};
