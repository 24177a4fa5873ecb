// Under std140 a vec3 begins at a multiple of 16 bytes.
// expect: this member does not lie where the layout of the shader puts it
#include <sedx/sedx.h>
#include <sedx/shader_types.h>

struct Light
{
    sedx::shader::vec3 position;
    sedx::shader::vec3 color;
};
SEDX_SHADER_LAYOUT(Light, position, color)

sedx::UniformBuffer<Light> g_buffer;
