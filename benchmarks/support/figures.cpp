#include "support/figures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bench
{
namespace
{
// Three digits that matter, never an exponent.
std::string Short(double value)
{
    const double size = std::abs(value);
    return fmt::format("{:.{}f}", value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4);
}

std::string Text(const Target& target, const std::string& unit)
{
    const char* sign = target.atMost ? "<=" : ">=";
    if (target.of == Target::Of::Ratio)
        return fmt::format("{} {:.3g}x", sign, target.bound);
    return fmt::format("{} {:.6g}{}{}", sign, target.bound, unit.empty() ? "" : " ", unit);
}

bool IsMet(const Target& target, const Figure& figure)
{
    const double value = target.of == Target::Of::Ratio ? figure.ratio : figure.value;
    return std::isfinite(value) && (target.atMost ? value <= target.bound : value >= target.bound);
}

constexpr size_t kColumns = 7;
using Row = std::array<std::string, kColumns>;

void Append(std::string& out, const Row& row, const std::array<size_t, kColumns>& widths)
{
    // Numbers to the right, words to the left.
    constexpr std::array<bool, kColumns> kRight{false, false, true, true, true, false, false};
    std::string line;
    for (size_t i = 0; i < kColumns; ++i)
        line += kRight[i] ? fmt::format("{:>{}}  ", row[i], widths[i]) : fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
}

nlohmann::json ToJson(const std::vector<Remark>& remarks)
{
    auto list = nlohmann::json::array();
    for (const Remark& remark : remarks)
        list.push_back({{"scenario", remark.scenario}, {"reason", remark.text}});
    return list;
}
} // namespace

const char* ToString(Verdict verdict) noexcept
{
    switch (verdict)
    {
    case Verdict::NoTarget: return "no target on this device";
    case Verdict::Met: return "met";
    case Verdict::NotMet: return "not met";
    }
    return "";
}

void Figures::Add(Figure figure)
{
    const auto& targets = m_info.software ? figure.targets.software : figure.targets.gpu;
    for (const Target& target : targets)
        figure.targetText += (figure.targetText.empty() ? "" : ", ") + Text(target, figure.unit);
    if (!targets.empty())
        figure.verdict = std::ranges::all_of(targets, [&](const Target& target) { return IsMet(target, figure); })
                             ? Verdict::Met
                             : Verdict::NotMet;
    m_figures.push_back(std::move(figure));
}

void Figures::AddSkipped(std::string scenario, std::string reason)
{
    m_skipped.push_back({std::move(scenario), std::move(reason)});
}

void Figures::AddFailure(std::string scenario, std::string reason)
{
    m_failures.push_back({std::move(scenario), std::move(reason)});
}

std::string Figures::Table() const
{
    std::vector<Row> rows{{"scenario", "figure", "value", "limit or baseline", "ratio", "target", ""}};
    for (const Figure& figure : m_figures)
    {
        const std::string unit = figure.unit.empty() ? "" : " " + figure.unit;
        rows.push_back({figure.scenario, figure.name, Short(figure.value) + unit,
                        figure.reference.empty()
                            ? ""
                            : fmt::format("{} {}{}", figure.reference, Short(figure.referenceValue), unit),
                        figure.ratio == 0 ? "" : Short(figure.ratio) + "x", figure.targetText,
                        figure.verdict == Verdict::NoTarget ? "-" : ToString(figure.verdict)});
    }
    std::array<size_t, kColumns> widths{};
    for (const Row& row : rows)
    {
        for (size_t i = 0; i < kColumns; ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }

    std::string out = fmt::format("{}{}, {} cores{}\n\n", m_info.device, m_info.software ? " (software)" : "",
                                  m_info.cores, m_info.quick ? ", quick" : "");
    for (const Row& row : rows)
    {
        Append(out, row, widths);
        if (&row == rows.data())
        {
            size_t width = 2 * (kColumns - 1);
            for (const size_t column : widths)
                width += column;
            out += std::string(width, '-') + '\n';
        }
    }
    const auto met = [this](Verdict verdict) { return std::ranges::count(m_figures, verdict, &Figure::verdict); };
    out += fmt::format("\ntargets on this device: {} met, {} not met; {} figures without\n", met(Verdict::Met),
                       met(Verdict::NotMet), met(Verdict::NoTarget));
    if (!m_info.optimised)
        out += "this is no release build, or one with checked mode: the figures mean nothing\n";
    for (const Figure& figure : m_figures)
    {
        if (!figure.note.empty())
            out += fmt::format("note: {}, {}: {}\n", figure.scenario, figure.name, figure.note);
    }
    for (const Remark& remark : m_skipped)
        out += fmt::format("skipped: {}: {}\n", remark.scenario, remark.text);
    for (const Remark& remark : m_failures)
        out += fmt::format("FAILED: {}: {}\n", remark.scenario, remark.text);
    return out;
}

std::string Figures::Json() const
{
    nlohmann::json json{{"device", m_info.device},
                        {"software", m_info.software},
                        {"quick", m_info.quick},
                        {"optimised", m_info.optimised},
                        {"cores", m_info.cores}};
    auto& list = json["figures"] = nlohmann::json::array();
    for (const Figure& figure : m_figures)
    {
        nlohmann::json item{{"scenario", figure.scenario}, {"name", figure.name},
                            {"unit", figure.unit},         {"value", figure.value},
                            {"target", figure.targetText}, {"verdict", ToString(figure.verdict)}};
        if (figure.largest > 0)
        {
            item["smallest"] = figure.smallest;
            item["largest"] = figure.largest;
        }
        if (!figure.reference.empty())
        {
            item["reference"] = figure.reference;
            item["reference_value"] = figure.referenceValue;
        }
        if (figure.ratio != 0)
            item["ratio"] = figure.ratio;
        if (!figure.note.empty())
            item["note"] = figure.note;
        list.push_back(std::move(item));
    }
    json["skipped"] = ToJson(m_skipped);
    json["failed"] = ToJson(m_failures);
    return json.dump(2) + "\n";
}
} // namespace bench
