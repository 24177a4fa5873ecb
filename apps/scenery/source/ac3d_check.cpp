#include "ac3d_check.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

namespace scenery
{
namespace
{

std::string_view TakeLine(std::string_view& text)
{
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line;
}

// The number after a keyword, such as "numvert 12".
std::optional<std::int64_t> NumberAfter(std::string_view line, std::string_view keyword)
{
    if (!line.starts_with(keyword))
    {
        return std::nullopt;
    }
    line.remove_prefix(keyword.size());
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    std::int64_t value = 0;
    return std::from_chars(line.data(), line.data() + line.size(), value).ec == std::errc{} ? std::optional(value)
                                                                                            : std::nullopt;
}

} // namespace

std::optional<std::string> FindAc3dFault(std::string_view text)
{
    std::int64_t vertexCount = 0;
    while (!text.empty())
    {
        const std::string_view line = TakeLine(text);
        if (line.starts_with("OBJECT "))
        {
            vertexCount = 0;
        }
        else if (const auto vertices = NumberAfter(line, "numvert "))
        {
            vertexCount = *vertices;
        }
        else if (const auto bytes = NumberAfter(line, "data "))
        {
            // Free text of that length, which may look like anything.
            text.remove_prefix(std::min(static_cast<std::size_t>(std::max<std::int64_t>(*bytes, 0)), text.size()));
        }
        else if (const auto references = NumberAfter(line, "refs "))
        {
            for (std::int64_t i = 0; i < *references && !text.empty(); ++i)
            {
                const auto index = NumberAfter(TakeLine(text), "");
                if (index && (*index < 0 || *index >= vertexCount))
                {
                    return fmt::format("has a face with vertex index {} of {}", *index, vertexCount);
                }
            }
        }
    }
    return std::nullopt;
}

} // namespace scenery
