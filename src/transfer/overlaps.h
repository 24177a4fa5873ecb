// Overlaps: cuts writes until none covers a byte of another one, so that the newest keeps each byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sedx
{
struct CopyOp;

// What cutting needs meanwhile, and what it leaves behind. Used again.
struct OverlapScratch
{
    std::vector<size_t> run;
    std::vector<size_t> open;
    std::vector<CopyOp> pieces;
    std::vector<size_t> gone;  // writes of which nothing is left: 0 bytes
    std::vector<CopyOp> extra; // pieces beyond one for each write
    uint64_t superseded = 0;   // bytes left out
};

// Cuts runs of writes in place. Different runs may be cut by different threads with scratches of their own.
class OverlapCutter
{
  public:
    // `stamps`: of each write, the larger the newer; empty: all are the same. Among equals the one with the larger number is newer.
    OverlapCutter(std::span<CopyOp> ops, std::span<const uint64_t> stamps, OverlapScratch& scratch) noexcept
        : m_ops(ops), m_stamps(stamps), m_scratch(scratch)
    {
    }
    // `run`: numbers of writes by destination, equal ones in any order; they overlap only each other.
    void Cut(std::span<const size_t> run);

  private:
    bool IsNewer(size_t a, size_t b) const noexcept
    {
        if (!m_stamps.empty() && m_stamps[a] != m_stamps[b])
            return m_stamps[a] > m_stamps[b];
        return a > b;
    }
    void CutPair(size_t first, size_t second);
    void Sweep(std::span<const size_t> cluster);

    std::span<CopyOp> m_ops;
    std::span<const uint64_t> m_stamps;
    OverlapScratch& m_scratch;
};

// Takes out what is gone, and adds the extra pieces. The order changes. Empties both lists.
void CloseGaps(std::vector<CopyOp>& ops, OverlapScratch& scratch);
} // namespace sedx
