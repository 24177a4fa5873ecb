// A bool of C++ has one byte, one of shaders four.
// expect: no type of shaders
#include <sedx/sedx.h>

struct Constants
{
    bool isNight;
};
SEDX_SHADER_LAYOUT(Constants, isNight)

sedx::UniformBuffer<Constants> g_buffer;
