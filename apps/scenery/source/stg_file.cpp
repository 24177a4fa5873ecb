#include "stg_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace scenery
{
namespace
{

std::vector<std::string_view> SplitWords(std::string_view line)
{
    constexpr std::string_view kBlank = " \t\r\v\f";
    std::vector<std::string_view> words;
    std::size_t begin = line.find_first_not_of(kBlank);
    while (begin != std::string_view::npos)
    {
        const std::size_t end = std::min(line.find_first_of(kBlank, begin), line.size());
        words.push_back(line.substr(begin, end - begin));
        begin = line.find_first_not_of(kBlank, end);
    }
    return words;
}

bool ParseNumber(std::string_view word, double& value)
{
    if (word.starts_with('+'))
    {
        word.remove_prefix(1);
    }
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
    return code == std::errc{} && end == word.data() + word.size() && std::isfinite(value);
}

// Words: kind, model, longitude, latitude, elevation, heading, and perhaps pitch and roll.
bool ParseObject(const std::vector<std::string_view>& words, StgObject& object)
{
    if (words.size() < 6)
    {
        return false;
    }
    object.model = std::string(words[1]);
    object.shared = words[0] == "OBJECT_SHARED";
    const bool read =
        ParseNumber(words[2], object.place.longitudeDegrees) && ParseNumber(words[3], object.place.latitudeDegrees) &&
        ParseNumber(words[4], object.place.altitudeMeters) && ParseNumber(words[5], object.headingDegrees);
    if (words.size() >= 8)
    {
        double pitch = 0.0;
        double roll = 0.0;
        if (ParseNumber(words[6], pitch) && ParseNumber(words[7], roll))
        {
            object.pitchDegrees = pitch;
            object.rollDegrees = roll;
        }
    }
    return read && std::abs(object.place.longitudeDegrees) <= 360.0 && std::abs(object.place.latitudeDegrees) <= 90.0 &&
           std::abs(object.place.altitudeMeters) <= 1.0e6;
}

} // namespace

StgFile ParseStg(std::string_view text, const std::string& name)
{
    StgFile file;
    for (std::size_t lineNumber = 1; !text.empty(); ++lineNumber)
    {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const auto words = SplitWords(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (words.empty())
        {
            continue;
        }
        if (words[0] == "OBJECT_BASE" || words[0] == "OBJECT")
        {
            if (words.size() >= 2)
            {
                file.tiles.emplace_back(words[1]);
                continue;
            }
        }
        else if (words[0] == "OBJECT_SHARED" || words[0] == "OBJECT_STATIC")
        {
            if (StgObject object; ParseObject(words, object))
            {
                file.objects.push_back(std::move(object));
                continue;
            }
        }
        else
        {
            continue;
        }
        file.faults.push_back({fmt::format("Line {} of {} is not a complete {} entry.", lineNumber, name, words[0])});
    }
    return file;
}

} // namespace scenery
