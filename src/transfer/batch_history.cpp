#include "transfer/batch_history.h"

#include <fmt/format.h>

namespace sedx
{
namespace
{
std::string WithCommas(uint64_t number)
{
    std::string digits = std::to_string(number);
    for (size_t at = digits.size(); at > 3;)
        digits.insert(at -= 3, ",");
    return digits;
}

std::string Because(RegionReason reason, const BatchStats& stats)
{
    switch (reason)
    {
    case RegionReason::Asked: return "as TransferPath demands";
    case RegionReason::NoShader: return "the scatter shader cannot run or is not worth it";
    case RegionReason::Long: return fmt::format("longer than {} bytes", WithCommas(stats.scatterMaxBytes));
    case RegionReason::Imported: return "from imported memory";
    case RegionReason::NoAddress: return "the buffer has no device address";
    case RegionReason::Few: return fmt::format("fewer than {} at once", WithCommas(stats.scatterMinWrites));
    case RegionReason::NoTable: return "no staging was left for the shader's table";
    case RegionReason::Count: break;
    }
    return "unknown RegionReason";
}
} // namespace

void BatchHistory::Add(const BatchSummary& summary)
{
    m_summaries.push_back(summary);
    if (m_summaries.size() > kKept)
        m_summaries.pop_front();
}

std::vector<BatchSummary> BatchHistory::Find(uint64_t first, uint64_t last) const
{
    std::vector<BatchSummary> found;
    for (const BatchSummary& summary : m_summaries)
        if (summary.number >= first && summary.number <= last)
            found.push_back(summary);
    return found;
}

std::string DescribeWork(const std::vector<BatchSummary>& summaries)
{
    BatchStats sum;
    for (const BatchSummary& summary : summaries)
    {
        const BatchStats& stats = summary.stats;
        sum.scatteredCopies += stats.scatteredCopies;
        sum.inlinedCopies += stats.inlinedCopies;
        sum.imageRegions += stats.imageRegions;
        sum.reads += stats.reads;
        sum.moves.copiesByCommand += stats.moves.copiesByCommand;
        sum.moves.copiesByShader += stats.moves.copiesByShader;
        for (size_t i = 0; i < sum.regions.size(); ++i)
            sum.regions[i] += stats.regions[i];
        sum.scatterMaxBytes = stats.scatterMaxBytes;
        sum.scatterMinWrites = stats.scatterMinWrites;
    }
    std::string text;
    const auto add = [&text](uint64_t count, const char* one, const char* many, const std::string& how) {
        if (count == 0)
            return;
        text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", WithCommas(count), count == 1 ? one : many, how);
    };
    add(sum.scatteredCopies, "write", "writes", " by the scatter shader");
    add(sum.inlinedCopies, "write", "writes", " inside of the command buffer (vkCmdUpdateBuffer)");
    for (size_t i = 0; i < sum.regions.size(); ++i)
        add(sum.regions[i], "write", "writes",
            fmt::format(" by copy regions ({})", Because(static_cast<RegionReason>(i), sum)));
    add(sum.imageRegions, "image copy", "image copies", "");
    add(sum.moves.copiesByShader, "copy", "copies", " on the device by the copy shader");
    add(sum.moves.copiesByCommand, "copy", "copies", " on the device by the copy command");
    add(sum.reads, "read-back", "read-backs", "");
    return text.empty() ? "no copies" : text;
}
} // namespace sedx
