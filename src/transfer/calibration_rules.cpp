#include "transfer/calibration_rules.h"

#include <algorithm>
#include <cmath>

namespace sedx
{
uint64_t CrossoverOf(std::span<const CostPair> costs, uint64_t most) noexcept
{
    double sum = 0;
    double best = 0;
    size_t count = 0; // so many from the front go by the candidate
    for (size_t i = 0; i < costs.size(); ++i)
    {
        sum += std::log(costs[i].other / costs[i].candidate);
        if (sum <= best)
            continue;
        best = sum;
        count = i + 1;
    }
    if (count == 0)
        return 0;
    if (count == costs.size())
        return most;
    // Between two of them both costs are taken for straight lines.
    const CostPair& below = costs[count - 1];
    const CostPair& above = costs[count];
    const double gain = std::max(0.0, below.other - below.candidate);
    const double loss = std::max(0.0, above.candidate - above.other);
    const double share = gain + loss > 0 ? gain / (gain + loss) : 0;
    return std::min(below.at + static_cast<uint64_t>(share * static_cast<double>(above.at - below.at)), most);
}

uint64_t FirstGoodSetting(std::span<const SettingRate> rates, double share, uint64_t otherwise) noexcept
{
    double best = 0;
    for (const SettingRate& rate : rates)
        best = std::max(best, rate.rate);
    for (const SettingRate& rate : rates)
        if (rate.rate > 0 && rate.rate >= share * best)
            return rate.setting;
    return otherwise;
}
} // namespace sedx
