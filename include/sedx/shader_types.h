// One file for the structures that host and shaders share: C++ and GLSL both include this, and then both know vec2 .. vec4,
// ivec2 .., uvec2 .., mat2 .. mat4 and uint. A file of an application (materials.h):
//
//     #ifndef APP_MATERIALS_H
//     #define APP_MATERIALS_H
//     #include "sedx/shader_types.h"
//     SEDX_SHADER_BEGIN(app::gpu)
//     struct Material { vec4 color; uint texture; uint flags; vec2 scale; };
//     SEDX_SHADER_CONSTANT(uint, kGlossy, 1u)
//     #ifdef __cplusplus
//     SEDX_SHADER_LAYOUT(Material, color, texture, flags, scale)
//     #endif
//     SEDX_SHADER_END
//     #endif
//
// Shaders include it with GL_GOOGLE_include_directive, and the compiler is given the library's include folder. With GLM
// use its types instead: own namespace, `using glm::vec4;` and so on. Types of C++ are for storing only: they do NOT
// calculate. They are aligned like their numbers, so that structures have no holes; whether they lie where the shader
// looks for them, SEDX_SHADER_LAYOUT says (sedx/shader_layout.h).
#ifndef SEDX_SHADER_TYPES_H
#define SEDX_SHADER_TYPES_H

#ifdef __cplusplus

#    include <sedx/shader_layout.h>

namespace sedx::shader
{
using uint = uint32_t;

template <class S, size_t count>
struct Vector;

template <class S>
struct Vector<S, 2>
{
    S x{}, y{};
    using value_type = S;
    static constexpr size_t length() noexcept { return 2; }
    friend bool operator==(const Vector&, const Vector&) = default;
};
template <class S>
struct Vector<S, 3>
{
    S x{}, y{}, z{};
    using value_type = S;
    static constexpr size_t length() noexcept { return 3; }
    friend bool operator==(const Vector&, const Vector&) = default;
};
template <class S>
struct Vector<S, 4>
{
    S x{}, y{}, z{}, w{};
    using value_type = S;
    static constexpr size_t length() noexcept { return 4; }
    friend bool operator==(const Vector&, const Vector&) = default;
};

template <size_t size> // square
struct Matrix
{
    Vector<float, size> columns[size]{};
    using value_type = float;
    using col_type = Vector<float, size>;
    static constexpr size_t length() noexcept { return size; }
    friend bool operator==(const Matrix&, const Matrix&) = default;
};

using vec2 = Vector<float, 2>;
using vec3 = Vector<float, 3>;
using vec4 = Vector<float, 4>;
using ivec2 = Vector<int32_t, 2>;
using ivec3 = Vector<int32_t, 3>;
using ivec4 = Vector<int32_t, 4>;
using uvec2 = Vector<uint, 2>;
using uvec3 = Vector<uint, 3>;
using uvec4 = Vector<uint, 4>;
using mat2 = Matrix<2>;
using mat3 = Matrix<3>; // columns of 12 bytes: follows no layout but scalar
using mat4 = Matrix<4>;
} // namespace sedx::shader

// A namespace of C++, in which the types above are known; nothing in GLSL.
#    define SEDX_SHADER_BEGIN(name)                                                                                    \
        namespace name                                                                                                 \
        {                                                                                                              \
        using namespace ::sedx::shader;
#    define SEDX_SHADER_END }
#    define SEDX_SHADER_CONSTANT(type, name, value) inline constexpr type name = value;

#else // GLSL

#    define SEDX_SHADER_BEGIN(name)
#    define SEDX_SHADER_END
#    define SEDX_SHADER_CONSTANT(type, name, value) const type name = value;

#endif
#endif
