// Where structures lie, in C++ and in std140, std430 and scalar. Most of it is decided by the compiler.
#include <sedx/shader_types.h>

#include <gtest/gtest.h>

namespace sedx::test::layouts
{
using namespace sedx::shader;

struct Vectors
{
    vec3 a;
    float b; // in the last word of a
    vec2 c;
    vec2 d;
    uvec4 e;
    mat4 f;
};
SEDX_SHADER_LAYOUT(Vectors, a, b, c, d, e, f)
static_assert(kFollowsLayout<Vectors, BlockLayout::Std140>);
static_assert(kFollowsLayout<Vectors, BlockLayout::Std430>);
static_assert(kFollowsLayout<Vectors, BlockLayout::Scalar>);
static_assert(kFollowsArrayLayout<Vectors, BlockLayout::Std140>);

struct TwoVec3
{
    vec3 a;
    vec3 b;
};
SEDX_SHADER_LAYOUT(TwoVec3, a, b)
static_assert(!kFollowsLayout<TwoVec3, BlockLayout::Std140>);
static_assert(!kFollowsLayout<TwoVec3, BlockLayout::Std430>);
static_assert(kFollowsLayout<TwoVec3, BlockLayout::Scalar>);

struct Floats
{
    float weights[4];
};
SEDX_SHADER_LAYOUT(Floats, weights)
static_assert(!kFollowsLayout<Floats, BlockLayout::Std140>);
static_assert(kFollowsLayout<Floats, BlockLayout::Std430>);
static_assert(kFollowsArrayLayout<Floats, BlockLayout::Std430>);
static_assert(kFollowsLayout<Floats, BlockLayout::Scalar>);

struct Quads
{
    std::array<vec4, 3> colors;
    float last;
};
SEDX_SHADER_LAYOUT(Quads, colors, last)
static_assert(kFollowsLayout<Quads, BlockLayout::Std140>); // the shader's block is longer behind the last member
static_assert(!kFollowsArrayLayout<Quads, BlockLayout::Std140>);
static_assert(!kFollowsArrayLayout<Quads, BlockLayout::Std430>);
static_assert(kFollowsArrayLayout<Quads, BlockLayout::Scalar>);

struct SmallMatrix
{
    mat3 rotation;
    vec3 behind;
};
SEDX_SHADER_LAYOUT(SmallMatrix, rotation, behind)
static_assert(!kFollowsLayout<SmallMatrix, BlockLayout::Std140>);
static_assert(kFollowsLayout<SmallMatrix, BlockLayout::Scalar>);

struct Flat
{
    mat2 rotation; // columns of 8 bytes: 16 apart under std140
};
SEDX_SHADER_LAYOUT(Flat, rotation)
static_assert(!kFollowsLayout<Flat, BlockLayout::Std140>);
static_assert(kFollowsLayout<Flat, BlockLayout::Std430>);

struct Inner
{
    vec2 scale;
};
SEDX_SHADER_LAYOUT(Inner, scale)
struct Outer
{
    Inner inner; // takes 16 bytes under std140
    vec2 behind;
};
SEDX_SHADER_LAYOUT(Outer, inner, behind)
static_assert(!kFollowsLayout<Outer, BlockLayout::Std140>);
static_assert(kFollowsLayout<Outer, BlockLayout::Std430>);

struct Nested
{
    Vectors many[2];
    uint behind;
};
SEDX_SHADER_LAYOUT(Nested, many, behind)
static_assert(kFollowsLayout<Nested, BlockLayout::Std140>);

struct Wide
{
    double number;
    uint64_t address;
    float one;
    uint64_t aligned; // C++ leaves a hole as the shader does
};
SEDX_SHADER_LAYOUT(Wide, number, address, one, aligned)
static_assert(kFollowsLayout<Wide, BlockLayout::Std140>);
static_assert(kFollowsLayout<Wide, BlockLayout::Scalar>);

struct Swapped
{
    float a;
    vec4 b; // at 4 in C++, at 16 in the shader, at 4 in scalar
};
SEDX_SHADER_LAYOUT(Swapped, a, b)
static_assert(!kFollowsLayout<Swapped, BlockLayout::Std140>);
static_assert(kFollowsLayout<Swapped, BlockLayout::Scalar>);

struct Padded
{
    float a;
    alignas(16) vec4 b;
};
SEDX_SHADER_LAYOUT(Padded, a, b)
static_assert(kFollowsLayout<Padded, BlockLayout::Std140>);
static_assert(!kFollowsLayout<Padded, BlockLayout::Scalar>); // there b follows a at once

struct Forgotten
{
    vec4 a;
    vec4 b;
};
SEDX_SHADER_LAYOUT(Forgotten, a)
static_assert(!kFollowsLayout<Forgotten, BlockLayout::Std140>);

struct OutOfOrder
{
    vec4 a;
    vec4 b;
};
SEDX_SHADER_LAYOUT(OutOfOrder, b, a)
static_assert(!kFollowsLayout<OutOfOrder, BlockLayout::Std140>);

static_assert(kFollowsArrayLayout<uint32_t, BlockLayout::Std430>);
static_assert(!kFollowsArrayLayout<uint32_t, BlockLayout::Std140>);
static_assert(!kFollowsArrayLayout<vec3, BlockLayout::Std430>);
static_assert(kFollowsArrayLayout<vec4, BlockLayout::Std140>);

// A vector of another library.
struct Foreign
{
    float data[3];
};
} // namespace sedx::test::layouts

template <>
struct sedx::ShaderVector<sedx::test::layouts::Foreign>
{
    using Scalar = float;
    static constexpr size_t kCount = 3;
};

namespace sedx::test::layouts
{
struct WithForeign
{
    Foreign a;
    float b;
    Foreign c;
};
SEDX_SHADER_LAYOUT(WithForeign, a, b, c)
static_assert(kFollowsLayout<WithForeign, BlockLayout::Std140>);

SEDX_SHADER_CONSTANT(uint, kShared, 7u)
static_assert(kShared == 7);

TEST(ShaderLayoutTest, PlacesMembersLikeTheShader)
{
    constexpr auto places = detail::PlacesOf<Vectors, BlockLayout::Std140>();
    EXPECT_EQ(places.shader, (std::array<size_t, 6>{0, 12, 16, 24, 32, 48}));
    EXPECT_EQ(places.whole.bytes, 112u);
    EXPECT_EQ(places.whole.alignment, 16u);
    constexpr auto matrices = detail::PlacesOf<SmallMatrix, BlockLayout::Std140>();
    EXPECT_EQ(matrices.shader, (std::array<size_t, 2>{0, 48}));
    EXPECT_EQ((detail::PlacesOf<Floats, BlockLayout::Std140>().whole.bytes), 64u);
    EXPECT_EQ((detail::PlacesOf<Floats, BlockLayout::Std430>().whole.bytes), 16u);
    EXPECT_EQ((detail::PlacesOf<Outer, BlockLayout::Std140>().shader[1]), 16u);
}
} // namespace sedx::test::layouts
