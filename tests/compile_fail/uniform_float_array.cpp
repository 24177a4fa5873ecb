// Under std140 the elements of an array lie 16 bytes apart.
// expect: elements inside of this member lie closer together
#include <sedx/sedx.h>

struct Weights
{
    float weights[4];
};
SEDX_SHADER_LAYOUT(Weights, weights)

sedx::UniformBuffer<Weights> g_buffer;
