// The things that stand on the built-in island, made from boxes, cones and balls. Their buffers are sized as those of
// real scenery: most are tiny, a few are large.
#pragma once

#include <cstdint>

#include "scene_types.h"

namespace scenery
{

inline constexpr std::uint32_t kIslandModels = 60;

enum class IslandModelKind
{
    Tree,
    Rock,
    House,
    Tower,
    Hall // large and detailed
};

IslandModelKind IslandModelKindOf(std::uint32_t index);

// Stands on z = 0, in metres.
Mesh MakeIslandModel(std::uint32_t index);

} // namespace scenery
