#include "land_cover.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace scenery
{
namespace
{

struct Cover
{
    std::string_view name; // lower case
    std::uint32_t rgb;     // sRGB, 0xRRGGBB
    bool water = false;
};

// The names of FlightGear's materials.xml that occur in real scenery, seen from the air at noon.
constexpr Cover kCovers[] = {
    {"ocean", 0x1d4a72, true},
    {"lake", 0x2a5b7c, true},
    {"pond", 0x2f6079, true},
    {"reservoir", 0x2a5b7c, true},
    {"lagoon", 0x3b8491, true},
    {"estuary", 0x33697c, true},
    {"stream", 0x3a6f8a, true},
    {"intermittentstream", 0x6b7a6a},
    {"canal", 0x3d6c80, true},
    {"watercourse", 0x3a6f8a, true},
    {"marsh", 0x5a6b3c},
    {"bog", 0x5e6440},
    {"littoral", 0xb5a98a},
    {"default", 0x6f7a4a},
    {"grassland", 0x87914e},
    {"grass", 0x6f8f45},
    {"grasscover", 0x7d8f4a},
    {"golfcourse", 0x5f9a48},
    {"greenspace", 0x6a9250},
    {"herbtundra", 0x868060},
    {"heath", 0x7b7650},
    {"scrub", 0x6e7542},
    {"scrubcover", 0x6e7542},
    {"deciduousforest", 0x3f6130},
    {"evergreenforest", 0x2f5232},
    {"mixedforest", 0x375a30},
    {"rainforest", 0x2a5a2a},
    {"drycrop", 0xa7945a},
    {"irrcrop", 0x7f9a45},
    {"mixedcrop", 0x8f9652},
    {"naturalcrop", 0x8a9a55},
    {"cropgrass", 0x8d9350},
    {"orchard", 0x647e3a},
    {"cemetery", 0x7c9262},
    {"lava", 0x3f3634},
    {"rock", 0x756c62},
    {"gravel", 0x938b80},
    {"dirt", 0x8a6a4a},
    {"sand", 0xd8c69a},
    {"barren", 0x8f7f68},
    {"barrencover", 0x8f7f68},
    {"glacier", 0xe8f0f6},
    {"polarice", 0xe4eef4},
    {"packice", 0xdfeaf2},
    {"snow", 0xf2f5f8},
    {"urban", 0x8a8680},
    {"builtupcover", 0x8f8a80},
    {"suburban", 0x93937c},
    {"town", 0x99907f},
    {"industrial", 0x83807c},
    {"construction", 0x9c8b74},
    {"asphalt", 0x4d4d4f},
    {"road", 0x57565a},
    {"freeway", 0x4c4c50},
    {"railroad", 0x5b5148},
    {"airport", 0x7d8a52},
    {"grass_rwy", 0x74954a},
    {"dirt_rwy", 0x94754f},
    {"lakebed_taxiway", 0xb9ac8c},
    {"pa_tiedown", 0x545456},
    {"pc_tiedown", 0x9b9a94},
    {"pa_heli", 0x5a5a5c},
    {"pc_heli", 0x9f9e98},
};

// Runway and taxiway surfaces come in many pieces: pa_… is asphalt, pc_… concrete, lf_… painted lines.
constexpr Cover kPrefixes[] = {
    {"pa_shoulder", 0x5d5c58},
    {"pc_shoulder", 0x8d8b84},
    {"pa_", 0x48484a},
    {"pc_", 0x96948e},
    {"lf_sng_solid_yellow", 0xd9b832},
    {"lf_dbl_solid_yellow", 0xd9b832},
    {"lf_sng_broken_yellow", 0xd0b040},
    {"lf_runway_hold", 0xe0be30},
    {"lf_other_hold", 0xe0be30},
    {"lf_ils_hold", 0xe0be30},
    {"lf_", 0xdcdcd8},
};

Material MakeMaterial(std::string_view name, std::uint32_t rgb, bool water)
{
    const auto channel = [rgb](unsigned shift) { return static_cast<float>(rgb >> shift & 0xFFU) / 255.0F; };
    Material material;
    material.name = std::string(name);
    material.color = {channel(16), channel(8), channel(0), 1.0F};
    material.water = water;
    return material;
}

// FNV-1a, so that the tone is the same on every machine.
std::uint32_t EarthTone(std::string_view name)
{
    std::uint32_t hash = 2166136261U;
    for (const char letter : name)
    {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
    }
    const std::uint32_t red = 0x60 + (hash & 0x3FU);
    const std::uint32_t green = red - 0x08 - (hash >> 8 & 0x0FU) + (hash >> 12 & 0x0FU);
    const std::uint32_t blue = red - 0x20 - (hash >> 16 & 0x1FU);
    return red << 16 | green << 8 | blue;
}

} // namespace

Material LandCoverMaterial(std::string_view name)
{
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    for (const Cover& cover : kCovers)
    {
        if (lower == cover.name)
        {
            return MakeMaterial(name, cover.rgb, cover.water);
        }
    }
    for (const Cover& cover : kPrefixes)
    {
        if (std::string_view(lower).starts_with(cover.name))
        {
            return MakeMaterial(name, cover.rgb, cover.water);
        }
    }
    return MakeMaterial(name, EarthTone(lower), false);
}

} // namespace scenery
