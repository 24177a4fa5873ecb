// Scatter: many short copies in one compute dispatch, through device addresses. A copy region costs the GPU as much as
// kilobytes do (docs/performance.md); an entry of a scatter table costs about what its bytes cost.
#pragma once

#include "transfer/copy_plan.h"
#include "vulkan/kernels.h"

#include <sedx/transfer_path.h>
#include <sedx/transfer_profile.h>

namespace sedx
{
struct Slice;

// Which way short writes take on one queue.
struct ScatterRules
{
    const Kernels* kernels = nullptr; // null: the shader is not used
    uint64_t maxBytes = 0;            // longer ones go another way
    uint64_t minWrites = 0;           // fewer at once do, too
    uint32_t laneBytes = 4;           // what one invocation copies, if there are enough of them
    uint32_t maxGroups = 65'535;      // maxComputeWorkGroupCount[0]
};

// Rules for a device; a queue without compute gets none.
ScatterRules ScatterRulesOf(const DeviceState& device, uint32_t queue, TransferPath path,
                            const TransferProfile& profile) noexcept;

// The entries of one dispatch sequence, grouped by how many invocations share an entry.
class ScatterTable
{
  public:
    explicit ScatterTable(const ScatterRules& rules) noexcept : m_laneBytes(rules.laneBytes) {}

    // First all entries are counted, then they are put into `mapped`, BytesNeeded() long, in the same order.
    void Count(uint64_t bytes) noexcept { ++m_groups[GroupOf(bytes)].count; }
    uint64_t BytesNeeded() const noexcept;
    void Begin(std::byte* mapped) noexcept;
    void Put(VkDeviceAddress destination, VkDeviceAddress source, uint64_t bytes) noexcept;
    // `address`: of `mapped`. Leaves the compute pipeline and push constants changed.
    void Record(const DeviceDispatch& vk, VkCommandBuffer cmd, const ScatterRules& rules,
                VkDeviceAddress address) const;

  private:
    static constexpr uint32_t kEntryBytes = 20;
    static constexpr uint32_t kGroups = 7; // 1 .. 64 invocations for each entry
    uint32_t GroupOf(uint64_t bytes) const noexcept;
    struct Group
    {
        uint64_t count = 0;
        uint64_t first = 0; // bytes from the begin of the table
        std::byte* next = nullptr;
    };
    uint32_t m_laneBytes;
    std::array<Group, kGroups> m_groups;
};
} // namespace sedx
