// FlightGear's binary terrain format (BTG), parsed into plain arrays. Every index and length is checked: what comes
// out can be used without looking again. Points (lights) and per-vertex colours are left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <glm/vec2.hpp>
#include <glm/vec3.hpp>

#include "scene_types.h"

namespace scenery
{

struct BtgSphere
{
    glm::dvec3 center{0.0}; // ECEF metres
    float radius = 0.0F;
};

inline constexpr std::uint32_t kBtgNone = std::numeric_limits<std::uint32_t>::max();

// Indices into the arrays of BtgFile; kBtgNone where the file gives none.
struct BtgCorner
{
    std::uint32_t position = kBtgNone;
    std::uint32_t normal = kBtgNone;
    std::uint32_t texCoord = kBtgNone;

    bool operator==(const BtgCorner&) const = default;
};

struct BtgGroup
{
    std::string material;
    std::vector<BtgCorner> corners; // three for each triangle; strips and fans are unrolled
};

struct BtgFile
{
    BtgSphere sphere;
    std::vector<glm::vec3> positions; // relative to the sphere's centre, along the ECEF axes
    std::vector<glm::vec3> normals;   // ECEF axes
    std::vector<glm::vec2> texCoords;
    std::vector<BtgGroup> groups;
};

// `name` is what the sentence of an error calls the file.
Result<BtgFile> ParseBtg(std::span<const std::byte> bytes, const std::string& name);

// Only the bounding sphere, from the first bytes of a file.
Result<BtgSphere> ParseBtgSphere(std::span<const std::byte> start, const std::string& name);

} // namespace scenery
