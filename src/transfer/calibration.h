// Calibration: finds a TransferProfile by measuring on the device. See docs/transfers.md for what is measured and how long.
#pragma once

#include "transfer/calibration_bench.h"
#include "transfer/profile_file.h"

namespace sedx
{
// Of a device as the library uses it on this machine: what a stored profile must have been measured on.
ProfileIdentity IdentityOf(const DeviceState& device);

// When to stop measuring again. What is measured once, always is: there is a bound on that by its number.
class CalibrationClock
{
  public:
    bool IsOver(uint64_t ns) const noexcept
    {
        return std::chrono::steady_clock::now() - m_begin >= std::chrono::nanoseconds(ns);
    }
    double Ms() const noexcept
    {
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - m_begin).count();
    }

  private:
    std::chrono::steady_clock::time_point m_begin = std::chrono::steady_clock::now();
};

// Measures. Starts from `profile`, which keeps what cannot be measured here. The caller holds the mutex of submissions, and
// nothing else of the library submits meanwhile.
Result<TransferProfile> MeasureProfile(BufferCore& core, const TransferProfile& profile);

// Its three parts, in this order. On an error the profile is of no use.
Result<void> MeasureShortWrites(CalibrationBench& bench, const CalibrationClock& clock, TransferProfile& profile);
Result<void> MeasureBulk(CalibrationBench& bench, const CalibrationClock& clock, TransferProfile& profile);
Result<void> MeasureCopies(CalibrationBench& bench, const CalibrationClock& clock, TransferProfile& profile);
} // namespace sedx
