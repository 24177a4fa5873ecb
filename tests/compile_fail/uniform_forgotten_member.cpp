// All members are declared.
// expect: the last members were not declared
#include <sedx/sedx.h>

struct Constants
{
    float time;
    float scale;
};
SEDX_SHADER_LAYOUT(Constants, time)

sedx::UniformBuffer<Constants> g_buffer;
