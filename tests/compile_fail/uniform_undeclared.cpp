// What was not declared cannot be compared with the layout.
// expect: declare the members with SEDX_SHADER_LAYOUT
#include <sedx/sedx.h>

struct Constants
{
    float time;
};

sedx::UniformBuffer<Constants> g_buffer;
