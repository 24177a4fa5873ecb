// Wall-clock times of frames and what is said about them.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace scenery
{
class FrameTimes
{
  public:
    void Add(double milliseconds) { m_times.push_back(milliseconds); }

    bool IsEmpty() const { return m_times.empty(); }

    // Nearest rank: the smallest time that a share of `q` of all frames does not exceed. 0 without frames.
    double Quantile(double q) const
    {
        if (m_times.empty())
            return 0.0;
        std::vector<double> sorted = m_times;
        std::sort(sorted.begin(), sorted.end());
        const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(sorted.size())));
        return sorted[std::clamp<size_t>(rank, 1, sorted.size()) - 1];
    }

  private:
    std::vector<double> m_times;
};
} // namespace scenery
