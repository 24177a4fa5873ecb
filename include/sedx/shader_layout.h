// Whether a structure of C++ lies in memory as a shader's block expects it: asked by the compiler, before anything runs.
//
//     struct Light { vec3 position; float radius; vec3 color; float unused; };
//     SEDX_SHADER_LAYOUT(Light, position, radius, color, unused)            // same namespace, all members, in order
//
//     static_assert(sedx::kFollowsLayout<Light, sedx::BlockLayout::Std140>);
//
// GLSL puts members where std140 or std430 say, which is not where C++ puts them: a vec3 begins at a multiple of 16 bytes,
// and under std140 the elements of an array lie 16 bytes apart at least. What goes wrong most often:
//
//     struct Wrong { vec3 a; vec3 b; };       // b at byte 12 in C++, at 16 in the shader: does not follow
//     struct Wrong2 { float weights[4]; };    // 4 bytes apart in C++, 16 under std140 (and 4 under std430)
//     struct Right { vec4 a; vec4 b; vec4 weights; };
//
// UniformBuffer and StorageBuffer ask by themselves. Types: numbers of 1 to 8 bytes except bool, enumerations, arrays,
// declared structures, and classes that say what they are as those of GLM do: `value_type` and a static `length()` for
// vectors, `col_type` besides for matrices of columns. sedx/shader_types.h has such. For others specialise ShaderVector.
// Does NOT read shaders: that the members are the same ones, of the same types, one file for both sees to
// (sedx/shader_types.h). Needs a preprocessor that knows __VA_OPT__ (MSVC: /Zc:preprocessor).
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

namespace sedx
{
// Of a block in a shader. Matrices are of columns.
enum class BlockLayout : uint32_t
{
    Std140, // uniform blocks, if nothing else is said
    Std430, // storage blocks and push constants, if nothing else is said
    Scalar, // layout(scalar), with VK_EXT_scalar_block_layout (Vulkan 1.2): as C++ does it
};

// A vector of a library that does not say so itself:
//     template <> struct sedx::ShaderVector<MyVec3> { using Scalar = float; static constexpr size_t kCount = 3; };
template <class T>
struct ShaderVector;

namespace detail
{
template <class T>
struct LayoutMember // of a structure
{
    using Type = T;
    size_t offset = 0; // bytes, in C++
};

constexpr size_t RoundUp(size_t value, size_t unit) noexcept { return (value + unit - 1) / unit * unit; }
} // namespace detail

// Structures whose members were declared.
template <class T>
concept ShaderData = requires(const T* structure)
{
    SedxMembersOf(structure);
};

namespace detail
{
template <class T>
concept IsShaderScalar = (std::is_arithmetic_v<T> || std::is_enum_v<T>)&&!std::is_same_v<T, bool> && sizeof(T) <= 8;
template <class T>
concept IsDeclaredVector = requires
{
    typename ShaderVector<T>::Scalar;
};
template <class T>
concept IsMatrix = requires
{
    typename T::col_type;
    {
        T::length()
        } -> std::convertible_to<size_t>;
};
template <class T>
concept IsVector = !IsMatrix<T> && IsShaderScalar<typename T::value_type> && requires
{
    {
        T::length()
        } -> std::convertible_to<size_t>;
};

struct Placement
{
    size_t alignment = 1; // of its first byte
    size_t bytes = 0;     // that it takes; of structures and arrays with what is behind the last member
    bool fits = false;    // what is inside of it lies in C++ where it lies in the shader
};

constexpr Placement PlaceVector(BlockLayout layout, size_t scalarBytes, size_t count) noexcept
{
    const size_t units = layout == BlockLayout::Scalar || count == 1 ? 1 : count == 2 ? 2 : 4;
    return {units * scalarBytes, count * scalarBytes, true};
}
constexpr Placement PlaceArray(BlockLayout layout, Placement element, size_t elementBytes, size_t count) noexcept
{
    const size_t alignment = layout == BlockLayout::Std140 ? RoundUp(element.alignment, 16) : element.alignment;
    const size_t stride = RoundUp(element.bytes, alignment);
    return {alignment, stride * count, element.fits && (stride == elementBytes || count == 1)};
}

template <class T, BlockLayout layout>
constexpr Placement PlaceOf() noexcept;

// Where the members of a structure lie, in C++ and in the shader.
template <size_t kCount>
struct StructurePlaces
{
    std::array<size_t, kCount> host{};
    std::array<size_t, kCount> shader{};
    std::array<bool, kCount> fits{}; // what is inside of the member
    size_t hostEnd = 0;              // behind the last one
    Placement whole;
};

template <class T, BlockLayout layout>
constexpr auto PlacesOf() noexcept
{
    return std::apply(
        [](auto... members) {
            StructurePlaces<sizeof...(members)> places;
            size_t index = 0;
            size_t end = 0;
            const auto add = [&](Placement place, size_t hostOffset, size_t hostBytes) {
                places.whole.alignment = std::max(places.whole.alignment, place.alignment);
                places.host[index] = hostOffset;
                places.shader[index] = RoundUp(end, place.alignment);
                places.fits[index] = place.fits;
                end = places.shader[index] + place.bytes;
                places.hostEnd = hostOffset + hostBytes;
                ++index;
            };
            (add(PlaceOf<typename decltype(members)::Type, layout>(), members.offset,
                 sizeof(typename decltype(members)::Type)),
             ...);
            if (layout == BlockLayout::Std140)
                places.whole.alignment = RoundUp(places.whole.alignment, 16);
            places.whole.bytes = RoundUp(end, places.whole.alignment);
            // A member that nobody declared makes the structure longer.
            places.whole.fits = places.host == places.shader && sizeof(T) == RoundUp(places.hostEnd, alignof(T));
            for (const bool fits : places.fits)
                places.whole.fits = places.whole.fits && fits;
            return places;
        },
        SedxMembersOf(static_cast<const T*>(nullptr)));
}

template <class T>
struct ArrayOf // no array
{
    static constexpr size_t kCount = 0;
};
template <class T, size_t count>
struct ArrayOf<T[count]>
{
    using Element = T;
    static constexpr size_t kCount = count;
};
template <class T, size_t count>
struct ArrayOf<std::array<T, count>> : ArrayOf<T[count]>
{
};

template <class T>
inline constexpr bool kIsUnknown = true;

template <class T, BlockLayout layout>
constexpr Placement PlaceOf() noexcept
{
    if constexpr (IsShaderScalar<T>)
        return {sizeof(T), sizeof(T), true};
    else if constexpr (ArrayOf<T>::kCount != 0)
    {
        using Element = typename ArrayOf<T>::Element;
        Placement place = PlaceArray(layout, PlaceOf<Element, layout>(), sizeof(Element), ArrayOf<T>::kCount);
        place.fits = place.fits && place.bytes == sizeof(T);
        return place;
    }
    else if constexpr (ShaderData<T>)
    {
        Placement place = PlacesOf<T, layout>().whole;
        place.fits = place.fits && place.bytes == sizeof(T);
        return place;
    }
    else if constexpr (IsDeclaredVector<T>)
        return PlaceVector(layout, sizeof(typename ShaderVector<T>::Scalar), ShaderVector<T>::kCount);
    else if constexpr (IsMatrix<T>)
    {
        using Column = typename T::col_type;
        return PlaceArray(layout, PlaceOf<Column, layout>(), sizeof(Column), static_cast<size_t>(T::length()));
    }
    else if constexpr (IsVector<T>)
        return PlaceVector(layout, sizeof(typename T::value_type), static_cast<size_t>(T::length()));
    else
    {
        static_assert(!kIsUnknown<T>, "no type of shaders: declare it with SEDX_SHADER_LAYOUT or ShaderVector");
        return {};
    }
}

// In a message of the compiler the numbers say which member it is, counted from 0.
template <size_t index, size_t hostOffset, size_t shaderOffset, bool fitsInside>
constexpr bool CheckMember() noexcept
{
    static_assert(hostOffset == shaderOffset, "this member does not lie where the layout of the shader puts it");
    static_assert(fitsInside, "elements inside of this member lie closer together than in the layout of the shader");
    return hostOffset == shaderOffset && fitsInside;
}
template <class T, BlockLayout layout>
constexpr bool CheckBlock() noexcept
{
    static_assert(std::is_standard_layout_v<T>, "structures for shaders have no bases with members, and no privates");
    constexpr auto places = PlacesOf<T, layout>();
    const bool lie = []<size_t... index>(std::index_sequence<index...>)
    {
        constexpr auto known = PlacesOf<T, layout>();
        return (CheckMember<index, known.host[index], known.shader[index], known.fits[index]>() && ...);
    }
    (std::make_index_sequence<places.host.size()>());
    static_assert(sizeof(T) == RoundUp(places.hostEnd, alignof(T)),
                  "the last members were not declared with SEDX_SHADER_LAYOUT");
    return lie && places.whole.fits;
}
// Contents of a block of its own. Scalar is what C++ does: declaring the members is optional.
template <class T, BlockLayout layout>
constexpr bool CheckContents() noexcept
{
    if constexpr (ShaderData<T>)
        return CheckBlock<T, layout>();
    else
    {
        static_assert(layout == BlockLayout::Scalar,
                      "declare the members with SEDX_SHADER_LAYOUT, so that they can be compared with the layout");
        return layout == BlockLayout::Scalar;
    }
}
// Elements of the array in a block.
template <class T, BlockLayout layout>
constexpr bool CheckElements() noexcept
{
    if constexpr (ShaderData<T>)
    {
        static_assert(sizeof(T) == PlacesOf<T, layout>().whole.bytes,
                      "in an array the structures lie further apart in the shader: fill them up with a member");
        return CheckBlock<T, layout>() && sizeof(T) == PlacesOf<T, layout>().whole.bytes;
    }
    else if constexpr (layout == BlockLayout::Scalar)
        return true;
    else
        return PlaceOf<T[2], layout>().fits;
}
} // namespace detail

// The members lie where the layout puts them: T may be the contents of a block.
template <ShaderData T, BlockLayout layout>
inline constexpr bool kFollowsLayout = detail::PlacesOf<T, layout>().whole.fits;

// So do the elements of an array of T, with no more between them than C++ has. For numbers and vectors, too.
template <class T, BlockLayout layout>
inline constexpr bool kFollowsArrayLayout = detail::PlaceOf<T[2], layout>().fits;
} // namespace sedx

// Declares the members of a structure: all of them, in order. Once, in the namespace of the structure, outside of classes.
// Up to 250 members.
#define SEDX_SHADER_LAYOUT(Structure, ...)                                                                             \
    [[maybe_unused]] constexpr auto SedxMembersOf(const Structure*) noexcept                                           \
    {                                                                                                                  \
        return ::std::make_tuple(SEDX_DETAIL_EXPAND(SEDX_DETAIL_MEMBERS(Structure, __VA_ARGS__)));                     \
    }

#define SEDX_DETAIL_PARENS ()
#define SEDX_DETAIL_MEMBERS(Structure, member, ...)                                                                    \
    ::sedx::detail::LayoutMember<decltype(Structure::member)>{offsetof(Structure, member)} __VA_OPT__(                 \
        , SEDX_DETAIL_MEMBERS_AGAIN SEDX_DETAIL_PARENS(Structure, __VA_ARGS__))
#define SEDX_DETAIL_MEMBERS_AGAIN() SEDX_DETAIL_MEMBERS
#define SEDX_DETAIL_EXPAND(...)                                                                                        \
    SEDX_DETAIL_EXPAND3(SEDX_DETAIL_EXPAND3(SEDX_DETAIL_EXPAND3(SEDX_DETAIL_EXPAND3(__VA_ARGS__))))
#define SEDX_DETAIL_EXPAND3(...)                                                                                       \
    SEDX_DETAIL_EXPAND2(SEDX_DETAIL_EXPAND2(SEDX_DETAIL_EXPAND2(SEDX_DETAIL_EXPAND2(__VA_ARGS__))))
#define SEDX_DETAIL_EXPAND2(...)                                                                                       \
    SEDX_DETAIL_EXPAND1(SEDX_DETAIL_EXPAND1(SEDX_DETAIL_EXPAND1(SEDX_DETAIL_EXPAND1(__VA_ARGS__))))
#define SEDX_DETAIL_EXPAND1(...) __VA_ARGS__
