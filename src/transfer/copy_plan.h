// CopyPlan: turns writes in call order into copy regions that do not overlap, as Vulkan demands. Later writes win, bytes
// that would be overwritten within a layer are not sent. Pure logic, no Vulkan.
#pragma once

#include "transfer/copy_op.h"
#include "transfer/keep_newest.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace sedx
{
// Regions in one command: bounds the array that a driver or layer copies at once. No limit of Vulkan.
inline constexpr size_t kRegionsPerCommand = 65'536;

// What to copy, layer after layer with a barrier between them. As a rule there is one layer; further ones keep many small
// writes from cutting a long one underneath them into as many pieces.
struct CopyPlan
{
    CopyLayer first;
    std::vector<CopyLayer> above;
};

// What is known of writes without looking at them again.
struct WriteShape
{
    uint64_t first = 0;      // destination of the first write
    uint64_t varying = 0;    // bits in which the destinations of others differ from it
    uint64_t longest = 0;    // bytes; 0: there are no writes
    uint64_t end = 0;        // of the last write
    uint64_t latest = 0;     // stamp
    bool isAscending = true; // each write begins at or after the end of the one before: nothing can overlap
    bool isInOrder = true;   // stamps never go down: this is call order
    bool continues = false;  // a write continues the one before it, but has another stamp

    void Note(const CopyOp& op) noexcept // a further write
    {
        if (longest == 0)
            first = op.destination;
        varying |= op.destination ^ first;
        isAscending &= op.destination >= end;
        NoteLonger(op);
    }
    void NoteLonger(const CopyOp& last) noexcept // the last one has become longer
    {
        longest = std::max(longest, last.bytes);
        end = last.destination + last.bytes;
    }
    void Note(const WriteShape& later) noexcept // further writes, without stamps
    {
        if (later.longest == 0)
            return;
        if (longest == 0)
            first = later.first;
        varying |= later.varying | (first ^ later.first);
        isAscending &= later.isAscending && later.first >= end;
        longest = std::max(longest, later.longest);
        end = later.end;
    }
};

WriteShape ShapeOf(std::span<const CopyOp> ops) noexcept; // not stamped

// Writes to one destination. None is empty.
class WriteList
{
  public:
    // After all that the list has. Merges with the write before if both sides continue it.
    void Append(const CopyOp& op) { Append(op, m_shape.latest); }
    // The same for many, of which neighbours are merged already; an empty list takes their memory over. `shape`: theirs.
    void Append(std::vector<CopyOp> ops, const WriteShape& shape);
    void Append(std::vector<CopyOp> ops)
    {
        const WriteShape shape = ShapeOf(ops);
        Append(std::move(ops), shape);
    }
    // Not in call order: where writes overlap, the largest stamp wins, and the one appended last among equal stamps. 0 is
    // before everything stamped.
    void Append(const CopyOp& op, uint64_t stamp);
    // The same for many; without stamps theirs is 0.
    void Append(std::span<const CopyOp> ops, std::span<const uint64_t> stamps);
    // Of an empty list: where its writes will lie. Whatever it holds means nothing.
    void UseMemory(std::vector<CopyOp> memory) noexcept
    {
        m_ops.swap(memory);
        m_ops.clear();
    }
    bool IsEmpty() const noexcept { return m_ops.empty(); }
    size_t Size() const noexcept { return m_ops.size(); }
    std::span<const CopyOp> Ops() const noexcept { return m_ops; } // they may overlap

    // Empties the list. `superseded` grows by the bytes left out. `workers` help with many writes; null: the caller alone.
    CopyPlan TakePlan(PlanScratch& scratch, uint64_t& superseded, CopyWorkers* workers = nullptr);

  private:
    std::vector<CopyOp> m_ops;
    std::vector<uint64_t> m_stamps; // of each write; empty: all are 0
    WriteShape m_shape;
};
} // namespace sedx
