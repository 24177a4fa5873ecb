#include "model_xml.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace scenery
{
namespace
{

std::string_view Trim(std::string_view text)
{
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlank);
    return begin == std::string_view::npos ? std::string_view{}
                                           : text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

float NumberOr(std::string_view text, float otherwise)
{
    float value = otherwise;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return std::isfinite(value) ? value : otherwise;
}

// Walks the tags and keeps the path of open elements, such as "model/offsets/x-m".
class Scanner
{
  public:
    explicit Scanner(std::string_view text) : m_text(text) {}

    ModelXml Scan()
    {
        while (true)
        {
            const std::size_t open = m_text.find('<');
            if (open == std::string_view::npos)
            {
                break;
            }
            const std::string_view before = Trim(m_text.substr(0, open));
            m_text.remove_prefix(open);
            if (SkipPast("<!--", "-->") || SkipPast("<?", "?>") || SkipPast("<!", ">"))
            {
                continue;
            }
            const std::size_t close = m_text.find('>');
            if (close == std::string_view::npos)
            {
                break;
            }
            HandleTag(m_text.substr(1, close - 1), before);
            m_text.remove_prefix(close + 1);
        }
        if (!m_main.path.empty())
        {
            m_result.parts.insert(m_result.parts.begin(), m_main);
        }
        return std::move(m_result);
    }

  private:
    bool SkipPast(std::string_view begin, std::string_view end)
    {
        if (!m_text.starts_with(begin))
        {
            return false;
        }
        const std::size_t at = m_text.find(end);
        m_text.remove_prefix(at == std::string_view::npos ? m_text.size() : at + end.size());
        return true;
    }

    void HandleTag(std::string_view tag, std::string_view textBefore)
    {
        if (tag.starts_with('/'))
        {
            CloseElement(textBefore);
        }
        else if (!tag.ends_with('/'))
        {
            OpenElement(tag.substr(0, tag.find_first_of(" \t\r\n")));
        }
    }

    void OpenElement(std::string_view name)
    {
        m_open.push_back(name);
        if (Inside({"model"}))
        {
            m_nested = {};
        }
        m_result.particles = m_result.particles || Inside({"particlesystem"});
    }

    void CloseElement(std::string_view text)
    {
        if (m_open.empty())
        {
            return;
        }
        TakeValue(m_main, {}, text);
        TakeValue(m_nested, {"model"}, text);
        if (Inside({"model"}) && !m_nested.path.empty())
        {
            m_result.parts.push_back(m_nested);
        }
        m_open.pop_back();
    }

    // Below the root element, the open elements are `prefix` and then the place of one of a part's values.
    void TakeValue(ModelPart& part, std::vector<std::string_view> prefix, std::string_view text)
    {
        const auto at = [&](std::initializer_list<std::string_view> rest) {
            std::vector<std::string_view> full = prefix;
            full.insert(full.end(), rest);
            return Inside(full);
        };
        if (at({"path"}))
        {
            part.path = std::string(text);
        }
        else if (at({"offsets", "x-m"}))
        {
            part.offsetMeters.x = NumberOr(text, 0.0F);
        }
        else if (at({"offsets", "y-m"}))
        {
            part.offsetMeters.y = NumberOr(text, 0.0F);
        }
        else if (at({"offsets", "z-m"}))
        {
            part.offsetMeters.z = NumberOr(text, 0.0F);
        }
        else if (at({"offsets", "heading-deg"}))
        {
            part.headingDegrees = NumberOr(text, 0.0F);
        }
    }

    bool Inside(const std::vector<std::string_view>& names) const
    {
        return m_open.size() == names.size() + 1 && std::equal(names.begin(), names.end(), m_open.begin() + 1);
    }

    std::string_view m_text;
    std::vector<std::string_view> m_open; // root element first
    ModelPart m_main;
    ModelPart m_nested;
    ModelXml m_result;
};

} // namespace

ModelXml ParseModelXml(std::string_view text) { return Scanner(text).Scan(); }

} // namespace scenery
