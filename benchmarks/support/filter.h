// The regular expression that picks scenarios.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bench
{
struct Scenario;

// Those whose name the expression finds; nothing if it is no regular expression.
std::optional<std::vector<Scenario>> Select(std::span<const Scenario> scenarios, const std::string& expression);
} // namespace bench
