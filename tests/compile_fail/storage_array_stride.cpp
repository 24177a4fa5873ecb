// Under std430 a structure with a vec4 in it is as long as a multiple of 16 bytes.
// expect: in an array the structures lie further apart in the shader
#include <sedx/sedx.h>
#include <sedx/shader_types.h>

struct Particle
{
    sedx::shader::vec4 position;
    float age;
};
SEDX_SHADER_LAYOUT(Particle, position, age)

sedx::StorageBuffer<Particle, sedx::BlockLayout::Std430> g_buffer;
