// AllocationModel: which bytes of which VkBuffer, and which device addresses, are taken; and what a desc demands of them.
// Part of the tests of suballocation.
#pragma once

#include "support/gpu_test.h"

#include <cmath>
#include <map>

namespace sedx::test
{
// What the device demands, asked of the driver and not of the library.
class DeviceAlignments
{
  public:
    explicit DeviceAlignments(const Device& device) : m_limits(device.Properties().limits) {}
    uint64_t Of(BufferUsage usage) const
    {
        uint64_t alignment = 4;
        const auto need = [&](BufferUsage bits, VkDeviceSize bytes) {
            if (Any(usage & bits))
                alignment = std::max<uint64_t>(alignment, bytes);
        };
        need(BufferUsage::Uniform, m_limits.minUniformBufferOffsetAlignment);
        need(BufferUsage::Storage | BufferUsage::Scratch, m_limits.minStorageBufferOffsetAlignment);
        need(BufferUsage::UniformTexel | BufferUsage::StorageTexel, m_limits.minTexelBufferOffsetAlignment);
        return alignment;
    }

  private:
    VkPhysicalDeviceLimits m_limits;
};

// Half-open ranges by their begin. False: overlaps one that is there.
class RangeSet
{
  public:
    bool Insert(uint64_t begin, uint64_t end)
    {
        const auto next = m_ranges.lower_bound(begin);
        if (next != m_ranges.end() && next->first < end)
            return false;
        if (next != m_ranges.begin() && std::prev(next)->second > begin)
            return false;
        m_ranges.emplace_hint(next, begin, end);
        return true;
    }
    void Erase(uint64_t begin) { m_ranges.erase(begin); }
    bool IsEmpty() const { return m_ranges.empty(); }

  private:
    std::map<uint64_t, uint64_t> m_ranges;
};

struct LiveBuffer
{
    Buffer buffer{};
    uint64_t alignment = 0;
    ResolvedBuffer place{}; // empty until it was resolved
};

class AllocationModel
{
  public:
    // `atom`: no two buffers may have bytes in the same piece of so many bytes.
    explicit AllocationModel(const Device& device, uint64_t atom = 1) : m_alignments(device), m_atom(atom) {}

    // The buffer was resolved: its place is checked and taken.
    testing::AssertionResult Add(LiveBuffer& live, const ResolvedBuffer& place)
    {
        const auto fail = [&] {
            return testing::AssertionFailure()
                   << "buffer of " << live.buffer.GetSize() << " bytes, usage " << std::hex
                   << static_cast<uint32_t>(live.buffer.Usage()) << std::dec << ", at byte " << place.offset << " of "
                   << place.buffer << ", address " << std::hex << place.address << std::dec << ": ";
        };
        const uint64_t bytes = live.buffer.GetSize();
        if (!place)
            return fail() << "not resolved";
        if (place.size != bytes)
            return fail() << "resolved as " << place.size << " bytes";
        const uint64_t alignment = std::max(m_alignments.Of(live.buffer.Usage()), live.alignment);
        if (place.offset % alignment != 0)
            return fail() << "the offset is no multiple of " << alignment;
        const bool wantsAddress = Any(live.buffer.Usage() & BufferUsage::DeviceAddress);
        if (wantsAddress != (place.address != 0))
            return fail() << (wantsAddress ? "no address" : "an address nobody asked for");
        if (place.address % std::min(alignment, kAddressAlignment) != 0)
            return fail() << "the address is no multiple of " << std::min(alignment, kAddressAlignment);
        if (!m_ranges[place.buffer].Insert(place.offset / m_atom * m_atom,
                                           (place.offset + bytes + m_atom - 1) / m_atom * m_atom))
            return fail() << "overlaps another live buffer in the same VkBuffer, or shares an atom with it";
        if (place.address != 0 && !m_addresses.Insert(place.address, place.address + bytes))
            return fail() << "the addresses overlap those of another live buffer";
        if (place.mapped != nullptr && !m_mapped.Insert(reinterpret_cast<uint64_t>(place.mapped),
                                                        reinterpret_cast<uint64_t>(place.mapped) + bytes))
            return fail() << "the mapped bytes overlap those of another live buffer";
        live.place = place;
        return testing::AssertionSuccess();
    }
    void Remove(const LiveBuffer& live)
    {
        if (!live.place)
            return;
        const auto found = m_ranges.find(live.place.buffer);
        found->second.Erase(live.place.offset / m_atom * m_atom);
        if (found->second.IsEmpty())
            m_ranges.erase(found);
        if (live.place.address != 0)
            m_addresses.Erase(live.place.address);
        if (live.place.mapped != nullptr)
            m_mapped.Erase(reinterpret_cast<uint64_t>(live.place.mapped));
    }
    size_t VkBuffers() const { return m_ranges.size(); }

    // The base address of a VkBuffer is the driver's choice: pages are all that is sure.
    static constexpr uint64_t kAddressAlignment = 4096;

  private:
    DeviceAlignments m_alignments;
    uint64_t m_atom;
    std::map<VkBuffer, RangeSet> m_ranges;
    RangeSet m_addresses;
    RangeSet m_mapped;
};

// Random descs as engines have them: sizes log-uniform from 1 byte to 2 MiB, now and then an alignment of their own.
class RandomDescs
{
  public:
    RandomDescs(Random& random, std::vector<MemoryType> memories) : m_random(random), m_memories(std::move(memories)) {}

    BufferDesc Next()
    {
        static constexpr std::array kUsages{BufferUsage::TransferSrc,
                                            BufferUsage::TransferDst,
                                            BufferUsage::Vertex,
                                            BufferUsage::Index,
                                            BufferUsage::Uniform,
                                            BufferUsage::Storage,
                                            BufferUsage::UniformTexel,
                                            BufferUsage::StorageTexel,
                                            BufferUsage::Indirect,
                                            BufferUsage::Scratch,
                                            BufferUsage::Vertex | BufferUsage::Storage | BufferUsage::Index};
        BufferDesc desc;
        const double exponent = static_cast<double>(m_random.Between(0, 21'000)) / 1000.0;
        desc.bytes = static_cast<uint64_t>(std::exp2(exponent));
        desc.usage = kUsages[m_random.Between(0, kUsages.size() - 1)];
        desc.memory = m_memories[m_random.Between(0, m_memories.size() - 1)];
        desc.priority = static_cast<BufferPriority>(m_random.Between(0, 2));
        desc.pinned = m_random.Chance(1, 8);
        if (m_random.Chance(1, 16))
            desc.alignment = uint64_t{1} << m_random.Between(0, 16);
        return desc;
    }

  private:
    Random& m_random;
    std::vector<MemoryType> m_memories;
};
} // namespace sedx::test
