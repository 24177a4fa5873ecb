// Structures that the tests and their shaders share.
#ifndef TYPES_SHARED_H
#define TYPES_SHARED_H

#include "sedx/shader_types.h"

SEDX_SHADER_BEGIN(sedx::test::gpu)

struct Scene
{
    vec3 direction;
    float strength;
    mat4 transform;
    vec4 colors[3];
    uvec2 size;
    uint last;
};

struct Packed // for scalar blocks: std140 would put holes before `direction` and `lengths`, and in that
{
    float strength;
    vec3 direction;
    float lengths[3];
    uint last;
};

struct Pair
{
    uint key;
    uint value;
};

SEDX_SHADER_CONSTANT(uint, kSceneWords, 35u) // what types_scene.comp writes

#ifdef __cplusplus
SEDX_SHADER_LAYOUT(Scene, direction, strength, transform, colors, size, last)
SEDX_SHADER_LAYOUT(Pair, key, value)
#endif

SEDX_SHADER_END

#endif
