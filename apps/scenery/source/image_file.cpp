#include "image_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <png.h>

namespace scenery
{
namespace
{

constexpr std::uint64_t kMaxImageBytes = 256ULL << 20;

struct CloseFile
{
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// Frees what libpng holds on every way out.
struct PngImage
{
    PngImage() { image.version = PNG_IMAGE_VERSION; }
    ~PngImage() { png_image_free(&image); }
    PngImage(const PngImage&) = delete;
    PngImage& operator=(const PngImage&) = delete;

    png_image image{};
};

tl::unexpected<SceneError> Fail(std::string message) { return tl::make_unexpected(SceneError{std::move(message)}); }

} // namespace

Result<Image> ReadPng(const std::string& path)
{
    const File file(std::fopen(path.c_str(), "rb"));
    if (!file)
    {
        return Fail(fmt::format("The image {} cannot be opened: {}.", path, std::strerror(errno)));
    }
    PngImage png;
    if (png_image_begin_read_from_stdio(&png.image, file.get()) == 0)
    {
        return Fail(fmt::format("The image {} is not a PNG that can be read: {}.", path, png.image.message));
    }
    png.image.format = PNG_FORMAT_RGBA;
    const std::uint64_t bytes = std::uint64_t{png.image.width} * png.image.height * 4;
    if (bytes > kMaxImageBytes)
    {
        return Fail(fmt::format("The image {} claims {} x {} pixels, more than the {} MiB allowed.", path,
                                png.image.width, png.image.height, kMaxImageBytes >> 20));
    }
    Image result{png.image.width, png.image.height, std::vector<std::uint8_t>(bytes)};
    if (png_image_finish_read(&png.image, nullptr, result.rgba.data(), 0, nullptr) == 0)
    {
        return Fail(fmt::format("The image {} is damaged: {}.", path, png.image.message));
    }
    return result;
}

Result<void> WritePng(const std::string& path, std::uint32_t width, std::uint32_t height,
                      std::span<const std::uint8_t> rgba)
{
    const std::uint64_t bytes = std::uint64_t{width} * height * 4;
    if (bytes == 0 || bytes > kMaxImageBytes || rgba.size() != bytes)
    {
        return Fail(fmt::format("The image {} cannot be written: {} x {} pixels do not match {} bytes.", path, width,
                                height, rgba.size()));
    }
    PngImage png;
    png.image.width = width;
    png.image.height = height;
    png.image.format = PNG_FORMAT_RGBA;
    png.image.flags = PNG_IMAGE_FLAG_FAST;
    if (png_image_write_to_file(&png.image, path.c_str(), 0, rgba.data(), 0, nullptr) == 0)
    {
        return Fail(fmt::format("The image {} cannot be written: {}.", path, png.image.message));
    }
    return {};
}

} // namespace scenery
