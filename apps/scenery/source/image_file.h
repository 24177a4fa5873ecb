// PNG files in and out, as 8-bit RGBA.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "scene_types.h"

namespace scenery
{

// Any PNG: palettes, grey and 16 bits are converted. Refuses pictures of more than 256 MiB of pixels.
Result<Image> ReadPng(const std::string& path);

// `rgba` holds width * height * 4 bytes, first row on top. Favours speed over size. The file is replaced.
Result<void> WritePng(const std::string& path, std::uint32_t width, std::uint32_t height,
                      std::span<const std::uint8_t> rgba);

} // namespace scenery
