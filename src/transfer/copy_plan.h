// CopyPlan: turns writes in call order into copy regions that do not overlap, as Vulkan demands. Later writes win, bytes
// that would be overwritten within a layer are not sent. Pure logic, no Vulkan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sedx
{
struct Block;

// Regions in one command: bounds the array that a driver or layer copies at once. No limit of Vulkan.
inline constexpr size_t kRegionsPerCommand = 65'536;

struct CopyOp
{
    uint64_t destination = 0; // bytes in the destination
    uint64_t source = 0;      // bytes in the block
    uint64_t bytes = 0;
    Block* block = nullptr;
};

// Copies that do not overlap, in any order.
using CopyLayer = std::vector<CopyOp>;

// What planning needs meanwhile; used again, because fresh pages cost more than sorting on them.
struct PlanScratch
{
    struct Key
    {
        uint64_t destination;
        uint32_t index;
    };
    std::vector<Key> keys;
    std::vector<Key> sorted;
};

// Writes to one destination, in call order.
class WriteList
{
  public:
    // Merges with the write before if both sides continue it.
    void Append(const CopyOp& op);
    // The same for many.
    void Append(std::vector<CopyOp> ops);
    bool IsEmpty() const noexcept { return m_ops.empty(); }

    // What to copy, layer after layer with a barrier between them. As a rule there is one layer; a second one keeps many
    // small writes from cutting a long one underneath them into as many pieces. Empties the list. `superseded` grows by
    // the bytes left out.
    std::vector<CopyLayer> TakePlan(PlanScratch& scratch, uint64_t& superseded);

  private:
    std::vector<CopyOp> m_ops;
    uint64_t m_end = 0;      // end of the last write
    bool m_ascending = true; // each write begins at or after the end of the one before: nothing can overlap
};
} // namespace sedx
