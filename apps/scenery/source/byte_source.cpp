#include "byte_source.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <zlib.h>

namespace scenery
{
namespace
{

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30;
constexpr std::size_t kChunkBytes = std::size_t{256} << 10;

tl::unexpected<SceneError> Fail(std::string message) { return tl::make_unexpected(SceneError{std::move(message)}); }

} // namespace

Result<std::vector<std::byte>> ReadGzipStart(const std::string& path, std::size_t maxBytes)
{
    errno = 0;
    gzFile file = gzopen(path.c_str(), "rb");
    if (file == nullptr)
    {
        return Fail(fmt::format("{} cannot be opened: {}.", path, std::strerror(errno)));
    }
    std::vector<std::byte> bytes;
    int got = 0;
    do
    {
        const std::size_t used = bytes.size();
        const std::size_t want = std::min(kChunkBytes, maxBytes - used);
        bytes.resize(used + want);
        got = want == 0 ? 0 : gzread(file, bytes.data() + used, static_cast<unsigned>(want));
        bytes.resize(used + static_cast<std::size_t>(std::max(got, 0)));
    }
    while (got > 0);

    const bool full = bytes.size() == maxBytes;
    std::string reason;
    if (got < 0)
    {
        int code = Z_OK;
        const char* text = gzerror(file, &code);
        reason = code == Z_ERRNO ? std::strerror(errno) : (code == Z_BUF_ERROR ? "it is truncated" : text);
    }
    // The close is what tells of a stream that ends in its middle.
    if (gzclose(file) == Z_BUF_ERROR && !full && reason.empty())
    {
        reason = "it is truncated";
    }
    if (!reason.empty())
    {
        return Fail(fmt::format("{} cannot be unpacked: {}.", path, reason));
    }
    return bytes;
}

Result<std::vector<std::byte>> ReadGzipFile(const std::string& path)
{
    auto bytes = ReadGzipStart(path, kMaxFileBytes);
    if (bytes && bytes->size() == kMaxFileBytes)
    {
        return Fail(fmt::format("{} unpacks to more than {} MiB.", path, kMaxFileBytes >> 20));
    }
    return bytes;
}

Result<std::string> ReadTextFile(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file)
    {
        return Fail(fmt::format("{} cannot be opened: {}.", path, std::strerror(errno)));
    }
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (file.bad())
    {
        return Fail(fmt::format("{} cannot be read.", path));
    }
    return text;
}

} // namespace scenery
