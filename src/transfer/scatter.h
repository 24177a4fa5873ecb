// Scatter: many short copies in one compute dispatch, through device addresses. A copy region costs the GPU as much as
// kilobytes do (docs/performance.md); an entry of a scatter table costs about what its bytes cost.
#pragma once

#include "buffer/block_pool.h"
#include "transfer/copy_plan.h"
#include "vulkan/kernels.h"

#include <sedx/transfer_path.h>
#include <sedx/transfer_profile.h>

#include <array>
#include <bit>
#include <cstring>
#include <vector>

namespace sedx
{
// Which way short writes take on one queue.
struct ScatterRules
{
    const Kernels* kernels = nullptr; // null: the shader is not used
    uint64_t maxBytes = 0;            // longer ones go another way
    uint64_t minWrites = 0;           // fewer at once do, too
    uint32_t laneBytes = 4;           // what one invocation copies, if there are enough of them
    uint32_t maxGroups = 65'535;      // maxComputeWorkGroupCount[0]

    // Whether the shader can carry this copy out. Blocks of staging may lack an address, too.
    bool Fits(const BufferMemory& destination, const CopyOp& op) const noexcept
    {
        return op.bytes <= maxBytes && destination.address != 0 && op.block->backing->memory.address != 0;
    }
};

// Rules for a device; a queue without compute gets none.
ScatterRules ScatterRulesOf(const DeviceState& device, uint32_t queue, TransferPath path,
                            const TransferProfile& profile) noexcept;

// The entries of one dispatch sequence, grouped by how many invocations share an entry. They are made in parts, each by one
// thread at a time: first all parts count their entries, then each puts the same ones in the same order.
class ScatterTable
{
    static constexpr uint32_t kEntryBytes = 20;
    static constexpr uint32_t kGroups = 7; // 1 .. 64 invocations for each entry

  public:
    class alignas(64) Part
    {
      public:
        explicit Part(uint32_t laneBytes) noexcept : m_laneBytes(laneBytes) {}
        void Count(uint64_t bytes) noexcept { ++m_counts[GroupOf(bytes)]; }
        void Put(VkDeviceAddress destination, VkDeviceAddress source, uint64_t bytes) noexcept
        {
            static_assert(std::endian::native == std::endian::little); // low words first
            const auto length = static_cast<uint32_t>(bytes);
            std::byte*& next = m_next[GroupOf(bytes)];
            std::memcpy(next, &destination, sizeof destination);
            std::memcpy(next + sizeof destination, &source, sizeof source);
            std::memcpy(next + sizeof destination + sizeof source, &length, sizeof length);
            next += kEntryBytes;
        }

      private:
        friend class ScatterTable;
        // As a rule the one of the entry before: writes of a kind come together.
        uint32_t GroupOf(uint64_t bytes) noexcept
        {
            if (bytes != m_lastBytes)
            {
                m_lastBytes = bytes;
                m_lastGroup = FindGroup(bytes);
            }
            return m_lastGroup;
        }
        uint32_t FindGroup(uint64_t bytes) const noexcept;
        uint32_t m_laneBytes;
        uint32_t m_lastGroup = 0;
        uint64_t m_lastBytes = 0;
        std::array<uint64_t, kGroups> m_counts{};
        std::array<std::byte*, kGroups> m_next{};
    };

    explicit ScatterTable(const ScatterRules& rules, size_t parts = 1) : m_parts(parts, Part(rules.laneBytes)) {}

    Part& operator[](size_t part) noexcept { return m_parts[part]; }
    // After counting.
    uint64_t Count() const noexcept;
    uint64_t BytesNeeded() const noexcept { return Count() * kEntryBytes; }
    // `mapped`: BytesNeeded() long, where entries are put.
    void Begin(std::byte* mapped) noexcept;
    // `address`: of `mapped`. Leaves the compute pipeline and push constants changed.
    void Record(const DeviceDispatch& vk, VkCommandBuffer cmd, const ScatterRules& rules,
                VkDeviceAddress address) const;

  private:
    uint64_t CountOf(uint32_t group) const noexcept;
    std::vector<Part> m_parts;
};
} // namespace sedx
