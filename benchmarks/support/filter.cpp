// A file of its own, because GCC 12 takes its own <regex> for faulty when it compiles for the address sanitizer.
#if defined(__GNUC__) && !defined(__clang__)
#    pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "support/filter.h"

#include "support/context.h"

#include <regex>

namespace bench
{
std::optional<std::vector<Scenario>> Select(std::span<const Scenario> scenarios, const std::string& expression)
{
    try
    {
        const std::regex regex(expression);
        std::vector<Scenario> selected;
        for (const Scenario& scenario : scenarios)
        {
            if (std::regex_search(scenario.name, regex))
                selected.push_back(scenario);
        }
        return selected;
    }
    catch (const std::regex_error&)
    {
        return std::nullopt;
    }
}
} // namespace bench
