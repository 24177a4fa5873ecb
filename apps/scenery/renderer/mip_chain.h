// Smaller copies of a picture for textures, made on the CPU.
#pragma once

#include "source/scene_types.h"

#include <vector>

namespace scenery
{
struct MipLevel
{
    uint32_t width = 0;
    uint32_t height = 0;
    uint64_t bytesOffset = 0; // in MipChain::rgba
};

struct MipChain
{
    std::vector<MipLevel> levels; // the picture itself first, down to 1x1
    std::vector<uint8_t> rgba;
};

// Box filter, weighted by alpha so that the colour of transparent texels does not bleed.
MipChain MakeMipChain(const Image& image);
} // namespace scenery
