#include "renderer/mip_chain.h"

#include <algorithm>

namespace scenery
{
namespace
{
// One texel from up to four; the last row or column of an odd size serves twice.
void AverageTexel(const uint8_t* source, const MipLevel& from, uint32_t x, uint32_t y, uint8_t* out)
{
    const uint32_t columns[2] = {std::min(2 * x, from.width - 1), std::min(2 * x + 1, from.width - 1)};
    const uint32_t rows[2] = {std::min(2 * y, from.height - 1), std::min(2 * y + 1, from.height - 1)};
    uint32_t weighted[3] = {};
    uint32_t plain[3] = {};
    uint32_t alpha = 0;
    for (const uint32_t row : rows)
    {
        for (const uint32_t column : columns)
        {
            const uint8_t* texel = source + (uint64_t{row} * from.width + column) * 4;
            for (int c = 0; c < 3; ++c)
            {
                weighted[c] += uint32_t{texel[c]} * texel[3];
                plain[c] += texel[c];
            }
            alpha += texel[3];
        }
    }
    for (int c = 0; c < 3; ++c)
        out[c] = static_cast<uint8_t>(alpha > 0 ? (weighted[c] + alpha / 2) / alpha : (plain[c] + 2) / 4);
    out[3] = static_cast<uint8_t>((alpha + 2) / 4);
}
} // namespace

MipChain MakeMipChain(const Image& image)
{
    MipChain chain;
    uint64_t bytes = 0;
    for (uint32_t width = image.width, height = image.height;;)
    {
        chain.levels.push_back({.width = width, .height = height, .bytesOffset = bytes});
        bytes += uint64_t{width} * height * 4;
        if (width == 1 && height == 1)
            break;
        width = std::max(width / 2, 1u);
        height = std::max(height / 2, 1u);
    }
    chain.rgba.resize(bytes);
    std::copy(image.rgba.begin(), image.rgba.end(), chain.rgba.begin());
    for (size_t i = 1; i < chain.levels.size(); ++i)
    {
        const MipLevel& from = chain.levels[i - 1];
        const MipLevel& to = chain.levels[i];
        const uint8_t* source = chain.rgba.data() + from.bytesOffset;
        uint8_t* out = chain.rgba.data() + to.bytesOffset;
        for (uint32_t y = 0; y < to.height; ++y)
        {
            for (uint32_t x = 0; x < to.width; ++x, out += 4)
                AverageTexel(source, from, x, y, out);
        }
    }
    return chain;
}
} // namespace scenery
